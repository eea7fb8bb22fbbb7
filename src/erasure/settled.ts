import { inParallel } from '../parallel.js'
import type { Replies } from '../redis/commands.js'
import { findTerm, findTerms } from '../redis/find-terms.js'
import { admittedAt, hourOf, parseId, senderKey } from '../redis/keys.js'
import { scanKeys } from '../redis/scan.js'
import type { Store } from '../redis/store.js'
import type { Result } from '../settlement/record.js'
import { parseResult } from '../settlement/record.js'
import { pagesOf } from './pages.js'

const AT_ONCE = 10

/**
 * Forgets the results of settled messages, and the look-up index of every hour, by one walk over the keys of all servers, since a
 * result stands under its key's hash and no index lives as long as it may. Answers how many there were, and how many were kept as failures too.
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
    // Keys of two senders may lie on two servers.
    for (const [sender, digests] of bySender) {
      const texts = await store.redis.mget(digests.map(digest => senderKey(store.prefix, sender, 'msg', { digest })))
      const found = digests.flatMap((digest, at) => {
        const result = parseResult(texts[at] ?? '')
        return result?.recipient === recipient ? [{ digest, result }] : []
      })
      for (const reply of await inParallel(found, AT_ONCE, async ({ digest, result }) => await forgetResult(store, sender, digest, result))) {
        if (reply.status !== 'erased') continue
        if (reply.hadResult) erased.results++
        if (reply.wasKept) erased.failures++
      }
    }
  }
  return erased
}

async function forgetResult (store: Store, sender: string, digest: string, result: Result): Promise<Replies['erase-message']> {
  const id = `${digest}.${result.admittedAt.toString(16)}`
  await forgetTerms(store, sender, id, findTerms(result.recipient, result.metadata).split(' '), admittedAt(id))
  if (result.providerMessageId !== null) await forgetTerms(store, sender, id, [findTerm('provider', result.providerMessageId)], result.settledAt)
  return await store.run('erase-message', { sender, digest }, { id })
}

/** Forgets the failures that are kept; answers how many. */
export async function eraseFailures (store: Store, sender: string, recipient: string): Promise<number> {
  let erased = 0
  for await (const { id, kept } of pagesOf(store, sender, recipient, 'failures')) {
    await forgetTerms(store, sender, id, findTerms(recipient, kept.payload.metadata).split(' '), admittedAt(id))
    const reply = await store.run('erase-message', { sender, digest: parseId(`${sender}.${id}`)?.digest ?? '' }, { id })
    if (reply.status === 'erased' && reply.wasKept) erased++
  }
  return erased
}

/** Takes a message out of the index of the hour in which it was entered, by whichever node's clock. */
async function forgetTerms (store: Store, sender: string, id: string, terms: string[], atMs: number): Promise<void> {
  const hour = hourOf(atMs)
  const members = terms.map(term => `${term}:${id}`)
  await Promise.all(
    [hour - 1, hour, hour + 1].map(async near => await store.redis.zrem(senderKey(store.prefix, sender, 'recent', { hour: near }), ...members))
  )
}
