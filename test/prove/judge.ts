/** Holds a history against the promises. Shares no code with the gateway. */
import { judgeFates } from './judge-fates.js'
import { judgeOrder } from './judge-order.js'
import { judgeSpacing } from './judge-spacing.js'
import { messagesOf, type History } from './history.js'

/** Each of these is a broken promise. */
export type Breach =
  | 'lost' | 'two messages for a key' | 'doubled' | 'sent blindly' | 'sent though given up' | 'waiting was failing' | 'attempt without a trace'
  | 'too close' | 'out of order' | 'overtaken' | 'too early' | 'too many in a second' | 'left over'

export const breaches: Breach[] = [
  'lost', 'two messages for a key', 'doubled', 'sent blindly', 'sent though given up', 'waiting was failing', 'attempt without a trace',
  'too close', 'out of order', 'overtaken', 'too early', 'too many in a second', 'left over'
]

/** What is counted beside: each has happened and breaks no promise. */
export interface Figures {
  messages: number
  arrivals: number
  sent: number
  failed: number
  cancelled: number
  expired: number
  /** Answered neither 2xx nor 4xx until the end: nobody was promised anything. */
  unpromised: number
  unknownAttempts: number
  /** Accepted twice: an outcome stayed unknown and the policy was to retry. */
  doubledAsAllowed: number
  /** Closer at the provider than the rule: the process was frozen between its last look at the clock and its write. */
  closerByFreeze: number
  /** The same, held up there without being frozen, by a machine with too much to do. */
  closerByStall: number
  /** The same, held up on the way from the write to the provider's records. */
  closerByWire: number
  leastSpacingMs: number
  mostInSecond: number
  /** Posts that got no answer or 503, and were repeated. */
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
    ...judgeFates(messages, facts, note),
    ...judgeSpacing(rules, facts, note),
    ...judgeOrder(rules, messages, facts, note)
  }
  return { figures, found }
}

export function isSpotless ({ found }: Judgement): boolean {
  return [...found.values()].every(list => list.length === 0)
}
