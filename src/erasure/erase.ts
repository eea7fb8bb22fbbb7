import { setTimeout as sleep } from 'node:timers/promises'
import { cancelledBy, closeMessage } from '../drain/close.js'
import type { DeliveryDeps } from '../drain/deliver.js'
import { inParallel } from '../parallel.js'
import { spellingsOf } from '../recipient.js'
import { scanKeys } from '../redis/client.js'
import type { Replies } from '../redis/commands.js'
import { publicId, senderKey, hourOf, parseId } from '../redis/keys.js'
import { findTerm, findTerms, numberText, readTerm } from '../redis/lookup-index.js'
import { groupBySender } from '../redis/merge-sets.js'
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
  const term = findTerm('recipient', recipient)
  const { hours, entries } = await readIndexed(store, senders, term)
  const { results, failures: known } = await eraseResults(store, senders, recipient, entries)
  let failures = known
  for (const sender of senders) failures += await eraseFailures(store, sender, recipient, entries)
  // Last, since only they lead to the tags of messages: also to those of messages in flight, which the next call erases.
  if (remaining.length === 0) await inParallel(hours, CONCURRENCY, async hour => await store.run('erase-entries', hour, { term, reference: '' }))
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

/** The recipient's messages in the look-up index: by sender and id, the hours that have an entry, and the message's number there. */
type Indexed = Map<string, Array<{ hour: number, number: number }>>
const indexed = (sender: string, id: string): string => publicId(sender, id)

interface SenderHour { sender: string, hour: number }

/** Reads the recipient's entries in the index of every hour that is left of each sender. */
async function readIndexed (store: Store, senders: readonly string[], term: string): Promise<{ hours: SenderHour[], entries: Indexed }> {
  const hours: SenderHour[] = []
  const entries: Indexed = new Map()
  for await (const keys of scanOf(store, senders, 'index')) {
    await inParallel(keys, CONCURRENCY, async ({ sender, part }) => {
      const hour = Number(part)
      hours.push({ sender, hour })
      for (const { id, number } of await readTerm(store, sender, hour, term)) {
        const name = indexed(sender, id)
        entries.set(name, [...entries.get(name) ?? [], { hour, number }])
      }
    })
  }
  return { hours, entries }
}

/** The keys of a kind that these senders have, page by page. */
async function * scanOf (
  store: Store, senders: readonly string[], kind: 'index' | 'msg'
): AsyncGenerator<Array<{ sender: string, part: string }>> {
  const wanted = new Set(senders)
  const only = senders.length === 1 ? senders[0] ?? '' : '*'
  for await (const keys of scanKeys(store.redis, `{${store.prefix}:${only}}:${kind}:*`)) {
    yield keys.flatMap(key => {
      const [, sender = '', part = ''] = /^\{[^:]+:([^}]+)\}:\w+:(.+)$/.exec(key) ?? []
      return wanted.has(sender) ? [{ sender, part }] : []
    })
  }
}

/**
 * Erases the results of settled messages. Scans the keys of all servers: a result is stored under the hash of its idempotency key, and may outlive
 * every index. Returns the number of results, and of failures among them.
 */
async function eraseResults (
  store: Store, senders: readonly string[], recipient: string, entries: Indexed
): Promise<{ results: number; failures: number }> {
  const erased = { results: 0, failures: 0 }
  for await (const keys of scanOf(store, senders, 'msg')) {
    // One MGET per sender: keys of two senders may be in two slots.
    for (const [sender, own] of groupBySender(keys)) {
      const texts = await store.redis.mget(own.map(({ part }) => senderKey(store.prefix, sender, 'msg', { digest: part })))
      const found = own.flatMap(({ part }, i) => {
        const result = parseResult(texts[i] ?? '')
        return result?.recipient === recipient ? [{ digest: part, result }] : []
      })
      for (const reply of await inParallel(found, CONCURRENCY, async ({ digest, result }) =>
        await eraseResult(store, sender, digest, result, entries))) {
        if (reply.status !== 'erased') continue
        if (reply.hadResult) erased.results++
        if (reply.wasFailure) erased.failures++
      }
    }
  }
  return erased
}

async function eraseResult (store: Store, sender: string, digest: string, result: Result, entries: Indexed): Promise<Replies['erase-message']> {
  const id = `${digest}.${result.admittedAt.toString(16)}`
  await removeTags(store, sender, id, result, entries)
  if (result.providerMessageId !== null) {
    const term = findTerm('provider', result.providerMessageId)
    // Around a full hour the entry may be in the neighbouring one.
    await Promise.all([-1, 0, 1].map(async near =>
      await store.run('erase-entries', { sender, hour: hourOf(result.settledAt) + near }, { term, reference: digest })))
  }
  return await store.run('erase-message', { sender, digest }, { id })
}

/** Erases stored failures; returns their number. */
async function eraseFailures (store: Store, sender: string, recipient: string, entries: Indexed): Promise<number> {
  let erased = 0
  for await (const { id, stored } of pagesOf(store, sender, recipient, 'failures')) {
    await removeTags(store, sender, id, stored.payload, entries)
    const reply = await store.run('erase-message', { sender, digest: parseId(`${sender}.${id}`)?.digest ?? '' }, { id })
    if (reply.status === 'erased' && reply.wasFailure) erased++
  }
  return erased
}

/** Removes the tags of a message from the look-up index. The entries of its recipient stay until all its messages are erased: they lead here. */
async function removeTags (
  store: Store, sender: string, id: string, { metadata }: { metadata?: Record<string, unknown> | undefined }, entries: Indexed
): Promise<void> {
  const tags = findTerms('', metadata).split(' ').slice(1)
  await Promise.all((entries.get(indexed(sender, id)) ?? []).flatMap(({ hour, number }) => tags.map(async term =>
    await store.run('erase-entries', { sender, hour }, { term, reference: numberText(number) }))))
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
