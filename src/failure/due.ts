import { senderKey } from '../redis/keys.js'
import type { Store } from '../redis/store.js'

/**
 * Ids of a sender's failures that are due until a time (ms since the epoch, or `+inf`), the earliest first, at most about `limit`. Those of one
 * due time come in the order of acceptance: Redis orders equal scores by id, which is random, and a message must not overtake an older one.
 */
export async function dueFailures (store: Store, sender: string, until: number | '+inf', limit: number): Promise<string[]> {
  const key = senderKey(store.prefix, sender, 'failures')
  const flat = await store.redis.zrangebyscore(key, '-inf', until, 'WITHSCORES', 'LIMIT', 0, limit)
  const dueAt = new Map<string, number>()
  for (let at = 0; at < flat.length; at += 2) dueAt.set(flat[at] ?? '', Number(flat[at + 1]))
  const last = flat.at(-1)
  // The limit may have cut through those of one due time. Few share one, as each is a settlement of the same millisecond.
  if (last !== undefined && dueAt.size >= limit) for (const id of await store.redis.zrangebyscore(key, last, last)) dueAt.set(id, Number(last))
  const times = [...dueAt.values()]
  const shared = new Set(times.filter((time, at) => time === times[at - 1]))
  if (shared.size === 0) return [...dueAt.keys()]
  const tied = [...dueAt].filter(([, time]) => shared.has(time)).map(([id]) => id)
  const texts = await store.redis.hmget(senderKey(store.prefix, sender, 'backlog'), ...tied)
  const numbers = new Map(tied.map((id, at) => [id, numberIn(texts[at] ?? null)]))
  return [...dueAt].sort(([a, dueA], [b, dueB]) => dueA - dueB || (numbers.get(a) ?? 0) - (numbers.get(b) ?? 0)).map(([id]) => id)
}

/** The number in the queue in the header of a record; 0 for none. */
function numberIn (record: string | null): number {
  return Number(/^\S+ \d(\d+) /.exec(record ?? '')?.[1] ?? 0)
}
