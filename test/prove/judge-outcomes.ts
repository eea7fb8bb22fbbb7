/** Sentences 1 to 10: one message per key, a final state for each accepted message, and a cause for that state. */
import { factsOf, nameOf, senderOf, type Fact, type Message, type Operated, type Rules, type StatusPosted } from './history.js'
import type { Figures } from './judge.js'
import type { Campaigns } from './judge-campaigns.js'
import { mayBeMoved } from './judge-plans.js'
import type { Templates } from './judge-templates.js'
import { CLOCKS_MS, codes, type Report } from './model.js'
import { outcomeOf, saidOf, type Send, type Sends } from './sends.js'

const GOOD = new Set(['sent', 'delivered', 'read'])
const OVER = new Set(['failed', 'cancelled', 'expired'])

type Outcomes = Pick<Figures, 'messages' | 'arrivals' | 'sent' | 'failed' | 'cancelled' | 'expired' | 'unpromised' | 'unknownAttempts' | 'repeats'>

export function judgeOutcomes (
  rules: Rules, messages: Map<string, Message>, sends: Sends, templates: Templates, campaigns: Campaigns, facts: Fact[], report: Report
): Outcomes {
  const outcomes: Outcomes = {
    messages: messages.size, arrivals: 0, sent: 0, failed: 0, cancelled: 0, expired: 0, unpromised: 0, unknownAttempts: 0, repeats: 0
  }
  const operations = factsOf(facts, 'operated')
  for (const message of messages.values()) {
    judgeKey(message, report)
    judgeState(message, outcomes, report)
    judgeContent(message, messages, report)
    if (message.ended === null) continue
    if (GOOD.has(message.ended.state)) judgeSent(message, report)
    else judgeNotSent(rules, message, sends, report)
    if (message.ended.state === 'failed') judgeFailed(rules, message, sends, templates, report)
    else if (OVER.has(message.ended.state)) judgeClosed(rules, message, operations, campaigns, report)
    judgeAfterEnd(message, sends.of(message.posted.key), report)
  }
  const over = factsOf(facts, 'over').at(-1)
  if (over === undefined) report(3, 'the end was not reached')
  else if (over.unsettled > 0) report(3, `${over.unsettled} unsettled at the end`)
  return outcomes
}

function judgeKey ({ posted: { key, isGraph = false }, responses, arrivals }: Message, report: Report): void {
  const ids = new Set(responses.flatMap(({ id }) => id ?? []))
  const named = new Set(arrivals.map(({ opaque }) => nameOf(opaque)))
  if (ids.size > 1 || named.size > 1) report(1, `${key}: ${[...ids, ...named].join(', ')}`)
  // The drop-in surface reports the end of a message as an error, as WhatsApp does.
  const acceptedAt = responses.find(({ status }) => status >= 200 && status < 300)?.at ?? Infinity
  // 404 is for a sender that was removed meanwhile.
  const repeats = responses.filter(({ askedAt }) => askedAt > acceptedAt)
  const refused = repeats.find(({ status }) => status >= 400 && status < 500 && ![404, 408, 429].includes(status))
  if (refused !== undefined && !isGraph) report(1, `${key}: accepted, and a repeat got ${refused.status}`)
}

function judgeState (message: Message, outcomes: Outcomes, report: Report): void {
  const { posted: { key }, responses, arrivals, ended } = message
  outcomes.arrivals += arrivals.length
  outcomes.repeats += responses.filter(({ status }) => status === 0 || status === 503).length
  outcomes.unknownAttempts += ended?.attempts.filter(({ outcome }) => outcome === 'unknown').length ?? 0
  const isAccepted = responses.some(({ status }) => status >= 200 && status < 300)
  if (ended === null) {
    if (isAccepted) report(2, `${key}: accepted, and not found at the end`)
    else if (!responses.some(({ status }) => status >= 400 && status < 500)) outcomes.unpromised++
  } else if (GOOD.has(ended.state)) outcomes.sent++
  else if (OVER.has(ended.state)) outcomes[ended.state as 'failed' | 'cancelled' | 'expired']++
  else report(3, `${key}: ${ended.state} at the end`)
  if (GOOD.has(ended?.state ?? '') || !responses.some(({ state }) => GOOD.has(state ?? ''))) return
  // A response said sent. Only a failure that a webhook reported, or an attempt after it, changes that.
  if (message.bounced.size === 0 && !arrivals.some(one => saidOf(one) === 'accepted')) report(4, `${key}: a response said sent, and it never arrived`)
}

