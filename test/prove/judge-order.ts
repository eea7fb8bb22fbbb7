/** First attempts go in the order of their line, higher lanes first, and none before its promise. */
import { attemptOf, groupBy, watchedOf, type Arrived, type Fact, type Message, type Rules } from './history.js'
import type { Figures, Note } from './judge.js'

/** How exact clocks of several processes agree, ms. */
const CLOCKS_MS = 5

interface First { message: Message, startedAt: number }

export function judgeOrder (rules: Rules, messages: Map<string, Message>, facts: Fact[], note: Note): Partial<Figures> {
  const looks = groupBy(watchedOf(facts, 'checked'), ({ opaque }) => opaque)
  const numbers = new Map([...messages.keys()].map((key, number) => [key, number]))
  const firsts = [...messages.values()].flatMap((message): First[] => {
    const arrival = message.arrivals.find(({ opaque }) => attemptOf(opaque) === 1)
    return arrival === undefined ? [] : [{ message, startedAt: startOf(arrival, looks.get(arrival.opaque) ?? []) }]
  })
  for (const line of groupBy(firsts, ({ message }) => message.posted.pair).values()) {
    line.sort((a, b) => a.startedAt - b.startedAt)
    judgeLine(rules, line, numbers, note)
  }
  const gone = groupBy([...messages.values()].filter(hasLeft), ({ posted }) => posted.pair)
  for (const first of firsts) judgePromise(rules, first, gone.get(first.message.posted.pair) ?? [], note)
  return {}
}

/** The first start of this attempt; where nobody watched, its arrival. */
function startOf (arrival: Arrived, looks: Array<{ at: number }>): number {
  return Math.min(arrival.at, ...looks.map(({ at }) => at))
}

function judgeLine (rules: Rules, line: First[], numbers: Map<string, number>, note: Note): void {
  const last = new Map<number, First>()
  line.forEach((first, at) => {
    const { key, lane } = first.message.posted
    const before = last.get(lane)
    if (before !== undefined && (numbers.get(before.message.posted.key) ?? 0) > (numbers.get(key) ?? 0)) {
      note('out of order', `${key} started after ${before.message.posted.key}, which was posted later`)
    }
    last.set(lane, first)
    for (const higher of line.slice(at + 1)) {
      if (higher.message.posted.lane >= lane) continue
      const joined = higher.message.answers.find(({ state }) => state === 'queued')
      // A grant may have been given that long before its start.
      if (joined !== undefined && joined.at < first.startedAt - rules.startWithinMs - CLOCKS_MS) {
        note('overtaken', `${higher.message.posted.key} waited in a higher lane when ${key} started`)
      }
    }
  })
}

/** Whoever it is that was ahead: taken back, or too old to go out, it leaves its line without a start. */
function hasLeft ({ ended }: Message): boolean {
  return ended?.state === 'cancelled' || ended?.state === 'expired'
}

/**
 * `delayMs` is a floor, counted from the admission, which is not before the request was made. Each one that leaves the line ahead of
 * it brings it one interval forward: those of its pair that were posted before it and in the end did not go out.
 */
function judgePromise (rules: Rules, { message, startedAt }: First, gone: Message[], note: Note): void {
  const answer = message.answers.find(({ state, delayMs }) => state === 'queued' && typeof delayMs === 'number')
  // What a duplicate is told counts from later on; a wait for the flow may be beaten by the lower lanes' share.
  if (answer === undefined || answer.waitingFor !== 'pair-rate') return
  const ahead = gone.filter(({ posted }) => posted.at < answer.at && posted.lane <= message.posted.lane && posted.key !== message.posted.key)
  const earlyMs = answer.askedAt + (answer.delayMs ?? 0) - startedAt - ahead.length * rules.intervalMs
  if (earlyMs > CLOCKS_MS) note('too early', `${message.posted.key} started ${earlyMs.toFixed(1)} ms before its promise`)
}
