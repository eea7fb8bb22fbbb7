/** Checks that every accepted message reaches a final state, that one key is one message, and that nothing is sent twice without permission. */
import { attemptOf, type Arrived, type Fact, type Message } from './history.js'
import type { Figures, Note } from './judge.js'

/** Rejections with these codes use up no attempt: Meta's rate limits, and a sender that may not send. */
const USES_NO_ATTEMPT = new Set([4, 80007, 130429, 131048, 131056, 190, 131031, 131042])
const GOOD = new Set(['sent', 'delivered', 'read'])
const OVER = new Set(['failed', 'cancelled', 'expired'])

type Outcomes = Pick<
  Figures,
  'messages' | 'arrivals' | 'sent' | 'failed' | 'cancelled' | 'expired' | 'unpromised' | 'unknownAttempts' | 'doubledAsAllowed' | 'repeats'
>

export function judgeOutcomes (messages: Map<string, Message>, facts: Fact[], note: Note): Outcomes {
  const outcomes: Outcomes = {
    messages: messages.size,
    arrivals: 0,
    sent: 0,
    failed: 0,
    cancelled: 0,
    expired: 0,
    unpromised: 0,
    unknownAttempts: 0,
    doubledAsAllowed: 0,
    repeats: 0
  }
  for (const message of messages.values()) judgeOne(message, outcomes, note)
  const over = facts.filter(fact => fact.fact === 'over').at(-1)
  if (over === undefined) note('left unsettled', 'the end was not reached')
  else if (over.unsettled > 0) note('left unsettled', `${over.unsettled} unsettled at the end`)
  return outcomes
}

function judgeOne (message: Message, outcomes: Outcomes, note: Note): void {
  const { posted: { key, policy }, responses, arrivals, bounced, ended } = message
  const accepted = arrivals.filter(({ outcome, opaque }) => outcome === 'accepted' && !bounced.has(opaque))
  outcomes.arrivals += arrivals.length
  outcomes.repeats += responses.filter(({ status }) => status === 0 || status === 503).length
  outcomes.unknownAttempts += unknowns(message)

  const ids = new Set(responses.flatMap(({ id }) => id ?? []))
  const named = new Set(arrivals.map(({ opaque }) => opaque.slice(0, opaque.lastIndexOf('.'))))
  if (ids.size > 1 || named.size > 1) note('two messages for a key', `${key}: ${[...ids, ...named].join(', ')}`)

  const isAccepted = responses.some(({ status }) => status >= 200 && status < 300)
  const refused = responses.some(({ status }) => status === 422)
  const saidSent = responses.some(({ state }) => GOOD.has(state ?? '')) || GOOD.has(ended?.state ?? '')
  if (saidSent && accepted.length === 0) note('lost', `${key}: reported as sent, and never arrived`)
  else if (isAccepted && accepted.length === 0 && !OVER.has(ended?.state ?? '')) {
    note('lost', `${key}: accepted by the gateway, never arrived, final state ${ended?.state ?? 'not read'}`)
  }
  if (accepted.length > 0) outcomes.sent++
  else if (ended !== null && OVER.has(ended.state)) outcomes[ended.state as 'failed' | 'cancelled' | 'expired']++
  else if (!isAccepted && !refused) outcomes.unpromised++

  if (accepted.length > 1) {
    if (policy === 'retry' && unknowns(message) >= accepted.length - 1) outcomes.doubledAsAllowed += accepted.length - 1
    else note('doubled', `${key}: accepted ${accepted.length} times, ${unknowns(message)} attempts of unknown outcome, policy ${policy}`)
  }
  const isOver = OVER.has(ended?.state ?? '')
  if (isOver && accepted.length > 0 && unknowns(message) === 0) {
    note('recorded as not sent', `${key}: ${ended?.state}, and the provider had accepted it`)
  }
  judgeRepeats(message, note)
  judgeAttempts(message, note)
}

function unknowns ({ ended }: Message): number {
  return ended?.attempts.filter(({ outcome }) => outcome === 'unknown').length ?? 0
}

/** A repeated send needs a reason: the previous attempt was rejected, or its outcome is unknown and the policy is to retry. */
function judgeRepeats ({ posted: { key, policy }, arrivals, bounced, ended }: Message, note: Note): void {
  arrivals.slice(1).forEach((arrival, at) => {
    const before = arrivals[at] as Arrived
    if ((before.outcome === 'rejected' && before.code !== null) || bounced.has(before.opaque)) return
    const attempt = attemptOf(before.opaque)
    const isUnknown = ended?.attempts.some(one => one.attempt === attempt && one.outcome === 'unknown') === true
    // An attempt that was frozen between its last clock check and its write may arrive after the next attempt.
    const isLate = attemptOf(arrival.opaque) < attempt
    if (policy === 'retry' && (isUnknown || isLate)) return
    note('blind resend', `${key}: attempt ${attempt} was ${before.outcome}, ${arrival.opaque} came after it, policy ${policy}`)
  })
}

/** Each counted attempt reached the provider or has an unknown outcome; a rejection by a rate limit counts as no attempt. */
function judgeAttempts ({ posted: { key }, arrivals, ended }: Message, note: Note): void {
  for (const { attempt, outcome } of ended?.attempts ?? []) {
    const seen = arrivals.filter(({ opaque }) => attemptOf(opaque) === attempt)
    if (outcome !== 'unknown' && seen.length === 0) note('waiting used an attempt', `${key}: attempt ${attempt} ended ${outcome} and was never made`)
  }
  for (const arrival of arrivals) {
    const attempt = attemptOf(arrival.opaque)
    const used = new Set(ended?.attempts.filter(one => one.attempt < attempt).map(one => one.attempt) ?? [])
    if (attempt > 1 && used.size < attempt - 1) {
      note('attempt missing from history', `${key}: ${arrival.opaque} arrived, and the history has ${used.size} earlier attempts`)
    }
    const next = arrivals.find(other => other.at > arrival.at)
    if (arrival.outcome === 'rejected' && USES_NO_ATTEMPT.has(arrival.code ?? 0) && next !== undefined && attemptOf(next.opaque) > attempt) {
      const isUnknown = ended?.attempts.some(one => one.attempt === attempt && one.outcome === 'unknown') === true
      if (!isUnknown) note('waiting used an attempt', `${key}: ${arrival.code} used up attempt ${attempt}`)
    }
  }
}
