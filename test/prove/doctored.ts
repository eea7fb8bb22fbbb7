/** Builds histories for the test of the judge: a sound one of two messages, and what to change in it. */
import type {
  Arrived, CalledBack, Ended, Fact, Granted, KeyLeft, ObservedSend, Operated, Posted, Responded, Rules, StatusPosted, TemplateSet, Trouble
} from './history.js'
import type { Sentence } from './model.js'

export const rules: Rules = { intervalMs: 1000, startWithinMs: 250, perSecond: 40 }
/** With a schedule, leases and callbacks, so that every sentence is judged. */
export const strict: Rules = { ...rules, retriesMs: [1000, 2000, 4000, 8000, 8000], leaseMs: 8000 }
export const withCircuit: Rules = { ...strict, circuit: { recipients: 5, tailMs: 5000 } }
export const PAIR = '8/15550001'
export const NODE = '77'

/** A history with one violation, and the sentence that it violates. */
export interface Doctored { what: string, sentence: Sentence, facts: Fact[], rules?: Rules }

export const posted = (key: string, at: number, more: Partial<Posted> = {}): Posted => ({
  fact: 'posted', at, key, pair: PAIR, lane: 2, policy: 'retry', ...more
})
export const responded = (key: string, at: number, more: Partial<Responded> = {}): Responded => ({
  fact: 'responded', at, askedAt: at - 10, key, status: 202, id: `8.${key}`, state: 'queued', ...more
})
export const checked = (key: string, at: number, attempt = 1): ObservedSend => ({
  fact: 'checked', from: at - 0.1, at, node: NODE, opaque: `${key}.${attempt}`
})
export const written = (key: string, at: number, attempt = 1): ObservedSend => ({ ...checked(key, at, attempt), fact: 'written' })
export const answered = (key: string, at: number, attempt = 1): ObservedSend => ({ ...checked(key, at, attempt), fact: 'answered', status: 200 })
export const arrived = (key: string, at: number, attempt = 1, more: Partial<Arrived> = {}): Arrived => ({
  fact: 'arrived', at, key, pair: PAIR, opaque: `${key}.${attempt}`, outcome: 'accepted', code: null, wamid: `wamid.${key}.${attempt}`, ...more
})
export const granted = (key: string, at: number, attempt = 1): Granted => ({ fact: 'granted', at, opaque: `${key}.${attempt}`, pair: PAIR })
export const ended = (key: string, state: string, ...outcomes: string[]): Ended => ({
  fact: 'ended', key, state, id: `8.${key}`, to: '15550001', attempts: outcomes.map((outcome, i) => ({ attempt: i + 1, outcome, code: null }))
})
export const status = (key: string, at: number, kind: StatusPosted['kind'], more: Partial<StatusPosted> = {}): StatusPosted => ({
  fact: 'status-posted', askedAt: at - 5, at, http: 200, key, opaque: `${key}.1`, wamid: `wamid.${key}.1`, kind, code: null, ...more
})
export const calledBack = (key: string, at: number, state: string, more: Partial<CalledBack> = {}): CalledBack => ({
  fact: 'called-back', at, id: `${key}_${state}`, message: `8.${key}`, state, changedAt: at - 10, status: 204, body: state, ...more
})
export const operated = (action: Operated['action'], at: number, more: Partial<Operated> = {}): Operated => ({
  fact: 'operated', askedAt: at - 5, at, http: 200, action, sender: '8', ...more
})
export const keyLeft = (key: string, more: Partial<KeyLeft> = {}): KeyLeft => ({
  fact: 'key-left', key, row: `{wa:<sender>}:${key.split(':').at(-1)}`, size: 1, ttlMs: -1, names: [], ...more
})
export const trouble = (of: Trouble['of'], from: number, to: number, node: string | null = null): Trouble => ({ fact: 'trouble', of, node, from, to })

/** One send; with a response unless it is taken away. */
export const sent = (key: string, at: number, attempt = 1, more: Partial<Arrived> = {}): Fact[] => [
  checked(key, at, attempt), written(key, at + 1, attempt), arrived(key, at + 3, attempt, more), answered(key, at + 20, attempt)
]
/** One send without a response. */
export const unanswered = (key: string, at: number, attempt = 1, more: Partial<Arrived> = {}): Fact[] =>
  sent(key, at, attempt, more).filter(({ fact }) => fact !== 'answered')
