import { inParallel } from '../parallel.js'
import type { Replies } from '../redis/commands.js'
import { findTerm, findTerms, indexEntry } from '../redis/find-terms.js'
import { admittedAt, hourOf, parseId, senderKey } from '../redis/keys.js'
import { scanKeys } from '../redis/scan.js'
import type { Store } from '../redis/store.js'
import type { Result } from '../settlement/record.js'
import { parseResult } from '../settlement/record.js'
import { pagesOf } from './pages.js'

const CONCURRENCY = 10

/**
 * Erases the results of settled messages and the recipient's entries in the look-up index of every hour. Scans the keys of all servers: a result
 * is stored under the hash of its idempotency key, and may outlive every index. Returns the number of results, and of failures among them.
 */
export async function eraseResults (
  store: Store,
  senders: readonly string[],
  recipient: string,
  term: string
): Promise<{ results: number; failures: number }> {
  const wanted = new Set(senders)
  const only = senders.length === 1 ? senders[0] ?? '' : '*'
  const erased = { results: 0, failures: 0 }
  for await (const keys of scanKeys(store.redis, `{${store.prefix}:${only}}:[mr]*`)) {
    const bySender = new Map<string, string[]>()
    for (const key of keys) {
      const [, sender = '', kind = '', digest = ''] = /^\{[^:]+:([^}]+)\}:(msg|recent):(.+)$/.exec(key) ?? []
      if (!wanted.has(sender)) continue
      if (kind === 'recent') await store.redis.zremrangebylex(key, `[${term}:`, `(${term};`)
      else bySender.set(sender, [...bySender.get(sender) ?? [], digest])
    }
    // One MGET per sender: keys of two senders may be in two slots.
    for (const [sender, digests] of bySender) {
      const texts = await store.redis.mget(digests.map(digest => senderKey(store.prefix, sender, 'msg', { digest })))
      const found = digests.flatMap((digest, at) => {
        const result = parseResult(texts[at] ?? '')
        return result?.recipient === recipient ? [{ digest, result }] : []
      })
      for (const reply of await inParallel(found, CONCURRENCY, async ({ digest, result }) => await eraseResult(store, sender, digest, result))) {
        if (reply.status !== 'erased') continue
        if (reply.hadResult) erased.results++
        if (reply.wasKept) erased.failures++
      }
    }
  }
  return erased
}

async function eraseResult (store: Store, sender: string, digest: string, result: Result): Promise<Replies['erase-message']> {
  const id = `${digest}.${result.admittedAt.toString(16)}`
  await removeTerms(store, sender, id, findTerms(result.recipient, result.metadata).split(' '), admittedAt(id))
  if (result.providerMessageId !== null) await removeTerms(store, sender, id, [findTerm('provider', result.providerMessageId)], result.settledAt)
  return await store.run('erase-message', { sender, digest }, { id })
}

/** Erases stored failures; returns their number. */
export async function eraseFailures (store: Store, sender: string, recipient: string): Promise<number> {
  let erased = 0
  for await (const { id, kept } of pagesOf(store, sender, recipient, 'failures')) {
    await removeTerms(store, sender, id, findTerms(recipient, kept.payload.metadata).split(' '), admittedAt(id))
    const reply = await store.run('erase-message', { sender, digest: parseId(`${sender}.${id}`)?.digest ?? '' }, { id })
    if (reply.status === 'erased' && reply.wasKept) erased++
  }
  return erased
}

/** Removes a message from the look-up index. The hour is that of the clock of some node, so the neighbouring hours are tried too. */
async function removeTerms (store: Store, sender: string, id: string, terms: string[], atMs: number): Promise<void> {
  const hour = hourOf(atMs)
  const members = terms.map(term => indexEntry(term, id))
  await Promise.all(
    [hour - 1, hour, hour + 1].map(async near => await store.redis.zrem(senderKey(store.prefix, sender, 'recent', { hour: near }), ...members))
  )
}
