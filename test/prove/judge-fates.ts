/** Every promised message has an end, one key is one message, and nothing goes out twice that was not allowed to. */
import { attemptOf, type Arrived, type Fact, type Message } from './history.js'
import type { Figures, Note } from './judge.js'

/** Refusals by these use up no attempt: limits of Meta's, and a sender that may not send. */
const USES_NONE = new Set([4, 80007, 130429, 131048, 131056, 190, 131031, 131042])
const GOOD = new Set(['sent', 'delivered', 'read'])
const OVER = new Set(['failed', 'cancelled', 'expired'])

type Fates = Pick<Figures, 'messages' | 'arrivals' | 'sent' | 'failed' | 'cancelled' | 'expired' | 'unpromised' | 'unknownAttempts' | 'doubledAsAllowed' | 'repeats'>

export function judgeFates (messages: Map<string, Message>, facts: Fact[], note: Note): Fates {
  const fates: Fates = {
    messages: messages.size, arrivals: 0, sent: 0, failed: 0, cancelled: 0, expired: 0, unpromised: 0, unknownAttempts: 0, doubledAsAllowed: 0, repeats: 0
  }
  for (const message of messages.values()) judgeOne(message, fates, note)
  const over = facts.filter(fact => fact.fact === 'over').at(-1)
  if (over === undefined) note('left over', 'the end was not reached')
  else if (over.unsettled > 0) note('left over', `${over.unsettled} unsettled at the end`)
  return fates
}

function judgeOne (message: Message, fates: Fates, note: Note): void {
  const { posted: { key, policy }, answers, arrivals, bounced, ended } = message
  const accepted = arrivals.filter(({ outcome, opaque }) => outcome === 'accepted' && !bounced.has(opaque))
  fates.arrivals += arrivals.length
  fates.repeats += answers.filter(({ status }) => status === 0 || status === 503).length
  fates.unknownAttempts += unknowns(message)

  const ids = new Set(answers.flatMap(({ id }) => id ?? []))
  const named = new Set(arrivals.map(({ opaque }) => opaque.slice(0, opaque.lastIndexOf('.'))))
  if (ids.size > 1 || named.size > 1) note('two messages for a key', `${key}: ${[...ids, ...named].join(', ')}`)

  const told = answers.some(({ status }) => status >= 200 && status < 300)
  const refused = answers.some(({ status }) => status === 422)
  const saidSent = answers.some(({ state }) => GOOD.has(state ?? '')) || GOOD.has(ended?.state ?? '')
  if (saidSent && accepted.length === 0) note('lost', `${key}: said to be sent, and never arrived`)
  else if (told && accepted.length === 0 && !OVER.has(ended?.state ?? '')) note('lost', `${key}: promised, never arrived, ended ${ended?.state ?? 'unknown to us'}`)
  if (accepted.length > 0) fates.sent++
  else if (ended !== null && OVER.has(ended.state)) fates[ended.state as 'failed' | 'cancelled' | 'expired']++
  else if (!told && !refused) fates.unpromised++

  if (accepted.length > 1) {
    if (policy === 'retry' && unknowns(message) >= accepted.length - 1) fates.doubledAsAllowed += accepted.length - 1
    else note('doubled', `${key}: accepted ${accepted.length} times, ${unknowns(message)} attempts of unknown outcome, policy ${policy}`)
  }
  const isOver = OVER.has(ended?.state ?? '')
  if (isOver && accepted.length > 0 && unknowns(message) === 0) note('sent though given up', `${key}: ${ended?.state}, and had arrived`)
  judgeRepeats(message, note)
  judgeAttempts(message, note)
}

function unknowns ({ ended }: Message): number {
  return ended?.attempts.filter(({ outcome }) => outcome === 'unknown').length ?? 0
}

/** What arrives again needs a reason: the time before it was refused, or nobody knows what became of it and the policy is to retry. */
function judgeRepeats ({ posted: { key, policy }, arrivals, bounced, ended }: Message, note: Note): void {
  arrivals.slice(1).forEach((arrival, at) => {
    const before = arrivals[at] as Arrived
    if ((before.outcome === 'rejected' && before.code !== null) || bounced.has(before.opaque)) return
    const attempt = attemptOf(before.opaque)
    const isUnknown = ended?.attempts.some(one => one.attempt === attempt && one.outcome === 'unknown') === true
    // Frozen between its last look and its write, an attempt may arrive after the one that followed it.
    const isLate = attemptOf(arrival.opaque) < attempt
    if (policy === 'retry' && (isUnknown || isLate)) return
    note('sent blindly', `${key}: attempt ${attempt} was ${before.outcome}, ${arrival.opaque} came after it, policy ${policy}`)
  })
}

/** Each attempt used up is one that the provider saw or one whose outcome nobody knows; a refusal by a limit uses up none. */
function judgeAttempts ({ posted: { key }, arrivals, ended }: Message, note: Note): void {
  for (const { attempt, outcome } of ended?.attempts ?? []) {
    const seen = arrivals.filter(({ opaque }) => attemptOf(opaque) === attempt)
    if (outcome !== 'unknown' && seen.length === 0) note('waiting was failing', `${key}: attempt ${attempt} ended ${outcome} and was never made`)
  }
  for (const arrival of arrivals) {
    const attempt = attemptOf(arrival.opaque)
    const used = new Set(ended?.attempts.filter(one => one.attempt < attempt).map(one => one.attempt) ?? [])
    if (attempt > 1 && used.size < attempt - 1) note('attempt without a trace', `${key}: ${arrival.opaque} arrived, and of those before it ${used.size} are told`)
    const next = arrivals.find(other => other.at > arrival.at)
    if (arrival.outcome === 'rejected' && USES_NONE.has(arrival.code ?? 0) && next !== undefined && attemptOf(next.opaque) > attempt) {
      const isUnknown = ended?.attempts.some(one => one.attempt === attempt && one.outcome === 'unknown') === true
      if (!isUnknown) note('waiting was failing', `${key}: ${arrival.code} used up attempt ${attempt}`)
    }
  }
}