/** While WhatsApp is down: five other recipients fail, and succeed at the end. */
export const outage: Fact[] = [1, 2, 3, 4, 5].flatMap(number => {
  const [key, pair] = [`x${number}`, `8/1555002${number}`]
  return [
    posted(key, 4000, { pair }), responded(key, 4010), ...sent(key, 4050 + number, 1, { outcome: 'rejected', code: 131016, pair }),
    ...sent(key, 20_000 + 100 * number, 2, { pair }), { ...ended(key, 'sent', 'retryable', 'sent'), to: `1555002${number}` }
  ]
})
export const refused = (key: string, at: number, attempt: number, code: number): Fact[] => sent(key, at, attempt, { outcome: 'rejected', code })

/** Two messages to one recipient, a second apart. */
export const sound: Fact[] = [
  posted('a', 0), responded('a', 30, { status: 200, state: 'sent', immediate: true }), ...sent('a', 10), ended('a', 'sent'),
  posted('b', 40), responded('b', 50, { delayMs: 960, waitingFor: 'pair-rate' }), ...sent('b', 1010), ended('b', 'sent'),
  { fact: 'over', at: 90_000, unsettled: 0 }
]

export const without = (...gone: Array<(fact: Fact) => boolean>): Fact[] => sound.filter(fact => !gone.some(is => is(fact)))
export const isOf = (key: string, ...kinds: Array<Fact['fact']>) => (fact: Fact): boolean =>
  kinds.includes(fact.fact) && ('key' in fact ? fact.key === key : 'opaque' in fact && fact.opaque.startsWith(`${key}.`))
export const sendOf = (key: string) => isOf(key, 'checked', 'written', 'arrived', 'answered')
/** The sound history, and after it `b` as it went instead. */
export const insteadOfB = (...facts: Fact[]): Fact[] => [...without(sendOf('b'), isOf('b', 'ended')), ...facts]
/** `b` posted with something more. */
export const postedWith = (more: Partial<Posted>, facts: Fact[]): Fact[] =>
  facts.map(fact => isOf('b', 'posted')(fact) ? posted('b', 40, more) : fact)
/** `b` with the policy to fail. */
export const withPolicy = (facts: Fact[]): Fact[] => postedWith({ policy: 'fail' }, facts)

/** `b` is a message of this template. */
export const ofTemplate = (facts: Fact[]): Fact[] => postedWith({ template: 'order_ready' }, facts)
const templateSet = (at: number, status: TemplateSet['status']): Fact => ({
  fact: 'template-set', askedAt: at - 10, at, template: 'order_ready', status
})
/** WhatsApp does not send it for a time. */
export const blocked = (from: number, to: number, status: TemplateSet['status'] = 'PAUSED'): Fact[] =>
  [templateSet(from, status), templateSet(to, 'APPROVED')]

/** A node read the statuses of all templates. */
export const templatesRead = (at: number): Fact => ({ fact: 'templates-read', askedAt: at - 50, at, node: NODE, status: 200 })
/** Five grants of other recipients that no node started. */
export const unstarted = (at: number): Fact[] =>
  [1, 2, 3, 4, 5].map(number => ({ ...granted(`x${number}`, at + number), pair: `8/1555002${number}` }))

export const LOST = 'ddddddddddddddddddddd1'
/** `b` was accepted at 50; Redis lost that, and accepted it again, since a node took up an earlier request late: no response came of that. */
export const acceptedAgain = (at: number): Fact[] => [
  ...without(sendOf('b'), isOf('b', 'responded', 'ended')), responded('b', 50, { id: `8.${LOST}.1` }),
  { fact: 'lost-writes', from: 0, at: 60, ids: [LOST], pairs: [], senders: [] },
  { ...ended('b', 'sent'), id: `8.${LOST}.2`, createdAt: at }
]
export const startedAgain = (at: number): Fact[] => sent(`${LOST}.2`, at, 1, { key: 'b' })
