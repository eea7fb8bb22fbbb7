import { hourOf, digestOf, senderKey } from '../redis/keys.js'
import { findTerm, openHour, type Hour, type IndexEntry } from '../redis/lookup-index.js'
import type { Store } from '../redis/store.js'
import type { Criteria } from './criteria.js'
import { mayMatch } from './criteria.js'
import { parseRecord, parseResult } from './record.js'

/**
 * A place in the order of a search, newest first: by time of acceptance, in the same millisecond by sender, and within a sender in the order of
 * acceptance.
 */
export interface Position { atMs: number, sender: string, hour: number, number: number }

/** Positive if `one` is newer. */
export function comparePositions (one: Position, other: Position): number {
  return one.atMs - other.atMs || (one.sender < other.sender ? -1 : one.sender > other.sender ? 1 : 0) ||
    one.hour - other.hour || one.number - other.number
}

/** Between all messages that were accepted then or later, and those before. */
export const before = (atMs: number): Position => ({ atMs, sender: '', hour: 0, number: 0 })

/** Places that are read of one hour at a time. */
const CHUNK = 200
/** Hours that are opened at a time: most searches find nothing in most hours. */
const HOURS_AT_ONCE = 24
/** What opening an hour costs, in places of the index. */
const COST_OF_HOUR = 20

export interface IndexReader {
  /** The next messages that may match, at most `count`, newest first; fewer at the end, and where the budget is used up. */
  next: (count: number) => Promise<IndexEntry[]>
  /** What was read since the last call, in places of the index. */
  cost: () => number
  /** Once `next` returned fewer than asked: how far the index was read; null at the end. Nothing newer was left out. */
  readUntil: () => Position | null
}

interface OpenHour { index: Hour, entries: IndexEntry[], next: number, readTo: Position, isOver: boolean }

/**
 * Reads the look-up index of a sender by its terms, or all of it. Hours are merged: a node's last reading of Redis's clock chose the hour, and the
 * script's own the time, so around a full hour they differ. `until`: only messages behind this place. `mayRead`: whether the budget allows more.
 */
export function readIndex (
  store: Store,
  sender: string,
  terms: readonly string[],
  { fromMs, until, mayRead }: { fromMs: number, until: Position | null, mayRead: () => boolean }
): IndexReader {
  const hours: OpenHour[] = []
  // One hour more on either side, since readings of Redis's clock differ around a full hour, and after a step of it.
  let nextHour = Math.min(hourOf(store.nowMs(sender)), until === null ? Infinity : hourOf(until.atMs)) + 1
  const lastHour = hourOf(fromMs) - 1
  // How far an hour is read before its first entry is known.
  const startOf = (hour: number): Position => {
    const start = before((hour + 2) * 3_600_000)
    return until !== null && comparePositions(start, until) > 0 ? until : start
  }
  let read = 0
  let stoppedAt: Position | null = null

  async function open (): Promise<void> {
    const opened = Array.from({ length: Math.min(HOURS_AT_ONCE, nextHour - lastHour + 1) }, (_, i) => nextHour - i)
    nextHour -= opened.length
    read += opened.length * COST_OF_HOUR
    hours.push(...await Promise.all(opened.map(async hour => {
      const index = await openHour(store, sender, hour, terms, {
        below: until?.sender === sender && until.hour === hour ? until.number : undefined,
        untilMs: until !== null && hour >= hourOf(until.atMs) - 1 ? until.atMs + 1 : undefined
      })
      // Newer than all that it can have, so that it is read first.
      const opening: OpenHour = { index, entries: [], next: 0, readTo: startOf(hour), isOver: index.size === 0 }
      if (!opening.isOver) await fill(opening)
      return opening
    })))
  }

  async function fill (hour: OpenHour): Promise<void> {
    const { entries, read: places } = await hour.index.next(CHUNK)
    read += places
    hour.isOver = places < CHUNK
    hour.entries = until === null ? entries : entries.filter(entry => comparePositions({ ...entry, sender }, until) < 0)
    hour.next = 0
    const last = entries.at(-1)
    if (last !== undefined) hour.readTo = { ...last, sender }
  }

  /** The place up to which an hour is read: of its next entry, or of the last one that was read. Null at its end. */
  function headOf ({ entries, next, readTo, isOver }: OpenHour): Position | null {
    const entry = entries[next]
    return entry === undefined ? isOver ? null : readTo : { ...entry, sender }
  }
  // No entry of an hour that is not open yet is newer, with clocks that differ by an hour at most.
  const unopened = (): Position | null => nextHour < lastHour ? null : startOf(nextHour)

  return {
    async next (count) {
      const taken: IndexEntry[] = []
      while (taken.length < count) {
        let first: OpenHour | null = null
        let head = unopened()
        for (const hour of hours) {
          const position = headOf(hour)
          if (position !== null && (head === null || comparePositions(position, head) > 0)) [first, head] = [hour, position]
        }
        stoppedAt = head !== null && head.atMs < fromMs ? null : head
        if (stoppedAt === null) break
        const entry = first?.entries[first.next]
        if (first !== null && entry !== undefined) {
          first.next++
          taken.push(entry)
        } else if (!mayRead()) break
        else if (first === null) await open()
        else await fill(first)
      }
      return taken
    },
    cost () {
      const cost = read
      read = 0
      return cost
    },
    readUntil: () => stoppedAt
  }
}

/** The terms of the index that a message has if it matches. */
export function termsOf ({ recipient, tag, campaign }: Criteria): string[] {
  return [
    ...(recipient === undefined ? [] : [findTerm('recipient', recipient)]),
    ...(tag === undefined ? [] : [findTerm('tag', tag)]),
    ...(campaign === undefined ? [] : [findTerm('campaign', campaign)])
  ]
}

/** Drops messages whose results or records show that they do not match: two commands for all of them, where one that is inspected takes a script. */
export async function sieve (store: Store, sender: string, entries: readonly IndexEntry[], criteria: Criteria): Promise<IndexEntry[]> {
  if (entries.length === 0) return []
  const texts = await store.redis.mget(entries.map(({ id }) => senderKey(store.prefix, sender, 'msg', { digest: digestOf(id) })))
  const results = texts.map((text, i) => {
    const result = parseResult(text ?? '')
    return result?.admittedAt === entries[i]?.atMs ? result : null
  })
  const waiting = entries.filter((_, i) => results[i] === null)
  const records = waiting.length === 0 ? [] : await store.redis.hmget(senderKey(store.prefix, sender, 'backlog'), ...waiting.map(({ id }) => id))
  const recordOf = new Map(waiting.map(({ id }, i) => [id, records[i] ?? null]))
  return entries.filter(({ id }, i) => {
    const result = results[i] ?? null
    if (result !== null) return mayMatch(result, criteria)
    const record = recordOf.get(id) ?? null
    // Neither: a failure without a result, perhaps.
    return record === null || mayMatch(parseRecord(record), criteria)
  })
}
