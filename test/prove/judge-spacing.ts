/** Checks that sends of a pair keep their spacing, and that no second has more sends than the rate allows. */
import { groupBy, observedSends, type Arrived, type Fact, type Frozen, type Rules, type ObservedSend } from './history.js'
import type { Figures, Note } from './judge.js'

/** Network time allowed between a start and its arrival, ms. */
const NETWORK_MS = 50
/** Maximum difference between the clocks of several processes, ms. */
const CLOCKS_MS = 5

type Spacing = Pick<Figures, 'closerByFreeze' | 'closerByStall' | 'closerByWire' | 'leastSpacingMs' | 'mostInSecond' | 'longestSilenceMs'>

/** One send: its last clock check, its write, its arrival. */
interface Send { checked: ObservedSend, written: ObservedSend | null, arrived: Arrived | null }

export function judgeSpacing (rules: Rules, facts: Fact[], note: Note): Spacing {
  const spacing: Spacing = { closerByFreeze: 0, closerByStall: 0, closerByWire: 0, leastSpacingMs: Infinity, mostInSecond: 0, longestSilenceMs: 0 }
  const arrivals = facts.filter(fact => fact.fact === 'arrived').sort((a, b) => a.at - b.at)
  const sends = sendsOf(facts, arrivals)
  judgeChecks(rules, sends, arrivals, note)
  const freezes = facts.filter(fact => fact.fact === 'frozen')
  const byArrival = new Map(sends.flatMap(send => send.arrived === null ? [] : [[send.arrived, send]]))
  for (const queue of groupBy(arrivals, ({ pair }) => pair).values()) {
    for (const [at, later] of queue.slice(1).entries()) {
      const earlier = queue[at] as Arrived
      const gap = later.at - earlier.at
      spacing.leastSpacingMs = Math.min(spacing.leastSpacingMs, gap)
      if (gap >= rules.intervalMs - NETWORK_MS) continue
      const reason = explain(byArrival.get(earlier), rules.intervalMs - gap - NETWORK_MS, freezes)
      if (reason === null) note('too close', `${later.opaque} arrived ${gap.toFixed(1)} ms after ${earlier.opaque}`)
      else spacing[reason]++
    }
  }
  const moments = arrivals.map(({ at }) => at)
  for (let from = 0, to = 0; to < moments.length; to++) {
    while ((moments[to] ?? 0) - (moments[from] ?? 0) >= 1000) from++
    spacing.mostInSecond = Math.max(spacing.mostInSecond, to - from + 1)
    if (to > 0) spacing.longestSilenceMs = Math.max(spacing.longestSilenceMs, (moments[to] ?? 0) - (moments[to - 1] ?? 0))
  }
  judgeSeconds(rules, sends, arrivals, note)
  return spacing
}

/** Matches each clock check with the write and the arrival that followed it, attempt by attempt. */
function sendsOf (facts: Fact[], arrivals: Arrived[]): Send[] {
  const written = groupBy(observedSends(facts, 'written'), ({ opaque }) => opaque)
  const arrived = groupBy(arrivals, ({ opaque }) => opaque)
  return observedSends(facts, 'checked').map(checked => {
    const write = written.get(checked.opaque)?.find(one => one.node === checked.node && one.at >= checked.at) ?? null
    const at = arrived.get(checked.opaque)?.findIndex(one => one.at >= checked.at - CLOCKS_MS) ?? -1
    return { checked, written: write, arrived: at < 0 ? null : arrived.get(checked.opaque)?.splice(at, 1)[0] ?? null }
  })
}

/** Clock checks are the starts as far as a process can know, so no delay excuses a violation here. */
function judgeChecks (rules: Rules, sends: Send[], arrivals: Arrived[], note: Note): void {
  const pairs = new Map(arrivals.map(({ opaque, pair }) => [opaque, pair]))
  for (const queue of groupBy(
    sends.filter(({ checked }) => pairs.has(checked.opaque)),
    ({ checked }) => pairs.get(checked.opaque) ?? ''
  ).values()) {
    queue
      .sort((a, b) => a.checked.at - b.checked.at)
      .slice(1)
      .forEach((later, at) => {
        const earlier = queue[at] as Send
        const gap = later.checked.at - checkTimeOf(earlier.checked)
        if (gap < rules.intervalMs - CLOCKS_MS) {
          note('too close', `${later.checked.opaque} started ${gap.toFixed(1)} ms after ${earlier.checked.opaque}`)
        }
      })
  }
}

/** The earliest possible time of this clock check: on a busy machine the process may be delayed around it too. */
function checkTimeOf ({ from, at }: ObservedSend): number {
  return from ?? at
}

/** What delayed the earlier send so much that the later one arrived too close; null if nothing did. */
function explain (earlier: Send | undefined, shortMs: number, freezes: Frozen[]): 'closerByFreeze' | 'closerByStall' | 'closerByWire' | null {
  if (earlier === undefined || earlier.arrived === null) return null
  const { checked, written, arrived } = earlier
  const end = written?.at ?? arrived.at
  const check = checkTimeOf(checked)
  const isFrozen = freezes.some(({ node, from, to }) => node === checked.node && from > check - 50 && end >= to)
  if (end - check >= shortMs) return isFrozen ? 'closerByFreeze' : 'closerByStall'
  return arrived.at - check >= shortMs ? 'closerByWire' : null
}

/** A second of starts contains at most the grants of one second plus those of the time that a grant may take to start. */
function judgeSeconds (rules: Rules, sends: Send[], arrivals: Arrived[], note: Note): void {
  const senders = new Map(arrivals.map(({ opaque, pair }) => [opaque, pair.split('/')[0] ?? '']))
  const most = Math.ceil(rules.perSecond * (1 + (rules.startWithinMs + CLOCKS_MS) / 1000))
  for (const [sender, queue] of groupBy(
    sends.filter(({ checked }) => senders.has(checked.opaque)),
    ({ checked }) => senders.get(checked.opaque) ?? ''
  )) {
    const moments = queue.map(({ checked }) => checked.at).sort((a, b) => a - b)
    for (let from = 0, to = 0; to < moments.length; to++) {
      while ((moments[to] ?? 0) - (moments[from] ?? 0) >= 1000) from++
      if (to - from + 1 > most) note('too many in a second', `${to - from + 1} of ${sender}`)
    }
  }
}
