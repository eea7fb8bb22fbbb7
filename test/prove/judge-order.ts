/** Checks that first attempts keep the order of their queue, that higher lanes go first, and that no message starts before its `delayMs`. */
import { attemptOf, groupBy, observedSends, type Arrived, type Fact, type Message, type Rules } from './history.js'
import type { Figures, Note } from './judge.js'

/** Maximum difference between the clocks of several processes, ms. */
const CLOCKS_MS = 5

interface First { message: Message, startedAt: number }

export function judgeOrder (rules: Rules, messages: Map<string, Message>, facts: Fact[], note: Note): Partial<Figures> {
  const checks = groupBy(observedSends(facts, 'checked'), ({ opaque }) => opaque)
  const numbers = new Map([...messages.keys()].map((key, number) => [key, number]))
  const firsts = [...messages.values()].flatMap((message): First[] => {
    const arrival = message.arrivals.find(({ opaque }) => attemptOf(opaque) === 1)
    return arrival === undefined ? [] : [{ message, startedAt: startOf(arrival, checks.get(arrival.opaque) ?? []) }]
  })
  for (const queue of groupBy(firsts, ({ message }) => message.posted.pair).values()) {
    queue.sort((a, b) => a.startedAt - b.startedAt)
    judgeQueue(rules, queue, numbers, note)
  }
  const removed = groupBy([...messages.values()].filter(leftUnsent), ({ posted }) => posted.pair)
  for (const first of firsts) judgePromise(rules, first, removed.get(first.message.posted.pair) ?? [], note)
  return {}
}

/** The first start of this attempt; its arrival if no observer recorded the start. */
function startOf (arrival: Arrived, checks: Array<{ at: number }>): number {
  return Math.min(arrival.at, ...checks.map(({ at }) => at))
}

function judgeQueue (rules: Rules, queue: First[], numbers: Map<string, number>, note: Note): void {
  const last = new Map<number, First>()
  queue.forEach((first, at) => {
    const { key, lane } = first.message.posted
    const before = last.get(lane)
    if (before !== undefined && (numbers.get(before.message.posted.key) ?? 0) > (numbers.get(key) ?? 0)) {
      note('out of order', `${key} started after ${before.message.posted.key}, which was posted later`)
    }
    last.set(lane, first)
    for (const higher of queue.slice(at + 1)) {
      if (higher.message.posted.lane >= lane) continue
      const joined = higher.message.responses.find(({ state }) => state === 'queued')
      // The grant may be that much older than the start.
      if (joined !== undefined && joined.at < first.startedAt - rules.startWithinMs - CLOCKS_MS) {
        note('overtaken', `${higher.message.posted.key} waited in a higher lane when ${key} started`)
      }
    }
  })
}

/** A cancelled or expired message leaves its queue without a start. */
function leftUnsent ({ ended }: Message): boolean {
  return ended?.state === 'cancelled' || ended?.state === 'expired'
}

/**
 * `delayMs` is a lower bound, counted from the admission, which is not earlier than the request. Each message that leaves the queue
 * ahead of it brings it one interval forward: earlier messages of its pair that were not sent in the end.
 */
function judgePromise (rules: Rules, { message, startedAt }: First, removed: Message[], note: Note): void {
  const response = message.responses.find(({ state, delayMs }) => state === 'queued' && typeof delayMs === 'number')
  // The delay of a duplicate counts from a later time; the lower lanes' share may shorten a wait for the sender rate.
  if (response === undefined || response.waitingFor !== 'pair-rate') return
  const ahead = removed.filter(({ posted }) => posted.at < response.at && posted.lane <= message.posted.lane && posted.key !== message.posted.key)
  const earlyMs = response.askedAt + (response.delayMs ?? 0) - startedAt - ahead.length * rules.intervalMs
  if (earlyMs > CLOCKS_MS) note('too early', `${message.posted.key} started ${earlyMs.toFixed(1)} ms before its delayMs had passed`)
}
