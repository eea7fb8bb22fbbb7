import { inIsolation } from '../parallel.js'
import type { Store } from '../redis/store.js'
import { isUnavailable } from '../redis/unavailable.js'
import { failuresOf, readEntry, sendersOf, sumsOf, type Entry, type Sums } from './counts.js'

/** The counts of a caller over its senders. Times in ms since the epoch. */
export interface CallerCounts extends Sums {
  name: string
  /** Those that have messages of it. */
  senders: string[]
  /** The failed ones by code, the largest first. */
  failures: Array<{ code: string, count: number }>
  /** Since when its longest ready message waits; null if none is ready. */
  readySince: number | null
  /** When its first counted message was accepted, and its last one. */
  firstAt: number
  lastAt: number
}

/** Senders that are asked at once. */
const CONCURRENCY = 50
/** Ready pairs of a lane whose messages are read where the caller of a pair is not known by its place. */
const MOST_READ = 1000

/** Each caller with counted messages. `unavailable`: senders whose server does not respond, which are left out. */
export async function readCallerCounts (store: Store, senders: readonly string[]): Promise<{ callers: CallerCounts[], unavailable: string[] }> {
  const unavailable: string[] = []
  const parts = await inIsolation(senders, CONCURRENCY, async sender => {
    const { nowMs, found } = await store.run('inspect-callers', { sender }, { limit: MOST_READ })
    return found.map(one => ({ name: one.name, readyUs: one.readyUs, entry: readEntry(sender, one, nowMs) }))
  }, (error, sender) => {
    if (!isUnavailable(error)) throw error
    unavailable.push(sender)
  })
  const byName = new Map<string, Array<{ readyUs: number, entry: Entry }>>()
  for (const part of parts.flat()) byName.set(part.name, [...byName.get(part.name) ?? [], part])
  const callers = [...byName].map(([name, parts]): CallerCounts => {
    const entries = parts.map(({ entry }) => entry)
    const ready = parts.map(({ readyUs }) => readyUs).filter(us => us > 0)
    return {
      name,
      senders: sendersOf(entries),
      ...sumsOf(entries),
      failures: failuresOf(entries),
      readySince: ready.length === 0 ? null : Math.floor(Math.min(...ready) / 1000),
      firstAt: Math.min(...entries.map(({ startedAt }) => startedAt)),
      lastAt: Math.max(...entries.map(({ acceptedAt }) => acceptedAt))
    }
  })
  return { callers, unavailable: unavailable.sort() }
}
