/** Sentences 22 to 25: first attempts keep the order of their queue, higher lanes go first, and nothing starts before its time. */
import { attemptOf, factsOf, groupBy, senderOf, type Fact, type Message, type Rules } from './history.js'
import { CLOCKS_MS, type Note } from './model.js'
import { rulesInForce, type RulesInForce } from './rules-in-force.js'
import { outcomeOf, type Send, type Sends } from './sends.js'

interface First { message: Message, send: Send, startedAt: number }

export function judgeOrder (rules: Rules, messages: Map<string, Message>, sends: Sends, facts: Fact[], note: Note): void {
  const firsts = [...messages.values()].flatMap((message): First[] => {
    const send = sends.of(message.posted.key).find(({ opaque }) => attemptOf(opaque) === 1)
    return send === undefined ? [] : [{ message, send, startedAt: startOf(send) }]
  })
  for (const queue of groupBy(firsts, ({ message }) => message.posted.pair).values()) {
    queue.sort((a, b) => a.startedAt - b.startedAt)
    judgeQueue(rules, queue, note)
  }
  const byPair = groupBy(messages.values(), ({ posted }) => posted.pair)
  const inForce = rulesInForce(rules, facts)
  const clears = factsOf(facts, 'operated').filter(({ action }) => action === 'clear')
  for (const first of firsts) {
    const { posted: { pair, at } } = first.message
    // An operator allowed the pair's next send at once.
    if (clears.some(one => one.pair === pair && one.at >= at && one.askedAt <= first.startedAt)) continue
    const removed = (byPair.get(pair) ?? []).filter(other => leftUnsent(other) || leftAsSent(other, sends.of(other.posted.key), first))
    judgePromise(inForce, first, removed, note)
  }
  judgeRetries(rules, messages, sends, note)
}

/** The arrival if that was earlier than any record of the start. */
function startOf ({ checked, arrived }: Send): number {
  return Math.min(checked.at, arrived?.at ?? Infinity)
}

function judgeQueue (rules: Rules, queue: First[], note: Note): void {
  queue.forEach((first, at) => {
    const { key, lane, scheduledFor } = first.message.posted
    for (const later of queue.slice(at + 1, at + 20)) {
      if (later.message.posted.lane === lane && isAhead(later.message, first.message)) {
        note(22, `${key} started before ${later.message.posted.key}, which was accepted earlier`)
      }
      if (later.message.posted.lane >= lane || scheduledFor !== undefined || later.message.posted.scheduledFor !== undefined) continue
      const joined = later.message.responses.find(({ state }) => state === 'queued')
      // The grant may be that much older than the start.
      const grantedAt = first.send.granted?.at ?? first.startedAt - rules.startWithinMs
      if (joined !== undefined && joined.at < grantedAt - CLOCKS_MS) {
        note(23, `${later.message.posted.key} waited in a higher lane when ${key} started`)
      }
    }
  })
}

/** Whether a message is ahead of another of its pair and lane, by what callers know of their acceptance. */
function isAhead (one: Message, other: Message): boolean {
  const [a, b] = [one.posted, other.posted]
  if (a.scheduledFor !== undefined || b.scheduledFor !== undefined) {
    // A scheduled message joins when it is due; among others it has no place that callers know. One accepted after its time joins at once.
    if (a.scheduledFor === undefined || b.scheduledFor === undefined || !isAcceptedInTime(one) || !isAcceptedInTime(other)) return false
    if (a.scheduledFor !== b.scheduledFor) return a.scheduledFor < b.scheduledFor
  }
  if (one.number >= other.number) return false
  // A row that the batch did not accept was posted again after the batch.
  if (a.batch !== undefined && a.batch === b.batch) return isFirstAccepted(one)
  // One that a node refused may still be accepted by another, which took an earlier request up late.
  return one.responses.some(({ status, at }) => status >= 200 && status < 300 && at <= b.at)
}

function isAcceptedInTime ({ posted: { scheduledFor = 0 }, responses }: Message): boolean {
  return responses.some(({ status, at }) => status >= 200 && status < 300 && at < scheduledFor)
}

function isFirstAccepted ({ responses }: Message): boolean {
  const status = responses[0]?.status ?? 0
  return status >= 200 && status < 300
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
 * ahead of it brings it one interval forward: earlier messages of its pair that were not sent in the end.
 */
function judgePromise (inForce: RulesInForce, { message, startedAt }: First, removed: Message[], note: Note): void {
  const { posted, responses } = message
  if (posted.scheduledFor !== undefined && startedAt < posted.scheduledFor - CLOCKS_MS) {
    note(24, `${posted.key} started ${(posted.scheduledFor - startedAt).toFixed(1)} ms before it was scheduled`)
  }
  const response = responses.find(({ state, delayMs }) => state === 'queued' && typeof delayMs === 'number')
  // The delay of a duplicate counts from a later time; the lower lanes' share may shorten a wait for the sender rate.
  if (response === undefined || response.waitingFor !== 'pair-rate') return
  const ahead = removed.filter(other => other.posted.at < response.at && other.posted.lane <= posted.lane && other.posted.key !== posted.key)
  const during = inForce.during(senderOf(posted.pair), response.askedAt, startedAt)
  // An operator eased a rule.
  if (during.length > 1) return
  const earlyMs = response.askedAt + (response.delayMs ?? 0) - startedAt - ahead.length * (during[0]?.intervalMs ?? 0)
  if (earlyMs > CLOCKS_MS) note(24, `${posted.key} started ${earlyMs.toFixed(1)} ms before its delayMs had passed`)
}

/** Sentence 25: a retry after a refusal waits for the delay of the schedule. */
function judgeRetries (rules: Rules, messages: Map<string, Message>, sends: Sends, note: Note): void {
  for (const { posted: { key }, operations } of messages.values()) {
    sends.of(key).forEach((send, at, list) => {
      const before = list[at - 1]
      if (before === undefined || outcomeOf(before) !== 'refused' || operations.some(({ action }) => action === 'retry')) return
      const delayMs = rules.retriesMs?.[attemptOf(before.opaque) - 1] ?? 0
      const earlyMs = (before.arrived?.at ?? 0) + delayMs - send.checked.at
      if (earlyMs > CLOCKS_MS) note(25, `${send.opaque} started ${earlyMs.toFixed(0)} ms before its retry was due`)
    })
  }
}
