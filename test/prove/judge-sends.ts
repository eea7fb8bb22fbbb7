/** Sentences 11 to 17: every further send of a message has a cause, and attempts are counted as they were. */
import { attemptOf, type Message, type Rules } from './history.js'
import type { Figures } from './judge.js'
import { provenFrom } from './judge-outcomes.js'
import { CLOCKS_MS, codes, type Note } from './model.js'
import { outcomeOf, saidOf, type Send, type Sends } from './sends.js'

export function judgeSends (rules: Rules, messages: Map<string, Message>, sends: Sends, note: Note): Pick<Figures, 'doubledAsAllowed'> {
  let doubledAsAllowed = 0
  for (const message of messages.values()) {
    const list = sends.of(message.posted.key)
    for (const [at, send] of list.entries()) {
      const isDouble = wasAccepted(send) && list.slice(0, at).some(one => wasAccepted(one) && !failedBefore(one, send, message))
      const isAllowed = at === 0 || isJustified(rules, message, list.slice(0, at), send, sends, isDouble, note)
      if (isDouble && isAllowed) doubledAsAllowed++
    }
    judgeAttempts(message, list, sends, note)
    const used = Math.max(0, ...message.arrivals.map(({ opaque }) => attemptOf(opaque)))
    const most = (rules.retriesMs?.length ?? Infinity) + 1 + message.operations.filter(({ action }) => action === 'retry').length
    if (used > most) note(17, `${message.posted.key}: ${used} attempts`)
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
  rules: Rules, message: Message, earlier: Send[], send: Send, sends: Sends, isDouble: boolean, note: Note
): boolean {
  const { posted: { key, policy }, operations } = message
  const grantedAt = send.granted?.at ?? send.checked.at - rules.startWithinMs
  for (const one of earlier) {
    if (failedBefore(one, send, message) || !wasAccepted(one)) continue
    const provenAt = provenFrom(one, message, sends)
    if (provenAt < grantedAt - CLOCKS_MS) {
      const knownMs = Math.round(grantedAt - provenAt)
      note(isDouble ? 11 : 12, `${key}: ${one.opaque} was known as accepted for ${knownMs} ms when ${send.opaque} was granted`)
      return false
    }
  }
  const before = earlier.at(-1) as Send
  const said = outcomeOf(before)
  if (said === 'refused' || said === 'limited' || failedBefore(before, send, message)) return true
  const isRetried = operations.some(({ action, askedAt, http }) => action === 'retry' && askedAt < send.checked.at && (http < 300 || http >= 500))
  if (isRetried) return true
  // Its response was read, and its node could not write that before the grant.
  const isUnknown = said === 'unknown' || sends.knownFrom(before) > grantedAt
  // Nothing was written on a connection that broke before the first byte.
  if (isUnknown && policy === 'retry') return true
  if (before.written === null && before.arrived === null && isUnknown) return true
  note(isDouble ? 13 : 14, `${key}: ${send.opaque} came after ${before.opaque}, which was ${said}, policy ${policy}`)
  return false
}

/** Each counted attempt reached the provider or has an unknown outcome; a rejection by a rate limit counts as no attempt. */
function judgeAttempts ({ posted: { key }, arrivals, ended }: Message, list: Send[], sends: Sends, note: Note): void {
  for (const { attempt, outcome } of ended?.attempts ?? []) {
    const isSeen = arrivals.some(({ opaque }) => attemptOf(opaque) === attempt)
    if (outcome !== 'unknown' && !isSeen) note(15, `${key}: attempt ${attempt} ended ${outcome} and was never made`)
  }
  for (const send of list) {
    const attempt = attemptOf(send.opaque)
    const used = new Set(ended?.attempts.filter(one => one.attempt < attempt).map(one => one.attempt) ?? [])
    if (attempt > 1 && ended !== null && ended.to !== null && used.size < attempt - 1) {
      note(16, `${key}: ${send.opaque} was made, and the history has ${used.size} earlier attempts`)
    }
    const next = list.find(other => other.checked.at > send.checked.at)
    if (!codes.usesNoAttempt.has(send.arrived?.code ?? 0) || next === undefined || attemptOf(next.opaque) <= attempt) continue
    const isRecorded = ended?.attempts.some(one => one.attempt === attempt && one.outcome === 'unknown') === true
    const isUnknown = isRecorded && sends.knownFrom(send) > (next.granted?.at ?? next.checked.at)
    if (!isUnknown) note(15, `${key}: ${send.arrived?.code} used up attempt ${attempt}`)
  }
}
