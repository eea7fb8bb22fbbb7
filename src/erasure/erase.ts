import { setTimeout as sleep } from 'node:timers/promises'
import { cancelledBy, closeMessage } from '../drain/close.js'
import type { DeliveryDeps } from '../drain/deliver.js'
import { inParallel } from '../parallel.js'
import { spellingsOf } from '../recipient.js'
import { scanKeys } from '../redis/client.js'
import type { Replies } from '../redis/commands.js'
import { publicId, senderKey, admittedAt, hourOf, parseId } from '../redis/keys.js'
import { findTerm, findTerms, positionOf } from '../redis/lookup-index.js'
import type { Store } from '../redis/store.js'
import { applyParked } from '../settlement/parked.js'
import type { ReceiptDeps } from '../settlement/receipt.js'
import type { Result, StoredMessage } from '../settlement/record.js'
import { parseRecord, parseResult } from '../settlement/record.js'
import { failUnknown } from '../settlement/settle.js'

const CONCURRENCY = 10
/** How long an erasure waits for messages in flight. */
const WAIT_MS = 3000
const CHECK_MS = 100

/** Subjects that one script call scans, and events that one call moves out of the outbox: a few ms of Redis each. */
const CALLBACK_PAGE = 500

export interface ErasureDeps extends Pick<DeliveryDeps, 'store' | 'events' | 'wakes' | 'settlement'>, ReceiptDeps {}

export interface EraseResult {
  /** True if nothing is left; otherwise repeat the request. */
  complete: boolean
  /** Waiting messages that were cancelled, results that named the recipient, stored failures. */
  erased: { waiting: number, results: number, failures: number }
  /** Public ids of messages that are still in flight. */
  remaining: string[]
}

/**
 * Erases the data of one canonical recipient. Waiting messages are cancelled, unknown outcomes fail, and then everything that names the
 * recipient is removed. Every step is idempotent and finds what is left to do, so a repeat after a crash, or once messages in flight have ended,
 * erases the rest. Messages that are posted during an erasure may stay.
 */
export async function eraseRecipient (deps: ErasureDeps, senders: readonly string[], recipient: string, by: string): Promise<EraseResult> {
  const { store } = deps
  let waiting = 0
  const remaining: string[] = []
  for (const sender of senders) {
    let found = await findWaiting(store, sender, recipient)
    const until = performance.now() + WAIT_MS
    for (;;) {
      const left = await inParallel(found, CONCURRENCY, async id => await closeOrFail(deps, sender, id, by))
      waiting += left.filter(result => result === 'closed').length
      found = found.filter((_, i) => left[i] === 'busy')
      if (found.length === 0 || performance.now() > until) break
      await sleep(CHECK_MS)
    }
    remaining.push(...found.map(id => publicId(sender, id)))
  }
  // Results before failures: only a result has WhatsApp's id of the message, which the look-up index needs.
  const { results, failures: known } = await eraseResults(store, senders, recipient, findTerm('recipient', recipient))
  let failures = known
  for (const sender of senders) failures += await eraseFailures(store, sender, recipient)
  for (const sender of senders) await eraseCallbacks(deps, sender, recipient)
  const pairs = await inParallel(senders, CONCURRENCY, async sender => (await store.run('erase-pair', { sender }, { recipient })).status)
  return { complete: remaining.length === 0 && !pairs.includes('busy'), erased: { waiting, results, failures }, remaining }
}

async function findWaiting (store: Store, sender: string, recipient: string): Promise<string[]> {
  const ids: string[] = []
  for await (const { id } of pagesOf(store, sender, recipient, 'waiting')) ids.push(id)
  return ids
}

/**
 * `busy`: the message is in flight. A message with an unknown outcome fails: kept on hold, it would be sent again after the erasure. Unless a parked
 * status already says that it was accepted.
 */
async function closeOrFail (deps: ErasureDeps, sender: string, id: string, by: string): Promise<'closed' | 'gone' | 'busy'> {
  const text = await deps.store.redis.hget(senderKey(deps.store.prefix, sender, 'backlog'), id)
  if (text === null) return 'gone'
  const stored = parseRecord(text)
  const done = await closeMessage(deps, sender, id, cancelledBy(by), stored.payload)
  if (done !== 'busy') return done === 'done' ? 'closed' : 'gone'
  await applyParked(deps, sender, id, stored.attempts)
  const { status } = await failUnknown(deps, sender, id, stored)
  return status === 'failed' ? 'closed' : 'busy'
}

