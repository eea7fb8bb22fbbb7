import type { SenderCounts, SenderState } from '../sender-facts.js'

/** Reply of inspect-sender.lua. Times are since the epoch, 0 for none. */
export interface SenderReply extends SenderCounts {
  status: 'sender'
  nowMs: number
  state: SenderState
  resumesMs: number
  reason: string
  pairIntervalUs: number
  pairBurst: number
  perSecond: number
  maxInFlight: number
  version: number
  oldestDueUs: number
  unattendedUs: number
  /** Failures that wait for their next retry. */
  retrying: number
  /** Failures that wait for their next retry, and failures whose retry has begun. */
  pending: number
  resolved: number
  failed: number
  rejected: number
  exhausted: number
  expired: number
  unknownOutcome: number
  callbacksWaiting: number
  callbacksSinceMs: number
  /** The field of :sender; empty while nothing fails. */
  circuit: string
  /** Messages accepted 2 to 12 minutes ago, estimated, and those of them without a status. */
  accepted: number
  unconfirmed: number
  /** `<since> <last> <due> <gap>`, ms: see lua/include/window.lua; empty where windows are not checked. */
  windows: string
  /** People whose last act is known. */
  people: number
  /** The search for WhatsApp's limit of messages per second, as in :sender; empty while the rule is in force. */
  reduced: string
  /** Of all templates: see lua/include/template_stop.lua; empty for none. */
  templateStop: string
  /** Messages that wait for its end. */
  stopped: number
  /** The daily limit; empty where recipients are not counted. See lua/inspect-sender.lua. */
  daily: string
  dailyUsed: number
  dailyPeople: number
  dailyWaiting: number
  /** The known limit of the number, as in :sender; empty for none. */
  ceiling: string
  /** When statuses came last, and the hold of the lane `bulk`: see lua/inspect-sender.lua; empty where they are not watched. */
  bulk: string
  /** When the health of the number was read, the cause that was handled, and what WhatsApp says, as in :sender; empty before the first read. */
  health: string
  /** Rates of templates and categories, and the messages that wait for one. */
  rates: number
  templateRated: number
  categoryRated: number
}
