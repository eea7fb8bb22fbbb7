import { inParallel } from '../parallel.js'
import { senderKey } from '../redis/keys.js'
import { groupBySender, mergeSets, type SetEntry } from '../redis/merge-sets.js'
import type { Store } from '../redis/store.js'
import { seqOf } from '../settlement/record.js'

/** Senders that are read at once. */
const CONCURRENCY = 20

/**
 * Failures of several senders that are due until a time, ms since the epoch, the earliest of all first, at most about `limit`. Those of one
 * sender and due time come in the order of acceptance: Redis orders equal scores by id, which is random, and a message must not overtake an
 * older one.
 */
export async function dueFailures (store: Store, senders: readonly string[], until: number, limit: number): Promise<SetEntry[]> {
  const due = await mergeSets(store, senders, 'failures', { until })(limit)
  const last = due.length >= limit ? due.at(-1)?.score : undefined
  const groups = groupBySender(due)
  const numbers = new Map<string, number>()
  await inParallel([...groups], CONCURRENCY, async ([sender, group]) => {
    if (group.at(-1)?.score === last) await addTied(store, sender, group)
    await readNumbers(store, sender, group, numbers)
  })
  return [...groups.values()].flat().sort((a, b) => a.score - b.score || (numbers.get(a.id) ?? 0) - (numbers.get(b.id) ?? 0))
}

/** The limit may have cut through those of one due time. Few share one, as each is a settlement of the same millisecond. */
async function addTied (store: Store, sender: string, group: SetEntry[]): Promise<void> {
  const score = group.at(-1)?.score ?? 0
  const known = new Set(group.map(({ id }) => id))
  for (const id of await store.redis.zrangebyscore(senderKey(store.prefix, sender, 'failures'), score, score)) {
    if (!known.has(id)) group.push({ sender, id, score })
  }
}

/** The numbers in the queue of those entries of one sender that share their due time. */
async function readNumbers (store: Store, sender: string, group: readonly SetEntry[], numbers: Map<string, number>): Promise<void> {
  const shared = new Set(group.filter(({ score }, i) => score === group[i - 1]?.score).map(({ score }) => score))
  const tied = group.filter(({ score }) => shared.has(score)).map(({ id }) => id)
  if (tied.length === 0) return
  const texts = await store.redis.hmget(senderKey(store.prefix, sender, 'backlog'), ...tied)
  for (const [i, id] of tied.entries()) numbers.set(id, seqOf(texts[i] ?? ''))
}