/** Sentence 4, and 9: a sent message was accepted, and its state is as high as its webhooks say, and no higher. */
function judgeSent ({ posted: { key }, arrivals, statuses, bounced, erasedFrom, ended }: Message, report: Report): void {
  const delivered = (opaque: string): boolean => statuses.some(one => one.opaque === opaque && (one.kind === 'delivered' || one.kind === 'read'))
  const isReported = (opaque: string): boolean =>
    bounced.has(opaque) && (erasedFrom === Infinity || statuses.some(one => one.opaque === opaque && one.kind === 'failed' && one.at < erasedFrom))
  const standing = arrivals.filter(one => saidOf(one) === 'accepted' && (!isReported(one.opaque) || delivered(one.opaque)))
  if (standing.length === 0) report(4, `${key}: ${ended?.state}, and no attempt was accepted${bounced.size > 0 ? ' and stayed so' : ''}`)
  const rank = ['sent', 'delivered', 'read'].indexOf(ended?.state ?? '')
  const highest = (some: StatusPosted[]): number => Math.max(0, ...some.map(({ kind }) => ['sent', 'delivered', 'read'].indexOf(kind)))
  if (rank > highest(statuses)) report(9, `${key}: ${ended?.state}, and no webhook said so`)
  // Of an erased message a status that was acknowledged may have been parked, and then nothing names it any more.
  if (erasedFrom < Infinity) return
  // With two accepted attempts the state is that of one of them.
  const acknowledged = statuses.filter(({ http }) => http === 200)
  const accepted = arrivals.filter(one => saidOf(one) === 'accepted')
  if (accepted.length === 1 && rank < highest(acknowledged)) report(9, `${key}: ${ended?.state}, and an acknowledged webhook said more`)
}

/** When the gateway knows that a send was accepted: from its response, or from a webhook; Infinity if never. */
export function provenFrom (send: Send, { statuses }: Pick<Message, 'statuses'>, sends: Sends): number {
  const byResponse = outcomeOf(send) === 'accepted' ? sends.knownFrom(send) : Infinity
  const wamid = send.arrived?.wamid ?? null
  const taken = statuses.filter(one => one.http === 200 && one.kind !== 'failed' && one.wamid === wamid)
  return taken.reduce((first, { at }) => Math.min(first, at), byResponse)
}

/**
 * Sentence 5: what is known to have been accepted, and has not failed since, is sent. An erasure ends unknown outcomes, and no proof after it is
 * applied; but it waits for an attempt in flight, so what a node reads within its lease is.
 */
function judgeNotSent ({ leaseMs = Infinity, startWithinMs }: Rules, message: Message, sends: Sends, report: Report): void {
  const { posted: { key }, bounced, statuses, erasedFrom, ended } = message
  for (const send of sends.of(key)) {
    if (send.arrived === null || saidOf(send.arrived) !== 'accepted') continue
    const delivered = statuses.some(one => one.http === 200 && one.opaque === send.opaque && (one.kind === 'delivered' || one.kind === 'read'))
    if (bounced.has(send.opaque) && !delivered) continue
    const byResponse = provenFrom(send, { statuses: [] }, sends)
    const isProven = provenFrom(send, message, sends) < erasedFrom || byResponse < Math.max(erasedFrom, send.checked.at - startWithinMs + leaseMs)
    if (isProven) report(5, `${key}: ${ended?.state}, and ${send.opaque} is known to have been accepted`)
  }
}

