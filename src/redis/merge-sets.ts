import { inParallel } from '../parallel.js'
import { senderKey } from './keys.js'
import type { Store } from './store.js'

/** An entry of a sorted set of one sender. Ids of two senders are never equal, so score and id order the entries of all. */
export interface SetEntry { sender: string, id: string, score: number }
type Position = Pick<SetEntry, 'id' | 'score'>

export interface MergeOptions {
  /** Highest score first, instead of the lowest. */
  newestFirst?: boolean
  /** Entries after this one only. It need not exist any more. */
  after?: Position | null
  /** No entry with a higher score. */
  until?: number
}

const CONCURRENCY = 50
/** Entries that are read of one sender at a time. */
const LEAST = 10
const MOST = 200
/** Entries that are read of all senders at first, about. */
const AT_ONCE = 1000

/** Reads the next entries, at most `count`, in order; fewer only at the end. */
export type Take = (count: number) => Promise<SetEntry[]>

/** Merges the sorted sets `name` of several senders by score. Reads a chunk of each sender, and more only of those whose entries come first. */
export function mergeSets (store: Store, senders: readonly string[], name: string, options: MergeOptions = {}): Take {
  const { newestFirst = false, after = null, until = Infinity } = options
  const chunk = Math.min(MOST, Math.max(LEAST, Math.ceil(AT_ONCE / Math.max(1, senders.length))))
  const sign = newestFirst ? -1 : 1
  const heads: Head[] = senders.map(sender => ({ sender, entries: [], next: 0, last: after, isOver: false }))
  const compare = (a: Position, b: Position): number => sign * (a.score - b.score || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))

  async function fill (head: Head): Promise<void> {
    const key = senderKey(store.prefix, head.sender, name)
    head.entries = []
    head.next = 0
    // From the score of the last entry on, since entries may have come or gone: a rank would skip some.
    for (let offset = 0; head.entries.length === 0 && !head.isOver; offset += chunk) {
      const from = head.last?.score
      const flat = newestFirst
        ? await store.redis.zrevrangebyscore(key, from ?? '+inf', '-inf', 'WITHSCORES', 'LIMIT', offset, chunk)
        : await store.redis.zrangebyscore(key, from ?? '-inf', until === Infinity ? '+inf' : until, 'WITHSCORES', 'LIMIT', offset, chunk)
      for (let i = 0; i < flat.length; i += 2) {
        const entry = { sender: head.sender, id: flat[i] ?? '', score: Number(flat[i + 1]) }
        if (head.last === null || compare(entry, head.last) > 0) head.entries.push(entry)
      }
      head.isOver = flat.length < 2 * chunk
    }
    head.last = head.entries.at(-1) ?? head.last
  }

  return async count => {
    const taken: SetEntry[] = []
    while (taken.length < count) {
      const empty = heads.filter(head => head.next >= head.entries.length && !head.isOver)
      await inParallel(empty, CONCURRENCY, fill)
      let first: Head | null = null
      for (const head of heads) {
        const entry = head.entries[head.next]
        const best = first?.entries[first.next]
        if (entry !== undefined && (best === undefined || compare(entry, best) < 0)) first = head
      }
      const entry = first?.entries[first.next]
      if (first === null || entry === undefined) break
      first.next++
      taken.push(entry)
    }
    return taken
  }
}

interface Head { sender: string, entries: SetEntry[], next: number, last: Position | null, isOver: boolean }

/** Entries by their sender, in order. */
export function groupBySender<Entry extends { sender: string }> (entries: readonly Entry[]): Map<string, Entry[]> {
  const groups = new Map<string, Entry[]>()
  for (const entry of entries) {
    const group = groups.get(entry.sender)
    if (group === undefined) groups.set(entry.sender, [entry])
    else group.push(entry)
  }
  return groups
}
