/** Checks a history against the promises. Shares no code with the gateway. */
import { judgeOutcomes } from './judge-outcomes.js'
import { judgeOrder } from './judge-order.js'
import { judgeSpacing } from './judge-spacing.js'
import { messagesOf, type History } from './history.js'

/** Each of these is a broken promise. */
export type Breach =
  | 'lost'
  | 'two messages for a key'
  | 'doubled'
  | 'blind resend'
  | 'recorded as not sent'
  | 'waiting used an attempt'
  | 'attempt missing from history'
  | 'too close'
  | 'out of order'
  | 'overtaken'
  | 'too early'
  | 'too many in a second'
  | 'left unsettled'

export const breaches: Breach[] = [
  'lost', 'two messages for a key', 'doubled', 'blind resend', 'recorded as not sent', 'waiting used an attempt', 'attempt missing from history',
  'too close', 'out of order', 'overtaken', 'too early', 'too many in a second', 'left unsettled'
]

/** Events that are counted and break no promise. */
export interface Figures {
  messages: number
  arrivals: number
  sent: number
  failed: number
  cancelled: number
  expired: number
  /** Posts without a 2xx or 4xx response until the end of the run: the gateway promised nothing for them. */
  unpromised: number
  unknownAttempts: number
  /** Accepted twice: an outcome stayed unknown and the policy was to retry. */
  doubledAsAllowed: number
  /** Closer at the provider than the rule: the process was frozen between its last clock check and its write. */
  closerByFreeze: number
  /** The same without a freeze: a busy machine delayed the process there. */
  closerByStall: number
  /** The same: the network delayed the request between the write and the provider's record. */
  closerByWire: number
  leastSpacingMs: number
  mostInSecond: number
  /** Posts that got no response or 503, and were repeated. */
  repeats: number
  longestSilenceMs: number
}

export interface Judgement { figures: Figures, found: Map<Breach, string[]> }

export type Note = (breach: Breach, what: string) => void

export function judge ({ rules, facts }: History): Judgement {
  const found = new Map<Breach, string[]>(breaches.map(breach => [breach, []]))
  const note: Note = (breach, what) => { found.get(breach)?.push(what) }
  const messages = messagesOf(facts)
  const figures = {
    ...judgeOutcomes(messages, facts, note),
    ...judgeSpacing(rules, facts, note),
    ...judgeOrder(rules, messages, facts, note)
  }
  return { figures, found }
}

export function isSpotless ({ found }: Judgement): boolean {
  return [...found.values()].every(list => list.length === 0)
}
