/** Sentences 1 to 10: one message per key, a final state for each accepted message, and a cause for that state. */
import { factsOf, nameOf, senderOf, type Fact, type Message, type Operated, type Rules } from './history.js'
import type { Figures } from './judge.js'
import { CLOCKS_MS, codes, type Note } from './model.js'
import { outcomeOf, saidOf, type Send, type Sends } from './sends.js'

const GOOD = new Set(['sent', 'delivered', 'read'])
const OVER = new Set(['failed', 'cancelled', 'expired'])

type Outcomes = Pick<Figures, 'messages' | 'arrivals' | 'sent' | 'failed' | 'cancelled' | 'expired' | 'unpromised' | 'unknownAttempts' | 'repeats'>

export function judgeOutcomes (rules: Rules, messages: Map<string, Message>, sends: Sends, facts: Fact[], note: Note): Outcomes {
  const outcomes: Outcomes = {
    messages: messages.size, arrivals: 0, sent: 0, failed: 0, cancelled: 0, expired: 0, unpromised: 0, unknownAttempts: 0, repeats: 0
  }
  const operations = factsOf(facts, 'operated')
  for (const message of messages.values()) {
    judgeKey(message, note)
    judgeState(message, outcomes, note)
    judgeContent(message, messages, note)
    if (message.ended === null) continue
    if (GOOD.has(message.ended.state)) judgeSent(message, operations, note)
    else judgeNotSent(message, sends, note)
    if (message.ended.state === 'failed') judgeFailed(rules, message, sends, operations, note)
    else if (OVER.has(message.ended.state)) judgeClosed(rules, message, operations, note)
    judgeAfterEnd(message, sends.of(message.posted.key), note)
  }
  const over = factsOf(facts, 'over').at(-1)
  if (over === undefined) note(3, 'the end was not reached')
  else if (over.unsettled > 0) note(3, `${over.unsettled} unsettled at the end`)
  return outcomes
}

function judgeKey ({ posted: { key, isGraph = false }, responses, arrivals }: Message, note: Note): void {
  const ids = new Set(responses.flatMap(({ id }) => id ?? []))
  const named = new Set(arrivals.map(({ opaque }) => nameOf(opaque)))
  if (ids.size > 1 || named.size > 1) note(1, `${key}: ${[...ids, ...named].join(', ')}`)
  // The drop-in surface reports the end of a message as an error, as WhatsApp does.
  const acceptedAt = responses.find(({ status }) => status >= 200 && status < 300)?.at ?? Infinity
  // 404 is for a sender that was removed meanwhile.
  const repeats = responses.filter(({ askedAt }) => askedAt > acceptedAt)
  const refused = repeats.find(({ status }) => status >= 400 && status < 500 && ![404, 408, 429].includes(status))
  if (refused !== undefined && !isGraph) note(1, `${key}: accepted, and a repeat got ${refused.status}`)
}

function judgeState (message: Message, outcomes: Outcomes, note: Note): void {
  const { posted: { key }, responses, arrivals, ended } = message
  outcomes.arrivals += arrivals.length
  outcomes.repeats += responses.filter(({ status }) => status === 0 || status === 503).length
  outcomes.unknownAttempts += ended?.attempts.filter(({ outcome }) => outcome === 'unknown').length ?? 0
  const isAccepted = responses.some(({ status }) => status >= 200 && status < 300)
  if (ended === null) {
    if (isAccepted) note(2, `${key}: accepted, and not found at the end`)
    else if (!responses.some(({ status }) => status >= 400 && status < 500)) outcomes.unpromised++
  } else if (GOOD.has(ended.state)) outcomes.sent++
  else if (OVER.has(ended.state)) outcomes[ended.state as 'failed' | 'cancelled' | 'expired']++
  else note(3, `${key}: ${ended.state} at the end`)
  if (GOOD.has(ended?.state ?? '') || !responses.some(({ state }) => GOOD.has(state ?? ''))) return
  // A response said sent. Only a failure that a webhook reported, or an attempt after it, changes that.
  if (message.bounced.size === 0 && !arrivals.some(one => saidOf(one) === 'accepted')) note(4, `${key}: a response said sent, and it never arrived`)
}

