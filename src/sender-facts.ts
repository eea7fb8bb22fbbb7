/** What is known of a sender: script replies, API responses and gauges share these types. */

export const senderStates = ['active', 'paused', 'stopped'] as const
export type SenderState = typeof senderStates[number]
/** Of the circuit breaker. `half-open`: WhatsApp works again, and the backlog is sent in stages. */
export const circuitStates = ['closed', 'open', 'half-open'] as const
export type CircuitState = typeof circuitStates[number]

/** Why a sender has its rate: its rule, the known limit of its number, or less since WhatsApp rejected faster sending. */
export type RateReason = 'rule' | 'ceiling' | 'rejected'
/** What WhatsApp says of the messages per second of a number. `COEXISTENCE`: it is also used in the WhatsApp Business app. */
export type ThroughputLevel = 'STANDARD' | 'HIGH' | 'COEXISTENCE'

/** Of all templates of a sender. `stopped`: their messages wait. `ending`: they return to their queues. */
export type TemplateStopState = 'active' | 'stopped' | 'ending'

/** `off`: not checked. `collecting`: webhooks have not come for a day yet, or some may be missing. `known`: a window that is not open is closed. */
export type WindowState = 'off' | 'collecting' | 'known'

/**
 * Of the lane `bulk`. `off`: statuses are not watched. `collecting`: none has come for a day, so nothing is held. `active`: it is sent. `held`:
 * WhatsApp reports no status of most messages, and only probes of the lane are sent.
 */
export type BulkState = 'off' | 'collecting' | 'active' | 'held'

/** What WhatsApp says of the number, its account and its business. `limited`: some messages may be rejected. `unknown`: it has not been read. */
export const healthStates = ['unknown', 'available', 'limited', 'blocked'] as const
export type HealthState = typeof healthStates[number]

/** A part that is limited or blocked, and Meta's own words for why. */
export interface HealthProblem {
  entity: string
  state: HealthState
  id: string | null
  errors: Array<{ code: number | null, description: string | null, solution: string | null }>
  info: string[]
}

/** What sets the daily limit. */
export type DailyLimitReason = 'own' | 'whatsapp' | 'portfolio' | 'ramp' | 'none'

/** Counts of one sender, as inspect-sender.lua returns them. */
export interface SenderCounts {
  queued: number
  /** Queued messages whose ready time has come. */
  due: number
  inFlight: number
  scheduled: number
  /** Messages that wait for their own template, outside of the queues. */
  suspended: number
  /** Messages that wait until their recipient writes, outside of the queues. */
  awaiting: number
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
  /** Rates of templates and categories, and the messages that wait for them, outside of the queues. */
  rates: { count: number, templateWaiting: number, categoryWaiting: number }
  /** `code`: of the last failure. */
  circuit: { state: CircuitState, since: string | null, nextProbeAt: string | null, code: string | null }
  /** Whether WhatsApp sends any template of it. `until`: when that ends, or is probed next; null if only an operator ends it. */
  templates: { state: TemplateStopState, reason: string | null, since: string | null, until: string | null, waiting: number }
  /** `health_status` of the number's node, and when it was read. */
  health: { state: HealthState, readAt: string | null, problems: HealthProblem[] }
  /** Whether closed windows are known. `since`: since when no webhook is missing. */
  windows: { state: WindowState, since: string | null, lastWebhookAt: string | null, people: number }
  /** Of the lane `bulk`; all but the state are null unless it is held. `until`: when that ends at the latest. */
  bulk: { state: BulkState, since: string | null, until: string | null, nextProbeAt: string | null, missingPercent: number | null }
  /** In force now. `rejectedAt`: when WhatsApp last rejected a higher rate; `nextRiseAt`: when it rises at the earliest, if it is used. */
  rate: {
    perSecond: number
    reason: RateReason
    rejectedAt: string | null
    nextRiseAt: string | null
    /** The known limit of the number. */
    ceiling: { perSecond: number, level: ThroughputLevel, source: 'node' | 'webhook', since: string } | null
  }
  /**
   * The daily limit; null where recipients are not counted. `used`: people who count; `free` and `limit`: null for no limit. `people`: who wait;
   * `freeAt`: when the first person counts no longer.
   */
  daily: {
    limit: number | null
    reason: DailyLimitReason
    used: number
    free: number | null
    people: number
    waiting: number
    freeAt: string | null
    portfolio: string | null
    whatsapp: { limit: number | null, source: 'node' | 'webhook', since: string } | null
  } | null
  rules: { pairIntervalMs: number, pairBurst: number, perSecond: number, maxInFlight: number, version: number }
  failures: { pending: number, resolved: number, failed: number }
  oldestDueSeconds: number
}

/** A sender as the API returns it, and the facts that only the metrics show. */
export interface SenderFacts extends SenderView {
  /** How long due messages have had no drain run; 0 if one is running or none is due. */
  unattendedSeconds: number
  /** FAILED in the last 24 h and not acknowledged, by reason. */
  unacknowledged: Record<'rejected' | 'exhausted' | 'expired' | 'unknown', number>
  /** Share of the messages accepted 2 to 12 minutes ago of which no webhook has reported a status; 0 below 20 messages. */
  statusesMissing: number
  /** Reads of the statuses of its templates that failed since the last successful one. */
  templateReadFailures: number
  /** Undelivered callbacks, and the age of the oldest one. */
  callbacks: { waiting: number, oldestSeconds: number }
}
