/** Sentences 11 to 17: every further send of a message has a cause, and attempts are counted as they were. */
import { attemptOf, senderOf, type Message, type Rules } from './history.js'
import type { Figures } from './judge.js'
import { provenFrom } from './judge-outcomes.js'
import { CLOCKS_MS, codes, type Report } from './model.js'
import { isWithin, type Outages } from './outages.js'
import { outcomeOf, saidOf, type Send, type Sends } from './sends.js'

export function judgeSends (
  rules: Rules, messages: Map<string, Message>, sends: Sends, outages: Outages, report: Report
): Pick<Figures, 'doubledAsAllowed'> {
  let doubledAsAllowed = 0
  for (const message of messages.values()) {
    const list = sends.of(message.posted.key)
    for (const [i, send] of list.entries()) {
      const isDouble = wasAccepted(send) && list.slice(0, i).some(one => wasAccepted(one) && !failedBefore(one, send, message))
      const isAllowed = i === 0 || isJustified(rules, message, list.slice(0, i), send, sends, isDouble, report)
      if (isDouble && isAllowed) doubledAsAllowed++
    }
    judgeAttempts(message, list, sends, report)
    judgeOutage(message, list, sends, outages, report)
    const sender = senderOf(message.posted.pair)
    const used = Math.max(0, ...message.arrivals.map(({ opaque }) => attemptOf(opaque)))
    // Attempts while all of the sender fail, and unknown outcomes of an outage, are more than the schedule has.
    const beside = new Set(list.filter(send => isWithin(send.checked.at, outages.suspected(sender))).map(({ opaque }) => opaque)).size
    const most = (rules.retriesMs?.length ?? Infinity) + 1 + message.operations.filter(({ action }) => action === 'retry').length + beside
    if (used > most) report(17, `${message.posted.key}: ${used} attempts`)
  }
  return { doubledAsAllowed }
}

function wasAccepted ({ arrived }: Send): boolean {
  return arrived !== null && saidOf(arrived) === 'accepted'
}

/** Whether a webhook reported, before the other send started, that this one had failed. */
function failedBefore ({ arrived }: Send, later: Send, { statuses, bounced, posted }: Message): boolean {
  if (arrived === null) return false
  const reports = statuses.filter(one => one.kind === 'failed' && one.wamid === arrived.wamid)
  if (reports.length > 0) return reports.some(({ askedAt }) => askedAt < later.checked.at)
  return bounced.has(arrived.opaque) && posted.key !== ''
}

/**
 * A grant lies up to START_WITHIN_MS before its start, so what was known then decides. Sentences 11 and 12: not once an earlier send is known
 * to have been accepted. 13 and 14: after a definite failure, or an outcome that was unknown when this send started, with the policy to retry.
 */
function isJustified (
  rules: Rules, message: Message, earlier: Send[], send: Send, sends: Sends, isDouble: boolean, report: Report
): boolean {
  const { posted: { key, policy }, operations } = message
  const grantedAt = send.granted?.at ?? send.checked.at - rules.startWithinMs
  for (const one of earlier) {
    if (failedBefore(one, send, message) || !wasAccepted(one)) continue
    const provenAt = provenFrom(one, message, sends)
    if (provenAt < grantedAt - CLOCKS_MS) {
      const knownMs = Math.round(grantedAt - provenAt)
      report(isDouble ? 11 : 12, `${key}: ${one.opaque} was known as accepted for ${knownMs} ms when ${send.opaque} was granted`)
      return false
    }
  }
  const before = earlier.at(-1) as Send
  const said = outcomeOf(before)
  if (said === 'retryable' || said === 'limited' || failedBefore(before, send, message)) return true
  const isRetried = operations.some(({ action, askedAt, http }) => action === 'retry' && askedAt < send.checked.at && (http < 300 || http >= 500))
  if (isRetried) return true
  // Its response was read, and its node could not write that before the grant.
  const isUnknown = said === 'unknown' || sends.knownFrom(before) > grantedAt
  // Nothing was written on a connection that broke before the first byte.
  if (isUnknown && policy === 'retry') return true
  if (before.written === null && before.arrived === null && isUnknown) return true
  report(isDouble ? 13 : 14, `${key}: ${send.opaque} came after ${before.opaque}, which was ${said}, policy ${policy}`)
  return false
}

/** Sentence 15: a retryable attempt while WhatsApp is down is made again under its number; no other retryable one is. */
function judgeOutage ({ posted: { key, pair } }: Message, list: Send[], sends: Sends, outages: Outages, report: Report): void {
  const sender = senderOf(pair)
  for (const [i, send] of list.entries()) {
    const next = list[i + 1]
    if (outcomeOf(send) !== 'retryable' || next === undefined) continue
    const isMadeAgain = next.opaque === send.opaque
    const open = outages.certain(sender).find(({ from, to }) => send.checked.at > from && sends.knownFrom(send) < to)
    if (open !== undefined && !isMadeAgain) report(15, `${key}: ${send.opaque} was used up while WhatsApp was down`)
    if (isMadeAgain && !isWithin(send.checked.at, outages.possible(sender))) report(15, `${key}: ${send.opaque} was made again without an outage`)
  }
}

/** Each counted attempt reached the provider or has an unknown outcome; a rejection by a rate limit counts as no attempt. */
function judgeAttempts ({ posted: { key }, arrivals, ended }: Message, list: Send[], sends: Sends, report: Report): void {
  for (const { attempt, outcome } of ended?.attempts ?? []) {
    const isSeen = arrivals.some(({ opaque }) => attemptOf(opaque) === attempt)
    // Its node reported too late that it had not started it: it is made under its number, unless a later one was used.
    const isGivenBack = outcome === 'unsent' && ended?.attempts.every(other => other.attempt <= attempt)
    if (outcome !== 'unknown' && !isSeen && isGivenBack !== true) report(15, `${key}: attempt ${attempt} ended ${outcome} and was never made`)
  }
  for (const send of list) {
    const attempt = attemptOf(send.opaque)
    const used = new Set(ended?.attempts.filter(one => one.attempt < attempt).map(one => one.attempt) ?? [])
    if (attempt > 1 && ended !== null && ended.to !== null && used.size < attempt - 1) {
      report(16, `${key}: ${send.opaque} was made, and the history has ${used.size} earlier attempts`)
    }
    const next = list.find(other => other.checked.at > send.checked.at)
    if (!codes.usesNoAttempt.has(send.arrived?.code ?? 0) || next === undefined || attemptOf(next.opaque) <= attempt) continue
    const isRecorded = ended?.attempts.some(one => one.attempt === attempt && one.outcome === 'unknown') === true
    const isUnknown = isRecorded &&
      (sends.knownFrom(send) > (next.granted?.at ?? next.checked.at) || sends.isGrantLost(send.opaque, send.checked.at))
    if (!isUnknown) report(15, `${key}: ${send.arrived?.code} used up attempt ${attempt}`)
  }
}
