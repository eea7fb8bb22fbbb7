import { hourOf, hourNow, senderKey } from './keys.js'
import type { Store } from './store.js'

/** Index entries that are read of one hour at a time. */
const CHUNK = 200
/** Hours that are opened at a time: most searches find nothing in most hours. */
const HOURS_AT_ONCE = 8

/**
 * A place in the order of a search, newest first: `<generation>.<digest>` of a message. Generations have the same number of digits until 2527,
 * so text order is the order of admission.
 */
export type Position = string

export interface IndexReader {
  /** The next messages that have all terms, at most `count`, newest first; fewer at the end, and where the budget is used up. */
  take: (count: number) => Promise<Position[]>
  /** Entries read since the last call. */
  cost: () => number
  /** Once `take` returned fewer than asked: how far the index was read; null at the end. Nothing that matches is newer and was not returned. */
  readUntil: () => Position | null
}

/** The index of one hour, read from the newest entry on. */
interface Hour { key: string, driver: string, others: string[], entries: Position[], at: number, last: Position | null, isOver: boolean }

/**
 * Reads the look-up index of a sender. Each hour has a sorted set, whose entries are in the order of terms and, within a term, of admission.
 * Of several terms the rarest one is read, and its entries are looked up under the others. Hours are merged, since a node's clock chose the
 * hour and Redis's clock the generation: they may differ by an hour. `mayRead`: whether the budget allows another read.
 */
export function readIndex (
  store: Store,
  sender: string,
  terms: readonly string[],
  { findMs, after, mayRead }: { findMs: number, after: Position | null, mayRead: () => boolean }
): IndexReader {
  const hours: Hour[] = []
  // One hour more on either side, since the clocks of nodes differ.
  let nextHour = hourNow() + 1
  const lastHour = nextHour - Math.ceil(findMs / 3_600_000) - 2
  if (after !== null) nextHour = Math.min(nextHour, hourOf(parseInt(after, 16)) + 1)
  let read = 0
  let stoppedAt: Position | null = null

  async function open (): Promise<void> {
    const opened = Array.from({ length: Math.min(HOURS_AT_ONCE, nextHour - lastHour + 1) }, (_, i) => nextHour - i)
    nextHour -= opened.length
    hours.push(...await Promise.all(opened.map(async hour => {
      const key = senderKey(store.prefix, sender, 'recent', { hour })
      const counts = terms.length === 1 ? [1] : await Promise.all(terms.map(async term => await store.redis.zlexcount(key, `[${term}:`, `(${term};`)))
      const rarest = counts.indexOf(Math.min(...counts))
      const one: Hour = {
        key,
        driver: terms[rarest] ?? '',
        others: terms.filter((_, at) => at !== rarest),
        entries: [],
        at: 0,
        last: after,
        isOver: counts[rarest] === 0
      }
      if (!one.isOver) await fill(one)
      return one
    })))
  }

  async function fill (hour: Hour): Promise<void> {
    const { key, driver, others, last } = hour
    const members = await store.redis.zrevrangebylex(key, last === null ? `(${driver};` : `(${driver}:${last}`, `[${driver}:`, 'LIMIT', 0, CHUNK)
    const positions = members.map(member => member.slice(driver.length + 1))
    const tested = members.length === 0 ? [] : others
    const scores = await Promise.all(tested.map(async other => await store.redis.zmscore(key, ...positions.map(at => `${other}:${at}`))))
    read += members.length * (1 + others.length)
    hour.entries = positions.filter((_, at) => scores.every(found => found[at] !== null))
    hour.at = 0
    hour.last = positions.at(-1) ?? last
    hour.isOver = members.length < CHUNK
  }

  /** The place up to which an hour is read: of its next entry, or of the last one that was read. Null at its end. */
  const headOf = ({ entries, at, last, isOver }: Hour): Position | null => entries[at] ?? (isOver ? null : last)
  // No entry of an hour that is not open yet is newer, with clocks that differ by an hour at most.
  const unopened = (): Position | null => nextHour < lastHour ? null : `${((nextHour + 2) * 3_600_000).toString(16)}~`

  return {
    async take (count) {
      const taken: Position[] = []
      while (taken.length < count) {
        let first: Hour | null = null
        let head: Position | null = unopened()
        for (const hour of hours) {
          const position = headOf(hour)
          if (position !== null && (head === null || position > head)) [first, head] = [hour, position]
        }
        stoppedAt = head
        if (head === null) break
        const entry = first?.entries[first.at]
        if (first !== null && entry !== undefined) {
          first.at++
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

/** Whether a message has an entry under each of the terms. Looks in the hours around `atMs`. */
export async function hasTerms (store: Store, sender: string, terms: readonly string[], position: Position, atMs: number): Promise<boolean> {
  const hours = [-1, 0, 1].map(near => senderKey(store.prefix, sender, 'recent', { hour: hourOf(atMs) + near }))
  if (terms.length === 0) return true
  const members = terms.map(term => `${term}:${position}`)
  const found = await Promise.all(hours.map(async key => await store.redis.zmscore(key, ...members)))
  return terms.every((_, at) => found.some(scores => scores[at] !== null))
}

/** Messages with a term that few have, unordered: at most `most` of each hour. */
export async function readRareTerm (store: Store, sender: string, term: string, findMs: number, most: number): Promise<Position[]> {
  const now = hourNow()
  const hours = Array.from({ length: Math.ceil(findMs / 3_600_000) + 3 }, (_, i) => now + 1 - i)
  const found = await Promise.all(hours.map(async hour =>
    await store.redis.zrangebylex(senderKey(store.prefix, sender, 'recent', { hour }), `[${term}:`, `(${term};`, 'LIMIT', 0, most)))
  return [...new Set(found.flat().map(member => member.slice(term.length + 1)))]
}
