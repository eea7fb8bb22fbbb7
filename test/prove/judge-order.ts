/** Sentences 22 to 25: first attempts keep the order of their queue, higher lanes go first, and nothing starts before its time. */
import { attemptOf, factsOf, groupBy, nameOf, senderOf, type Fact, type Message, type Responded, type Rules } from './history.js'
import type { Suspended } from './judge-campaigns.js'
import { clearsOf } from './judge-operators.js'
import { mayBeMoved } from './judge-plans.js'
import { CLOCKS_MS, type Report } from './model.js'
import { isWithin, type Outages } from './outages.js'
import { rulesInForce, type RulesInForce } from './rules-in-force.js'
import { outcomeOf, type Send, type Sends } from './sends.js'

/** The first attempt of a message, and when the message was accepted: not before `postedAt`, and not after `acceptedAt`. */
interface First { message: Message, send: Send, startedAt: number, postedAt: number, acceptedAt: number, isAgain: boolean }

export function judgeOrder (
  rules: Rules, messages: Map<string, Message>, sends: Sends, outages: Outages, suspended: Suspended, facts: Fact[], report: Report
): void {
  const firsts = [...messages.values()].flatMap((message): First[] => {
    const send = sends.of(message.posted.key).find(({ opaque }) => attemptOf(opaque) === 1)
    return send === undefined ? [] : [{ message, send, startedAt: startOf(send), ...acceptanceOf(message, nameOf(send.opaque)) }]
  })
  // By as much the leases ended earlier.
  const steppedMs = factsOf(facts, 'clock-stepped').reduce((sum, { stepMs }) => sum + Math.max(0, stepMs), 0)
  for (const queue of groupBy(firsts, ({ message }) => message.posted.pair).values()) {
    queue.sort((a, b) => a.startedAt - b.startedAt)
    judgeQueue(rules, queue, sends, suspended, steppedMs, report)
  }
  const byPair = groupBy(messages.values(), ({ posted }) => posted.pair)
  const inForce = rulesInForce(rules, facts)
  const clears = clearsOf(facts)
  for (const first of firsts) {
    const { posted: { pair, at } } = first.message
    // An operator allowed the pair's next send at once.
    if (mayBeMoved(first.message) || clears(pair).some(({ from, to }) => to >= at && from <= first.startedAt)) continue
    const removed = (byPair.get(pair) ?? []).filter(other => leftUnsent(other) || mayBeMoved(other) ||
      leftAsSent(other, sends.of(other.posted.key), first) || suspended.holds(other).some(({ from, to }) => from < first.startedAt && to > at))
    judgePromise(inForce, first, sends.of(first.message.posted.key), removed, report)
  }
  judgeRetries(rules, messages, sends, outages, report)
}

/**
 * The acceptance under the name with which a message started. Where Redis lost an earlier one, the message was accepted again under another name, and
 * Redis's clock says when: no response may be left of that, since a node may have taken up an earlier request late.
 */
function acceptanceOf ({ posted, responses, ended }: Message, name: string): Pick<First, 'postedAt' | 'acceptedAt' | 'isAgain'> {
  const accepted = responses.filter(isAccepted)
  const isSame = isUnder(name)
  const isAgain = !accepted.every(isSame)
  const acceptedAt = Math.min(Infinity, ...accepted.filter(isSame).map(({ at }) => at))
  if (!isAgain) return { postedAt: posted.at, acceptedAt, isAgain }
  const createdAt = ended !== null && isSame(ended) ? ended.createdAt : undefined
  return { postedAt: createdAt ?? posted.at, acceptedAt: createdAt ?? acceptedAt, isAgain }
}

/** Whether a response is about the message under this name. One without an id may be. */
function isUnder (name: string) {
  return ({ id }: Pick<Responded, 'id'>): boolean => id === undefined || id.endsWith(`.${name}`)
}

function isAccepted ({ status }: Responded): boolean {
  return status >= 200 && status < 300
}

/** The arrival if that was earlier than any record of the start. */
function startOf ({ checked, arrived }: Send): number {
  return Math.min(checked.at, arrived?.at ?? Infinity)
}

function judgeQueue (
  { startWithinMs, leaseMs = Infinity }: Rules, queue: First[], sends: Sends, suspended: Suspended, steppedMs: number, report: Report
): void {
  queue.forEach((first, i) => {
    const { key, lane, scheduledFor } = first.message.posted
    for (const later of queue.slice(i + 1, i + 20)) {
      // A move changes its lane, or its place.
      if (mayBeMoved(first.message) || mayBeMoved(later.message)) continue
      // One that waits for its template or its campaign is in no queue.
      if (suspended.holds(later.message).some(one => isWithin(first.startedAt, [one]))) continue
      // Its first attempt ended with the lease of its node, and counted as unknown until the node reported that it had not started it.
      if (sends.isGrantLost(later.send.opaque, -Infinity, first.startedAt - Math.max(0, leaseMs - steppedMs))) continue
      if (later.message.posted.lane === lane && isAhead(later, first)) {
        report(22, `${key} started before ${later.message.posted.key}, which was accepted earlier`)
      }
      if (later.message.posted.lane >= lane || scheduledFor !== undefined || later.message.posted.scheduledFor !== undefined) continue
      // Under the name with which it started: Redis may have lost an earlier acceptance.
      const isSame = isUnder(nameOf(later.send.opaque))
      const joined = later.message.responses.find(response => response.state === 'queued' && isSame(response))
      // The grant may be that much older than the start.
      const grantedAt = first.send.granted?.at ?? first.startedAt - startWithinMs
      if (joined !== undefined && joined.at < grantedAt - CLOCKS_MS) {
        report(23, `${later.message.posted.key} waited in a higher lane when ${key} started`)
      }
    }
  })
}

