/** The sends of each message: each has a clock check, and perhaps a write, an arrival and a response. Reconstructed, for the judge. */
import {
  factsOf, groupBy, nameOf, type Arrived, type Fact, type Frozen, type Granted, type Message, type ObservedSend, type Trouble
} from './history.js'
import { CLOCKS_MS, WRITE_WITHIN_MS, codes } from './model.js'

export interface Send {
  opaque: string
  key: string
  pair: string
  node: string
  /** The last clock check; the arrival where no observer recorded one. */
  checked: ObservedSend
  written: ObservedSend | null
  answered: ObservedSend | null
  arrived: Arrived | null
  granted: Granted | null
}

/** A response that a node has read. */
export interface Answered { node: string, answered: { at: number } | null }

/** Longest time from a grant to its start. */
const GRANT_MS = 1000

/** What a node knows of a send once it has its response. `unknown`: it has none. */
export type Outcome = 'accepted' | 'retryable' | 'rejected' | 'limited' | 'unknown'

/** All sends, oldest first, and the means to ask about nodes. */
export interface Sends {
  all: Send[]
  of: (key: string) => Send[]
  /** From when on the gateway as a whole can know the response of a send; Infinity if the node never could write it. */
  knownFrom: (send: Answered) => number
  /**
   * Whether an attempt was granted in a time, and its node ended, stood still or lost Redis before it started or gave it back: no process knows
   * whether it started.
   */
  isGrantLost: (opaque: string, from: number, to?: number) => boolean
  freezes: Frozen[]
}

export function sendsOf (messages: Map<string, Message>, facts: Fact[]): Sends {
  const owners = new Map([...messages.values()].flatMap(({ posted, arrivals, responses }) =>
    [...arrivals.map(({ opaque }) => nameOf(opaque)), ...responses.flatMap(({ id }) => id === undefined ? [] : [id.slice(id.indexOf('.') + 1)])]
      .map(name => [name, posted] as const)))
  const of = (kind: 'checked' | 'written' | 'answered'): Map<string, ObservedSend[]> =>
    groupBy(factsOf(facts, kind).sort((a, b) => a.at - b.at), ({ opaque }) => opaque)
  const [checks, writes, responses] = [of('checked'), of('written'), of('answered')]
  const arrived = groupBy([...messages.values()].flatMap(({ arrivals }) => arrivals).sort((a, b) => a.at - b.at), ({ opaque }) => opaque)
  const granted = groupBy(factsOf(facts, 'granted').sort((a, b) => a.at - b.at), ({ opaque }) => opaque)
  // Of a time whose writes Redis lost, the append-only file has no grants.
  const losses = factsOf(facts, 'lost-writes')
  const isLost = (at: number): boolean => losses.some(one => at >= one.from - GRANT_MS && at <= one.at + GRANT_MS)
  const all: Send[] = []
  for (const [opaque, list] of checks) {
    const posted = owners.get(nameOf(opaque))
    if (posted === undefined) continue
    const arrivals = [...arrived.get(opaque) ?? []]
    list.forEach((checked, i) => {
      // A limited attempt is made again under the same name.
      const next = list.slice(i + 1).find(({ node }) => node === checked.node)?.at ?? Infinity
      const mine = (one: ObservedSend): boolean => one.node === checked.node && one.at >= checked.at && one.at < next
      const index = arrivals.findIndex(one => one.at >= checked.at - CLOCKS_MS)
      all.push({
        opaque,
        key: posted.key,
        pair: posted.pair,
        node: checked.node,
        checked,
        written: writes.get(opaque)?.find(mine) ?? null,
        answered: responses.get(opaque)?.find(mine) ?? null,
        arrived: index < 0 ? null : arrivals.splice(index, 1)[0] ?? null,
        granted: isLost(checked.at) ? null : granted.get(opaque)?.findLast(one => one.at <= checked.at + CLOCKS_MS) ?? null
      })
    })
    arrived.set(opaque, arrivals)
  }
  for (const arrivals of arrived.values()) for (const one of arrivals) all.push(unobserved(one))
  all.sort((a, b) => a.checked.at - b.checked.at)
  const byKey = groupBy(all, ({ key }) => key)
  const freezes = factsOf(facts, 'frozen')
  const troubles = factsOf(facts, 'trouble')
  return {
    all,
    of: key => byKey.get(key) ?? [],
    knownFrom: send => knownFrom(send, freezes, troubles),
    isGrantLost: (opaque, from, to = Infinity) => (granted.get(opaque) ?? []).filter(({ at }) => at > from && at <= to).some(({ at }) =>
      [...freezes, ...troubles].some(one => (one.fact === 'frozen' || one.of === 'process' || one.of === 'redis') &&
        one.from < at + GRANT_MS + WRITE_WITHIN_MS && one.to > at)),
    freezes
  }
}

function unobserved (arrived: Arrived): Send {
  const { opaque, key, pair, at } = arrived
  const checked: ObservedSend = { fact: 'checked', at, node: '', opaque }
  return { opaque, key, pair, node: '', checked, written: null, answered: { ...checked, fact: 'answered' }, arrived, granted: null }
}

/** What the response says; `unknown` without one that says it. */
export function outcomeOf ({ answered, arrived }: Send): Outcome {
  if (answered === null || arrived === null) return 'unknown'
  return saidOf(arrived)
}

export function saidOf ({ outcome, code }: Arrived): Outcome {
  if (outcome === 'accepted') return 'accepted'
  if (outcome !== 'rejected' || code === null) return 'unknown'
  if (codes.usesNoAttempt.has(code)) return 'limited'
  return codes.temporary.has(code) ? 'retryable' : 'rejected'
}

/**
 * The node can write a response to Redis once it has run, with Redis, for WRITE_WITHIN_MS after it. A node that ended before that could not; one
 * that was frozen or cut off could later.
 */
function knownFrom ({ answered, node }: Answered, freezes: Frozen[], troubles: Trouble[]): number {
  if (answered === null) return Infinity
  const about = troubles.filter(one => (one.of === 'redis' || one.of === 'process') && (one.node === null || one.node === node))
  const ends = about.filter(({ of, node, from }) => of === 'process' && node !== null && from >= answered.at).map(({ from }) => from)
  const end = Math.min(Infinity, ...ends)
  const blocks = [...about, ...freezes.filter(one => one.node === node)].filter(({ to }) => to > answered.at).sort((a, b) => a.from - b.from)
  let from = answered.at
  for (const block of blocks) {
    if (block.from - from >= WRITE_WITHIN_MS) break
    from = Math.max(from, block.to)
  }
  return from + WRITE_WITHIN_MS <= end ? from + WRITE_WITHIN_MS : Infinity
}

/** The part of a time that no interval covers, ms. */
export function uncovered (from: number, to: number, intervals: Array<{ from: number, to: number }>): number {
  let left = 0
  let at = from
  for (const one of intervals.filter(one => one.to > from && one.from < to).sort((a, b) => a.from - b.from)) {
    if (one.from > at) left += one.from - at
    at = Math.max(at, one.to)
  }
  return left + Math.max(0, to - at)
}
