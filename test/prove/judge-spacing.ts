/** Sentences 18 to 21: the spacing of a pair at the clock check and at the write, and the rate of a sender. */
import { factsOf, groupBy, senderOf, type Arrived, type Fact, type Granted, type Rules } from './history.js'
import type { Figures } from './judge.js'
import { clearsOf } from './judge-operators.js'
import { CLOCKS_MS, NETWORK_MS, RATE_TOLERANCE, type Report } from './model.js'
import { rulesInForce, type RulesInForce } from './rules-in-force.js'
import type { Send, Sends } from './sends.js'

type IsCleared = (earlier: Send, later: Send) => boolean
type Spacing = Pick<
  Figures, 'closerByFreeze' | 'closerByStall' | 'arrivedCloser' | 'leastSpacingMs' | 'mostInSecond' | 'mostStartedInSecond' | 'longestSilenceMs'
>

/** Numbers of consecutive sends that are checked against the burst and the interval. */
const MOST_IN_ROW = 6

export function judgeSpacing (rules: Rules, sends: Sends, facts: Fact[], report: Report): Spacing {
  const spacing: Spacing = {
    closerByFreeze: 0, closerByStall: 0, arrivedCloser: 0, leastSpacingMs: Infinity, mostInSecond: 0, mostStartedInSecond: 0, longestSilenceMs: 0
  }
  const inForce = rulesInForce(rules, facts)
  const clearsOfPair = clearsOf(facts)
  for (const [pair, list] of groupBy(sends.all, ({ pair }) => pair)) {
    const clears = clearsOfPair(pair)
    // An operator who clears a pair allows its next send at once, so two sends are not compared if that may have happened between them.
    const isCleared: IsCleared = ({ granted, checked }, later) =>
      clears.some(({ from, to }) => from <= later.checked.at && to >= (granted?.at ?? checked.at))
    judgeChecks(inForce, pair, list, isCleared, report)
    judgeWrites(inForce, pair, list, sends, isCleared, spacing, report)
  }
  const arrivals = factsOf(facts, 'arrived').sort((a, b) => a.at - b.at)
  for (const [pair, list] of groupBy(arrivals, ({ pair }) => pair)) countArrivals(inForce, pair, list, spacing)
  arrivals.forEach(({ at }, index) => {
    if (index > 0) spacing.longestSilenceMs = Math.max(spacing.longestSilenceMs, at - (arrivals[index - 1]?.at ?? at))
  })
  spacing.mostInSecond = mostInSecond(arrivals.map(({ at }) => at)).most
  judgeRates(inForce, rules, sends, grantsOf(sends, facts), spacing, report)
  return spacing
}

/** The least time that `count` sends in a row have to take: an idle pair may get a burst. */
function leastMs (inForce: RulesInForce, pair: string, from: number, to: number, count: number): number {
  return inForce.leastMs(senderOf(pair), from, to, count)
}

/** Sentence 18. Clock checks are the starts as far as a process can know, so no delay excuses a violation here. */
function judgeChecks (inForce: RulesInForce, pair: string, list: Send[], isCleared: IsCleared, report: Report): void {
  inRows(list.filter(({ node }) => node !== ''), (earlier, later, count) => {
    if (isCleared(earlier, later)) return
    const gap = later.checked.at - (earlier.checked.from ?? earlier.checked.at)
    const least = leastMs(inForce, pair, earlier.checked.at, later.checked.at, count)
    if (gap < least - CLOCKS_MS) report(18, `${later.opaque} started ${gap.toFixed(1)} ms after ${earlier.opaque}, ${count - 1} before it`)
  })
}

/** Sentence 19. Only a process that stood still between the check and the write of the earlier send, for as long as is missing, is excused. */
function judgeWrites (
  inForce: RulesInForce, pair: string, list: Send[], sends: Sends, isCleared: IsCleared, spacing: Spacing, report: Report
): void {
  const written = list.filter(send => send.written !== null || send.node === '').sort((a, b) => writtenAt(a) - writtenAt(b))
  inRows(written, (earlier, later, count) => {
    if (isCleared(earlier, later)) return
    const gap = writtenAt(later) - writtenAt(earlier)
    const least = leastMs(inForce, pair, earlier.checked.at, writtenAt(later), count)
    if (gap >= least - CLOCKS_MS || count > 2) return
    const delayed = writtenAt(earlier) - (earlier.checked.from ?? earlier.checked.at)
    const isFrozen = sends.freezes.some(({ node, from, to }) => node === earlier.node && from > earlier.checked.at - 50 && writtenAt(earlier) >= to)
    if (delayed < least - gap - CLOCKS_MS) report(19, `${later.opaque} was written ${gap.toFixed(1)} ms after ${earlier.opaque}`)
    else spacing[isFrozen ? 'closerByFreeze' : 'closerByStall']++
  })
}