/** Whether a message is ahead of another of its pair and lane, by what callers know of their acceptance. */
function isAhead (one: First, other: First): boolean {
  const [a, b] = [one.message.posted, other.message.posted]
  if (a.scheduledFor !== undefined || b.scheduledFor !== undefined) {
    // A scheduled message joins when it is due. One accepted after its time joins at once, as one without a time.
    const [aAt, bAt] = [joinsAt(one), joinsAt(other)]
    if (aAt !== null && bAt !== null && aAt !== bAt) return aAt < bAt
    if (aAt !== null && bAt === null) return aAt < other.postedAt - CLOCKS_MS
    if (aAt === null && bAt !== null) return one.acceptedAt < bAt - CLOCKS_MS
  }
  if (one.isAgain || other.isAgain) return one.acceptedAt < other.postedAt - CLOCKS_MS
  if (one.message.number >= other.message.number) return false
  // A row that the batch did not accept was posted again after the batch.
  if (a.batch !== undefined && a.batch === b.batch) return one.message.responses.slice(0, 1).some(isAccepted)
  // One that a node refused may still be accepted by another, which took an earlier request up late.
  return one.acceptedAt <= other.postedAt
}

/** When a scheduled message joins its queue; null for one that joins when it is accepted. */
function joinsAt ({ message: { posted: { scheduledFor } }, acceptedAt }: First): number | null {
  return scheduledFor !== undefined && acceptedAt < scheduledFor ? scheduledFor : null
}

/** A cancelled or expired message leaves its queue without a start. */
function leftUnsent ({ ended }: Message): boolean {
  return ended?.state === 'cancelled' || ended?.state === 'expired'
}

/** A webhook proved an attempt of a message that waited for its resend, which then left its queue without a start. */
function leftAsSent ({ statuses }: Message, list: Send[], { message: { responses }, startedAt }: First): boolean {
  const from = responses[0]?.askedAt ?? startedAt
  const isProven = statuses.some(({ kind, http, askedAt }) => kind !== 'failed' && http === 200 && askedAt < startedAt)
  return isProven && list.some(({ checked }) => checked.at < from) && !list.some(({ checked }) => checked.at >= from && checked.at < startedAt)
}

/**
 * Sentence 24. `delayMs` is a lower bound, counted from the admission, which is not earlier than the request. Each message that leaves the queue
 * ahead of it brings it one interval forward: earlier messages of its pair that were not sent in the end. Where a limit sent the message back into
 * its queue while its caller waited, the delay counts from there.
 */
function judgePromise (inForce: RulesInForce, { message, startedAt: firstAt }: First, list: Send[], removed: Message[], report: Report): void {
  const { posted, responses } = message
  let startedAt = firstAt
  if (posted.scheduledFor !== undefined && startedAt < posted.scheduledFor - CLOCKS_MS) {
    report(24, `${posted.key} started ${(posted.scheduledFor - startedAt).toFixed(1)} ms before it was scheduled`)
  }
  const response = responses.find(({ state, delayMs }) => state === 'queued' && typeof delayMs === 'number')
  // The delay of a duplicate counts from a later time; the lower lanes' share may shorten a wait for the sender rate.
  if (response === undefined || response.waitingFor !== 'pair-rate') return
  const limitedAt = list.filter(send => outcomeOf(send) === 'limited').map(({ answered }) => answered?.at ?? 0).findLast(at => at <= response.at)
  const next = limitedAt === undefined ? undefined : list.find(({ checked }) => checked.at > limitedAt)
  if (limitedAt !== undefined) startedAt = next === undefined ? Infinity : startOf(next)
  const ahead = removed.filter(other => other.posted.at < response.at && other.posted.lane <= posted.lane && other.posted.key !== posted.key)
  const during = inForce.during(senderOf(posted.pair), response.askedAt, startedAt)
  // An operator eased a rule.
  if (during.length > 1) return
  const earlyMs = (limitedAt ?? response.askedAt) + (response.delayMs ?? 0) - startedAt - ahead.length * (during[0]?.intervalMs ?? 0)
  if (earlyMs > CLOCKS_MS) report(24, `${posted.key} started ${earlyMs.toFixed(1)} ms before its delayMs had passed`)
}

/** Sentence 25: a retry after a refusal waits for the delay of the schedule. */
function judgeRetries (rules: Rules, messages: Map<string, Message>, sends: Sends, outages: Outages, report: Report): void {
  for (const { posted: { key, pair }, operations } of messages.values()) {
    sends.of(key).forEach((send, i, list) => {
      const before = list[i - 1]
      if (before === undefined || outcomeOf(before) !== 'retryable' || operations.some(({ action }) => action === 'retry')) return
      // While WhatsApp is down, an attempt is made again under its number, and an unknown one does not count.
      if (before.opaque === send.opaque) return
      const attempt = attemptOf(before.opaque)
      const isSpared = (one: Send): boolean => outcomeOf(one) === 'unknown' && isWithin(one.checked.at, outages.possible(senderOf(pair)))
      const spared = list.slice(0, i).filter(isSpared).length
      const delays = rules.retriesMs?.slice(Math.max(0, attempt - 1 - spared), attempt) ?? []
      const delayMs = delays.length === 0 ? 0 : Math.min(...delays)
      const earlyMs = (before.arrived?.at ?? 0) + delayMs - send.checked.at
      if (earlyMs > CLOCKS_MS) report(25, `${send.opaque} started ${earlyMs.toFixed(0)} ms before its retry was due`)
    })
  }
}