/** Sentence 4, and 9: a sent message was accepted, and its state is as high as its webhooks say, and no higher. */
function judgeSent ({ posted: { key, pair }, arrivals, statuses, bounced, ended }: Message, operations: Operated[], note: Note): void {
  const delivered = (opaque: string): boolean => statuses.some(one => one.opaque === opaque && (one.kind === 'delivered' || one.kind === 'read'))
  const standing = arrivals.filter(one => saidOf(one) === 'accepted' && (!bounced.has(one.opaque) || delivered(one.opaque)))
  if (standing.length === 0) note(4, `${key}: ${ended?.state}, and no attempt was accepted${bounced.size > 0 ? ' and stayed so' : ''}`)
  const rank = ['sent', 'delivered', 'read'].indexOf(ended?.state ?? '')
  const posted = Math.max(0, ...statuses.map(({ kind }) => ['sent', 'delivered', 'read'].indexOf(kind)))
  if (rank > posted) note(9, `${key}: ${ended?.state}, and no webhook said so`)
  // Of an erased recipient nothing is kept that a later webhook could belong to.
  if (operations.some(one => one.action === 'erase' && one.pair === pair)) return
  // With two accepted attempts the state is that of one of them.
  const acknowledged = Math.max(0, ...statuses.filter(({ http }) => http === 200).map(({ kind }) => ['sent', 'delivered', 'read'].indexOf(kind)))
  const accepted = arrivals.filter(one => saidOf(one) === 'accepted')
  if (accepted.length === 1 && rank < acknowledged) note(9, `${key}: ${ended?.state}, and an acknowledged webhook said more`)
}

/** When the gateway knows that a send was accepted: from its response, or from a webhook; Infinity if never. */
export function provenFrom (send: Send, { statuses }: Message, sends: Sends): number {
  const byResponse = outcomeOf(send) === 'accepted' ? sends.knownFrom(send) : Infinity
  const wamid = send.arrived?.wamid ?? null
  const taken = statuses.filter(one => one.http === 200 && one.kind !== 'failed' && one.wamid === wamid)
  return taken.reduce((first, { at }) => Math.min(first, at), byResponse)
}

/** Sentence 5: what is known to have been accepted, and has not failed since, is sent. */
function judgeNotSent (message: Message, sends: Sends, note: Note): void {
  const { posted: { key }, bounced, statuses, ended } = message
  for (const send of sends.of(key)) {
    if (send.arrived === null || saidOf(send.arrived) !== 'accepted') continue
    const delivered = statuses.some(one => one.http === 200 && one.opaque === send.opaque && (one.kind === 'delivered' || one.kind === 'read'))
    if (bounced.has(send.opaque) && !delivered) continue
    if (provenFrom(send, message, sends) < Infinity) note(5, `${key}: ${ended?.state}, and ${send.opaque} is known to have been accepted`)
  }
}