/** Sentence 6. */
function judgeFailed (rules: Rules, message: Message, sends: Sends, templates: Templates, report: Report): void {
  const { posted: { key, policy, pair }, statuses, erasedFrom, ended, bounced } = message
  const list = sends.of(key)
  const settledAt = ended?.settledAt ?? Infinity
  const last = list.at(-1)
  const most = rules.retriesMs === undefined ? Infinity : rules.retriesMs.length + 1
  const used = Math.max(0, ...ended?.attempts.map(({ attempt }) => attempt) ?? [])
  const bouncedWith = statuses.filter(one => one.kind === 'failed' && one.http === 200).map(({ code }) => code ?? 0)
  // A message that stops its sender twice is rejected.
  const stops = list.filter(({ arrived }) => [190, 131031, 131042].includes(arrived?.code ?? 0)).length
  // It waited for its template, which WhatsApp then disabled.
  if (templates.wasDisabled(message, message.posted.at, settledAt)) return
  if (last === undefined) {
    // The grant of a node that died before the start: no process knows whether it started.
    if (ended?.attempts.some(({ outcome }) => outcome === 'unknown') !== true) report(6, `${key}: failed, and was never tried`)
    return
  }
  if (list.some(send => send.arrived !== null && saidOf(send.arrived) === 'rejected') || stops > 1) return
  if (bouncedWith.some(code => !codes.temporary.has(code) && !codes.usesNoAttempt.has(code))) return
  if (used >= most) return
  if (bounced.has(last.opaque) && rules.retriesMs === undefined) return
  const isGrantLost = ended?.attempts.at(-1)?.outcome === 'unknown' && sends.isGrantLost(`${nameOf(last.opaque)}.${used}`, last.checked.at)
  const isUnknown = isGrantLost || outcomeOf(last) === 'unknown' || sends.knownFrom(last) > settledAt - CLOCKS_MS
  const isLateFailure = bounced.has(last.opaque)
  const bySchedule = rules.retriesMs === undefined && outcomeOf(last) === 'retryable'
  if (!(isUnknown && (policy === 'fail' || erasedFrom < Infinity)) && !isLateFailure && !bySchedule) {
    const history = list.map(describe).join(' ')
    report(6, `${key}: failed after ${used} attempts of ${senderOf(pair)}, the last one ${outcomeOf(last)}, policy ${policy}: ${history}`)
  }
}

function describe (send: Send): string {
  return `${send.opaque.slice(-1)}:${send.arrived?.outcome ?? 'not arrived'}${send.arrived?.code ?? ''}${send.answered === null ? '?' : ''}`
}

/** Sentence 7. */
function judgeClosed (rules: Rules, message: Message, all: Operated[], campaigns: Campaigns, report: Report): void {
  const { posted, operations, ended } = message
  const { key, pair, at, isMarketing = false } = posted
  if (ended?.state === 'cancelled') {
    // A request without a response may have worked.
    const isAsked = operations.some(({ action, http }) => action === 'cancel' && (http === 0 || http < 300 || http >= 500)) ||
      all.some(one => one.pair === pair && (one.action === 'erase' || (one.action === 'opt-out' && isMarketing))) ||
      campaigns.isCancelled(message)
    if (!isAsked) report(7, `${key}: cancelled, and no request asked for it`)
    return
  }
  const lifeMs = posted.expiresInMs ?? rules.lifeMs ?? 86_400_000
  const endedAt = ended?.settledAt ?? Infinity
  // A move changes the life, and the end of a campaign's plan ends it.
  if (mayBeMoved(message) || endedAt >= campaigns.endsAt(message) - CLOCKS_MS) return
  if (endedAt < Math.max(at, posted.scheduledFor ?? 0) + lifeMs - CLOCKS_MS) {
    report(7, `${key}: expired ${Math.round(at + lifeMs - endedAt)} ms before the end of its life`)
  }
}

/** Sentence 8: after an acknowledged cancellation nothing starts. */
function judgeAfterEnd ({ posted: { key }, operations }: Message, list: Send[], report: Report): void {
  const cancelled = operations.find(({ action, http }) => action === 'cancel' && http >= 200 && http < 300)
  const after = cancelled === undefined ? undefined : list.find(({ checked }) => checked.at > cancelled.at + CLOCKS_MS)
  if (after !== undefined) report(8, `${key}: ${after.opaque} started after the cancellation was acknowledged`)
}

/** Sentence 10: the provider gets the recipient, and the references, of the post. */
function judgeContent ({ posted: { key, pair, quotes }, arrivals }: Message, messages: Map<string, Message>, report: Report): void {
  const wamids = quotes === undefined ? [] : messages.get(quotes)?.arrivals.map(({ wamid }) => wamid)
  for (const arrival of arrivals) {
    if (arrival.pair !== pair) report(10, `${key}: posted to ${pair}, and ${arrival.opaque} went to ${arrival.pair}`)
    const isQuoted = quotes === undefined || wamids?.includes(arrival.quotes ?? '') === true
    if (!isQuoted) report(10, `${key}: ${arrival.opaque} refers to ${arrival.quotes ?? 'nothing'}`)
  }
}
