/** What is known of a sender: script replies, API responses and gauges share these types. */

export type SenderState = 'active' | 'paused' | 'stopped'

/** Counts of one sender, as inspect-sender.lua returns them. */
export interface SenderCounts {
  queued: number
  /** Queued messages whose ready time has come. */
  due: number
  inFlight: number
  scheduled: number
  /** Messages of unknown outcome. */
  unknown: number
  /** Failures that wait for their next retry. */
  retrying: number
  sentLast24h: number
  /** Recipients whose pair rate delays their next message. */
  activeRateLimits: number
  unsettled: number
  hasWorker: boolean
}

/** State, rules and counts of one sender, as the API returns them. */
export interface SenderView extends SenderCounts {
  id: string
  state: SenderState
  reason: string | null
  resumesAt: string | null
  rules: { pairIntervalMs: number, pairBurst: number, perSecond: number, maxInFlight: number, version: number }
  failures: { pending: number, resolved: number, failed: number }
  oldestDueSeconds: number
}

/** The same with what only the metrics show. */
export interface SenderFacts extends SenderView {
  /** How long due messages have had no drain run; 0 if one is running or none is due. */
  unattendedSeconds: number
  /** FAILED in the last 24 h and not acknowledged, by reason. */
  unacknowledged: Record<'rejected' | 'exhausted' | 'expired' | 'unknown', number>
  /** Undelivered callbacks, and the age of the oldest one. */
  callbacks: { waiting: number, oldestSeconds: number }
}