/** Sentence 6. */
function judgeFailed (rules: Rules, message: Message, sends: Sends, operations: Operated[], note: Note): void {
  const { posted: { key, policy, pair }, statuses, ended, bounced } = message
  const list = sends.of(key)
  const settledAt = ended?.settledAt ?? Infinity
  const last = list.at(-1)
  const most = rules.retriesMs === undefined ? Infinity : rules.retriesMs.length + 1
  const used = Math.max(0, ...ended?.attempts.map(({ attempt }) => attempt) ?? [])
  const bouncedWith = statuses.filter(one => one.kind === 'failed' && one.http === 200).map(({ code }) => code ?? 0)
  // A message that stops its sender twice is rejected.
  const stops = list.filter(({ arrived }) => [190, 131031, 131042].includes(arrived?.code ?? 0)).length
  if (last === undefined) {
    // The grant of a node that died before the start: no process knows whether it started.
    if (ended?.attempts.some(({ outcome }) => outcome === 'unknown') !== true) note(6, `${key}: failed, and was never tried`)
    return
  }
  if (list.some(send => send.arrived !== null && saidOf(send.arrived) === 'rejected') || stops > 1) return
  if (bouncedWith.some(code => !codes.temporary.has(code) && !codes.usesNoAttempt.has(code))) return
  if (used >= most) return
  if (bounced.has(last.opaque) && rules.retriesMs === undefined) return
  const isErased = operations.some(one => one.action === 'erase' && one.pair === pair)
  const isUnknown = outcomeOf(last) === 'unknown' || sends.knownFrom(last) > settledAt - CLOCKS_MS
  const isLateFailure = bounced.has(last.opaque)
  const bySchedule = rules.retriesMs === undefined && outcomeOf(last) === 'refused'
  if (!(isUnknown && (policy === 'fail' || isErased)) && !isLateFailure && !bySchedule) {
    const history = list.map(describe).join(' ')
    note(6, `${key}: failed after ${used} attempts of ${senderOf(pair)}, the last one ${outcomeOf(last)}, policy ${policy}: ${history}`)
  }
}

function describe (send: Send): string {
  return `${send.opaque.slice(-1)}:${send.arrived?.outcome ?? 'not arrived'}${send.arrived?.code ?? ''}${send.answered === null ? '?' : ''}`
}

/** Sentence 7. */
function judgeClosed (rules: Rules, { posted, operations, ended }: Message, all: Operated[], note: Note): void {
  const { key, pair, at, isMarketing = false } = posted
  if (ended?.state === 'cancelled') {
    // A request without a response may have worked.
    const isAsked = operations.some(({ action, http }) => action === 'cancel' && (http === 0 || http < 300 || http >= 500)) ||
      all.some(one => one.pair === pair && (one.action === 'erase' || (one.action === 'opt-out' && isMarketing)))
    if (!isAsked) note(7, `${key}: cancelled, and no request asked for it`)
    return
  }
  const lifeMs = posted.expiresInMs ?? rules.lifeMs ?? 86_400_000
  const endedAt = ended?.settledAt ?? Infinity
  if (endedAt < Math.max(at, posted.scheduledFor ?? 0) + lifeMs - CLOCKS_MS) {
    note(7, `${key}: expired ${Math.round(at + lifeMs - endedAt)} ms before the end of its life`)
  }
}

/** Sentence 8: after an acknowledged cancellation nothing starts. */
function judgeAfterEnd ({ posted: { key }, operations }: Message, list: Send[], note: Note): void {
  const cancelled = operations.find(({ action, http }) => action === 'cancel' && http >= 200 && http < 300)
  const after = cancelled === undefined ? undefined : list.find(({ checked }) => checked.at > cancelled.at + CLOCKS_MS)
  if (after !== undefined) note(8, `${key}: ${after.opaque} started after the cancellation was acknowledged`)
}

/** Sentence 10: the provider gets the recipient, and the references, of the post. */
function judgeContent ({ posted: { key, pair, quotes }, arrivals }: Message, messages: Map<string, Message>, note: Note): void {
  const wamids = quotes === undefined ? [] : messages.get(quotes)?.arrivals.map(({ wamid }) => wamid)
  for (const arrival of arrivals) {
    if (arrival.pair !== pair) note(10, `${key}: posted to ${pair}, and ${arrival.opaque} went to ${arrival.pair}`)
    const isQuoted = quotes === undefined || wamids?.includes(arrival.quotes ?? '') === true
    if (!isQuoted) note(10, `${key}: ${arrival.opaque} refers to ${arrival.quotes ?? 'nothing'}`)
  }
}
