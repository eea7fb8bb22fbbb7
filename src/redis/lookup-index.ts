import { hash } from 'node:crypto'
import { hourOf, senderKey } from './keys.js'
import type { Store } from './store.js'

/** An index term of a message. Only a hash is stored: 12 hexadecimal digits, 48 bits. */
export function findTerm (kind: 'recipient' | 'provider' | 'tag', value: string): string {
  return hash('sha256', `${kind} ${value}`, 'hex').slice(0, 12)
}

/** Tags indexed per message. */
const MAX_TAGS = 8

/** The terms of a new message: its recipient, and each plain value of its metadata as `key:value`. */
export function findTerms (recipient: string, metadata: Record<string, unknown> | undefined): string {
  const tags = Object.entries(metadata ?? {})
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .slice(0, MAX_TAGS)
    .map(([key, value]) => findTerm('tag', `${key}:${String(value)}`))
  return [findTerm('recipient', recipient), ...tags].join(' ')
}

/** The place of a message among those with one term, `<generation>.<digest>`: in the order of text, that is the order of admission. */
export function positionOf (id: string): string {
  const dot = id.lastIndexOf('.')
  return `${id.slice(dot + 1)}.${id.slice(0, dot)}`
}

/** The entry of the index that finds a message by a term. */
export function indexEntry (term: string, id: string): string {
  return `${term}:${positionOf(id)}`
}

/** Life of the index of one hour, seconds: its last entry can be looked up for `findMs`. */
export function indexLifeS (findMs: number): number {
  return Math.ceil(findMs / 1000) + 3600
}

/** Longest prefix of a term that has a list: lua/include/lookup_index.lua uses a longer one above 10^8 entries in an hour. */
const LONGEST_PREFIX = 7

/** The positions of a term in the lists of one hour, the newest first. Lists are short, so one command reads all that may have the term. */
async function readLists (store: Store, sender: string, hour: number, term: string): Promise<Position[]> {
  const prefixes = Array.from({ length: LONGEST_PREFIX }, (_, i) => term.slice(0, i + 1))
  const lists = await store.redis.hmget(senderKey(store.prefix, sender, 'index', { hour }), ...prefixes)
  const entries = lists.flatMap(list => list?.split(' ') ?? [])
  return entries.filter(entry => entry.startsWith(`${term}:`)).map(entry => entry.slice(term.length + 1)).sort(newestFirst)
}

const newestFirst = (one: Position, other: Position): number => one < other ? 1 : one > other ? -1 : 0

/** Entries of full lists that are read of one hour at a time. */
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
  next: (count: number) => Promise<Position[]>
  /** Entries read since the last call. */
  cost: () => number
  /** Once `next` returned fewer than asked: how far the index was read; null at the end. Nothing that matches is newer and was not returned. */
  readUntil: () => Position | null
}

/** The index of one hour, read from the newest entry on. */
interface Hour {
  key: string
  driver: string
  others: Array<{ term: string, listed: Set<Position> }>
  /** Positions of the driver in lists that were not merged yet. */
  listed: Position[]
  entries: Position[]
  next: number
  last: Position | null
  isOver: boolean
}

/**
 * Reads the look-up index of a sender. Each hour has lists by prefixes of terms, and for what found them full a sorted set, whose entries are in
 * the order of terms and, within a term, of admission. Of several terms the rarest one is read, and its entries are looked up under the others.
 * Hours are merged: a node's last reading of Redis's clock chose the hour, and the script's own the generation, so around a full hour they differ.
 * `mayRead`: whether the budget allows another read.
 */
