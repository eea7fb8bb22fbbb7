import { inParallel } from '../parallel.js'
import { admittedAt, hourOf, senderKey } from '../redis/keys.js'
import { findReachable } from '../redis/known-senders.js'
import type { Store } from '../redis/store.js'
import type { MessageView } from '../settlement/inspect.js'
import { inspectMessage } from '../settlement/inspect.js'
import type { CountName } from './count.js'
import { countNames, LATEST } from './count.js'

export type Counts = Record<CountName, number>

/** What happened at one sender. `minutes`: each of the last hour, the current one last. */
export interface SenderActivity { id: string, minutes: Record<CountName, number[]>, since: Counts, dayBefore: Counts }

/** `unavailable`: senders that are left out, because their server is down. */
export interface Activity { nowMs: number, senders: SenderActivity[], unavailable: string[] }

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
export const DAY_MS = 24 * HOUR_MS
const MINUTES = 60
const CONCURRENCY = 20

/** The counts of several senders since a moment, over the same span a day earlier, and by minute of the last hour. */
export async function readActivity (store: Store, all: readonly string[], sinceMs: number): Promise<Activity> {
  const { senders, unavailable, nowMs } = await findReachable(store, all)
  const read = await inParallel(senders, CONCURRENCY, async id => {
    const [since, dayBefore, minutes] = await Promise.all([
      sumOf(store, id, sinceMs, nowMs + MINUTE_MS), sumOf(store, id, sinceMs - DAY_MS, nowMs - DAY_MS), readMinutes(store, id, nowMs)
    ])
    return { id, minutes, since, dayBefore }
  })
  return { nowMs, senders: read, unavailable }
}

/** Counts of whole minutes from one moment to another. Only hours that are counted in part are read minute by minute. */
async function sumOf (store: Store, sender: string, fromMs: number, untilMs: number): Promise<Counts> {
  const total = emptyCounts()
  const hours = Array.from({ length: Math.max(0, hourOf(untilMs) - hourOf(fromMs) + 1) }, (_, i) => hourOf(fromMs) + i)
  await Promise.all(hours.map(async hour => {
    const key = senderKey(store.prefix, sender, 'activity', { hour })
    if (hour * HOUR_MS >= fromMs && (hour + 1) * HOUR_MS <= untilMs) {
      const counts = await store.redis.hmget(key, ...countNames)
      countNames.forEach((name, i) => { total[name] += Number(counts[i] ?? 0) })
    } else {
      for (const { minute, name, count } of byMinute(await store.redis.hgetall(key))) {
        if (minute * MINUTE_MS >= fromMs - MINUTE_MS + 1 && minute * MINUTE_MS < untilMs) total[name] += count
      }
    }
  }))
  return total
}

async function readMinutes (store: Store, sender: string, nowMs: number): Promise<Record<CountName, number[]>> {
  const last = Math.floor(nowMs / MINUTE_MS)
  const series = Object.fromEntries(countNames.map(name => [name, Array.from({ length: MINUTES }, () => 0)])) as Record<CountName, number[]>
  const hours = [hourOf(nowMs) - 1, hourOf(nowMs)]
  const hashes = await Promise.all(hours.map(async hour => await store.redis.hgetall(senderKey(store.prefix, sender, 'activity', { hour }))))
  for (const { minute, name, count } of hashes.flatMap(byMinute)) {
    const index = MINUTES - 1 - (last - minute)
    if (index >= 0 && index < MINUTES) series[name][index] = (series[name][index] ?? 0) + count
  }
  return series
}

/** The fields of a hash that count one minute. */
function byMinute (hash: Record<string, string>): Array<{ minute: number, name: CountName, count: number }> {
  return Object.entries(hash).flatMap(([field, count]) => {
    const [minute = '', name] = field.split(' ')
    return name === undefined || !(countNames as readonly string[]).includes(name)
      ? []
      : [{ minute: Number(minute), name: name as CountName, count: Number(count) }]
  })
}

function emptyCounts (): Counts {
  return Object.fromEntries(countNames.map(name => [name, 0])) as Counts
}

const LISTS_AT_ONCE = 50
const MESSAGES_AT_ONCE = 20
/** Messages that one call inspects at most: those of other callers and those that are gone are left out. */
const MOST = 1000

/** The newest messages of several senders, newest first. `caller`: only those of this API key. They are some seconds old at least. */
export async function readLatest (
  store: Store, all: readonly string[], { caller, limit }: { caller?: string, limit: number }
): Promise<Array<[sender: string, view: MessageView]>> {
  const { senders } = await findReachable(store, all)
  const lists = await inParallel(senders, LISTS_AT_ONCE, async sender =>
    (await store.redis.lrange(senderKey(store.prefix, sender, 'latest'), 0, LATEST - 1)).map(id => ({ sender, id, at: admittedAt(id) })))
  const newest = lists.flat().sort((one, other) => other.at - one.at).slice(0, MOST)
  const found: Array<[string, MessageView]> = []
  for (let i = 0; i < newest.length && found.length < limit; i += limit) {
    const views = await inParallel(newest.slice(i, i + limit), MESSAGES_AT_ONCE, async ({ sender, id }) =>
      [sender, await inspectMessage(store, sender, { id })] as const)
    for (const [sender, view] of views) if (view !== null && (caller === undefined || view.caller === caller)) found.push([sender, view])
  }
  return found.slice(0, limit)
}