function writtenAt ({ written, checked }: Send): number {
  return written?.at ?? checked.at
}

/** Each send with each of the last few before it. */
function inRows (list: Send[], check: (earlier: Send, later: Send, count: number) => void): void {
  list.forEach((later, i) => {
    for (let back = 1; back < MOST_IN_ROW && back <= i; back++) check(list[i - back] as Send, later, back + 1)
  })
}

function countArrivals (inForce: RulesInForce, pair: string, list: Arrived[], spacing: Spacing): void {
  for (const [i, later] of list.slice(1).entries()) {
    const earlier = list[i] as Arrived
    const gap = later.at - earlier.at
    spacing.leastSpacingMs = Math.min(spacing.leastSpacingMs, gap)
    if (gap < leastMs(inForce, pair, earlier.at, later.at, 2) - NETWORK_MS) spacing.arrivedCloser++
  }
}

/** The grants that count. After a step forward of Redis's clock only those that started: by the old time another is too early, and is given back. */
function grantsOf (sends: Sends, facts: Fact[]): Granted[] {
  const steppedAt = Math.min(...factsOf(facts, 'clock-stepped').filter(({ stepMs }) => stepMs > 0).map(({ at }) => at))
  const started = new Set(sends.all.map(({ granted }) => granted))
  return factsOf(facts, 'granted').filter(one => one.at < steppedAt || started.has(one))
}

/**
 * Sentence 20 holds for what Redis grants, by its clock. Where no append-only file was read, starts stand in. Sentence 21 limits how far
 * a start may lie behind its grant, and so by how much a second of starts may exceed a second of grants.
 */
function judgeRates (inForce: RulesInForce, rules: Rules, sends: Sends, granted: Granted[], spacing: Spacing, report: Report): void {
  const starts = groupBy(sends.all.filter(({ node }) => node !== ''), ({ pair }) => senderOf(pair))
  for (const list of starts.values()) {
    spacing.mostStartedInSecond = Math.max(spacing.mostStartedInSecond, mostInSecond(list.map(({ checked }) => checked.at)).most)
  }
  const judged = granted.length > 0
    ? [...groupBy(granted, ({ pair }) => senderOf(pair))].map(([sender, list]) => ({ sender, times: list.map(({ at }) => at), slack: 0 }))
    : [...starts].map(([sender, list]) => ({ sender, times: list.map(({ checked }) => checked.at), slack: (rules.startWithinMs + CLOCKS_MS) / 1000 }))
  for (const { sender, times, slack } of judged) {
    const rates = (from: number, to: number): number => Math.max(...inForce.during(sender, from, to).map(({ perSecond }) => perSecond))
    const limit = (from: number, to: number): number => Math.floor(rates(from, to) * (1 + RATE_TOLERANCE + slack)) + (slack > 0 ? 1 : 0)
    const { over } = mostInSecond(times.sort((a, b) => a - b), limit)
    for (const { count, at } of over) report(20, `${count} of ${sender} in the second before ${Math.round(at)}`)
  }
  for (const { granted, checked, opaque } of sends.all) {
    if (granted === null) continue
    const lateMs = (checked.from ?? checked.at) - granted.at
    if (lateMs > rules.startWithinMs + CLOCKS_MS) report(21, `${opaque} started ${lateMs.toFixed(0)} ms after its grant`)
  }
}

/** The most in any second, and those seconds that hold more than `limit` allows; consecutive ones count once. */
function mostInSecond (
  times: number[], limit: (from: number, to: number) => number = () => Infinity
): { most: number, over: Array<{ count: number, at: number }> } {
  let most = 0
  const over: Array<{ count: number, at: number }> = []
  for (let from = 0, to = 0; to < times.length; to++) {
    const at = times[to] ?? 0
    while (at - (times[from] ?? 0) >= 1000) from++
    const count = to - from + 1
    most = Math.max(most, count)
    if (count > limit(times[from] ?? 0, at) && at - (over.at(-1)?.at ?? -Infinity) >= 1000) over.push({ count, at })
  }
  return { most, over }
}
