import { senderKey } from '../redis/keys.js'
import { retryWhileUnavailable } from '../redis/retry-while-unavailable.js'
import type { DoctorDeps } from './area.js'

/** Approximate number of entries in a page: less than a millisecond of Redis. */
const PAGE = 200
const RETRY_WITHIN_MS = 15_000

/** One call to Redis, repeated while Redis is busy or fails over. */
export async function ask<Result> (deps: DoctorDeps, call: () => Promise<Result>): Promise<Result> {
  deps.signal?.throwIfAborted()
  return await retryWhileUnavailable(call, { withinMs: RETRY_WITHIN_MS })
}

type Entry = [member: string, value: string]

/** Entries of a hash or a sorted set. One that is there throughout is returned at least once. */
export async function * pagesOf (deps: DoctorDeps, kind: 'hash' | 'zset', key: string): AsyncGenerator<Entry[]> {
  const { redis } = deps
  let cursor = '0'
  do {
    const [next, flat] = await ask(deps, async () =>
      await (kind === 'hash' ? redis.hscan(key, cursor, 'COUNT', PAGE) : redis.zscan(key, cursor, 'COUNT', PAGE)))
    const entries = flat.flatMap((member, at): Entry[] => at % 2 === 0 ? [[member, flat[at + 1] ?? '']] : [])
    deps.onChecked(entries.length)
    // A small hash or set is returned whole, whatever COUNT says.
    for (let at = 0; at < entries.length; at += PAGE) yield entries.slice(at, at + PAGE)
    cursor = next
  } while (cursor !== '0')
}

/** The same for a key of a sender. */
export function pagesOfSender (deps: DoctorDeps, kind: 'hash' | 'zset', sender: string, name: string): AsyncGenerator<Entry[]> {
  return pagesOf(deps, kind, senderKey(deps.prefix, sender, name))
}