export function readIndex (
  store: Store,
  sender: string,
  terms: readonly string[],
  { findMs, after, mayRead }: { findMs: number, after: Position | null, mayRead: () => boolean }
): IndexReader {
  const hours: Hour[] = []
  // One hour more on either side, since readings of Redis's clock differ around a full hour, and after a step of it.
  let nextHour = hourOf(store.nowMs(sender)) + 1
  const lastHour = nextHour - Math.ceil(findMs / 3_600_000) - 2
  if (after !== null) nextHour = Math.min(nextHour, hourOf(parseInt(after, 16)) + 1)
  let read = 0
  let stoppedAt: Position | null = null

  async function open (): Promise<void> {
    const opened = Array.from({ length: Math.min(HOURS_AT_ONCE, nextHour - lastHour + 1) }, (_, i) => nextHour - i)
    nextHour -= opened.length
    hours.push(...await Promise.all(opened.map(async hour => {
      const key = senderKey(store.prefix, sender, 'recent', { hour })
      const found = await Promise.all(terms.map(async term => {
        const [listed, inSet] = await Promise.all([
          readLists(store, sender, hour, term),
          terms.length === 1 ? 1 : store.redis.zlexcount(key, `[${term}:`, `(${term};`)
        ])
        return { term, listed, count: listed.length + inSet }
      }))
      const rarest = found.reduce((best, one) => one.count < best.count ? one : best)
      read += rarest.listed.length
      const opening: Hour = {
        key,
        driver: rarest.term,
        others: found.filter(one => one !== rarest).map(({ term, listed }) => ({ term, listed: new Set(listed) })),
        listed: rarest.listed.filter(position => after === null || position < after),
        entries: [],
        next: 0,
        last: after,
        isOver: rarest.count === 0
      }
      if (!opening.isOver) await fill(opening)
      return opening
    })))
  }

  async function fill (hour: Hour): Promise<void> {
    const { key, driver, others, last } = hour
    const members = await store.redis.zrevrangebylex(key, last === null ? `(${driver};` : `(${driver}:${last}`, `[${driver}:`, 'LIMIT', 0, CHUNK)
    hour.isOver = members.length < CHUNK
    const inSet = members.map(member => member.slice(driver.length + 1))
    const until = hour.isOver ? '' : inSet.at(-1) ?? ''
    const positions = [...inSet, ...hour.listed.filter(position => position > until)].sort(newestFirst)
    hour.listed = hour.listed.filter(position => position <= until)
    const tested = positions.length === 0 ? [] : others
    const known = await Promise.all(tested.map(async ({ term, listed }) => {
      const scores = await store.redis.zmscore(key, ...positions.map(position => `${term}:${position}`))
      return positions.map((position, i) => listed.has(position) || scores[i] !== null)
    }))
    read += members.length + positions.length * others.length
    hour.entries = positions.filter((_, i) => known.every(has => has[i]))
    hour.next = 0
    hour.last = positions.at(-1) ?? last
  }

  /** The place up to which an hour is read: of its next entry, or of the last one that was read. Null at its end. */
  const headOf = ({ entries, next, last, isOver }: Hour): Position | null => entries[next] ?? (isOver ? null : last)
  // No entry of an hour that is not open yet is newer, with clocks that differ by an hour at most.
  const unopened = (): Position | null => nextHour < lastHour ? null : `${((nextHour + 2) * 3_600_000).toString(16)}~`

  return {
    async next (count) {
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

/** Whether a message has an entry under each of the terms. Looks in the hours around `atMs`. */
export async function hasTerms (store: Store, sender: string, terms: readonly string[], position: Position, atMs: number): Promise<boolean> {
  const hours = [-1, 0, 1].map(near => hourOf(atMs) + near)
  const has = await Promise.all(terms.map(async term => {
    const found = await Promise.all(hours.map(async hour =>
      (await readLists(store, sender, hour, term)).includes(position) ||
      await store.redis.zscore(senderKey(store.prefix, sender, 'recent', { hour }), `${term}:${position}`) !== null))
    return found.includes(true)
  }))
  return !has.includes(false)
}

/** Messages with a term that few have, unordered: at most `most` of each hour's full lists. */
export async function readRareTerm (store: Store, sender: string, term: string, findMs: number, most: number): Promise<Position[]> {
  const now = hourOf(store.nowMs(sender))
  const hours = Array.from({ length: Math.ceil(findMs / 3_600_000) + 3 }, (_, i) => now + 1 - i)
  const found = await Promise.all(hours.map(async hour => {
    const key = senderKey(store.prefix, sender, 'recent', { hour })
    const [listed, members] = await Promise.all([
      readLists(store, sender, hour, term),
      store.redis.zrangebylex(key, `[${term}:`, `(${term};`, 'LIMIT', 0, most)
    ])
    return [...listed, ...members.map(member => member.slice(term.length + 1))]
  }))
  return [...new Set(found.flat())]
}