/**
 * Erases a recipient from undelivered callbacks. First moves all events from the outbox to the callbacks, where they can be scanned. Events that
 * are added from now on belong to messages that were posted during the erasure. Returns the number of erased events.
 */
async function eraseCallbacks ({ store, events }: ErasureDeps, sender: string, recipient: string): Promise<number> {
  const nothing = { limit: 0, retryLimit: 0, probe: '', leaseMs: 0, moveLimit: CALLBACK_PAGE }
  for (let left = 1; left > 0;) {
    const moved = await store.run('lease-callbacks', { sender }, nothing)
    if (moved.dropped > 0) events.emit('callbacks.dropped', { sender, count: moved.dropped })
    left = moved.left
  }
  const names = spellingsOf(recipient).map(name => JSON.stringify(name)).join('\n')
  let erased = 0
  let cursor = '0'
  do {
    const page = await store.run('erase-callbacks', { sender }, { recipient, names, cursor, limit: CALLBACK_PAGE })
    erased += page.count
    cursor = page.cursor
  } while (cursor !== '0')
  return erased
}

/**
 * Erases the results of settled messages and the recipient's entries in the look-up index of every hour. Scans the keys of all servers: a result
 * is stored under the hash of its idempotency key, and may outlive every index. Returns the number of results, and of failures among them.
 */
async function eraseResults (
  store: Store,
  senders: readonly string[],
  recipient: string,
  term: string
): Promise<{ results: number; failures: number }> {
  const wanted = new Set(senders)
  const only = senders.length === 1 ? senders[0] ?? '' : '*'
  const erased = { results: 0, failures: 0 }
  for await (const keys of scanKeys(store.redis, `{${store.prefix}:${only}}:[imr]*`)) {
    const bySender = new Map<string, string[]>()
    for (const key of keys) {
      const [, sender = '', kind = '', digest = ''] = /^\{[^:]+:([^}]+)\}:(msg|index|recent):(.+)$/.exec(key) ?? []
      if (!wanted.has(sender)) continue
      if (kind !== 'msg') await store.run('erase-entries', { sender, hour: Number(digest) }, { term, position: '' })
      else bySender.set(sender, [...bySender.get(sender) ?? [], digest])
    }
    // One MGET per sender: keys of two senders may be in two slots.
    for (const [sender, digests] of bySender) {
      const texts = await store.redis.mget(digests.map(digest => senderKey(store.prefix, sender, 'msg', { digest })))
      const found = digests.flatMap((digest, i) => {
        const result = parseResult(texts[i] ?? '')
        return result?.recipient === recipient ? [{ digest, result }] : []
      })
      for (const reply of await inParallel(found, CONCURRENCY, async ({ digest, result }) => await eraseResult(store, sender, digest, result))) {
        if (reply.status !== 'erased') continue
        if (reply.hadResult) erased.results++
        if (reply.wasFailure) erased.failures++
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
  for await (const { id, stored } of pagesOf(store, sender, recipient, 'failures')) {
    await removeTerms(store, sender, id, findTerms(recipient, stored.payload.metadata).split(' '), admittedAt(id))
    const reply = await store.run('erase-message', { sender, digest: parseId(`${sender}.${id}`)?.digest ?? '' }, { id })
    if (reply.status === 'erased' && reply.wasFailure) erased++
  }
  return erased
}

/** Removes a message from the look-up index. Around a full hour the entry may be in the neighbouring one. */
async function removeTerms (store: Store, sender: string, id: string, terms: string[], atMs: number): Promise<void> {
  const position = positionOf(id)
  await Promise.all([-1, 0, 1].flatMap(near => terms.map(async term =>
    await store.run('erase-entries', { sender, hour: hourOf(atMs) + near }, { term, position }))))
}

/** Approximate number of messages that one script call scans: a few ms of Redis. */
const PAGE = 1000

/** Every unsettled message, or every failure, of the recipient. A message may be returned twice (HSCAN). */
export async function * pagesOf (
  store: Store,
  sender: string,
  recipient: string,
  which: 'waiting' | 'failures'
): AsyncGenerator<{ id: string; stored: StoredMessage }> {
  let cursor = '0'
  do {
    const page = await store.run('find-recipient', { sender }, { recipient, which, cursor, limit: PAGE })
    for (const { id, record } of page.messages) yield { id, stored: parseRecord(record) }
    cursor = page.cursor
  } while (cursor !== '0')
}
