import { setTimeout as sleep } from 'node:timers/promises'
import type { DeliveryDeps } from '../drain/deliver.js'
import { cancel } from '../drain/cancel.js'
import { inParallel } from '../parallel.js'
import { findTerm } from '../redis/find-terms.js'
import { spellingsOf } from '../recipient.js'
import { publicId, senderKey } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import { parseRecord } from '../settlement/record.js'
import { settleUnknown } from '../settlement/settle.js'
import { pagesOf } from './pages.js'
import { eraseFailures, eraseResults } from './settled.js'

const CONCURRENCY = 10
/** How long an erasure waits for messages in flight. */
const WAIT_MS = 3000
const CHECK_MS = 100

/** Subjects that one script call scans, and events that one call moves out of the outbox: a few ms of Redis each. */
const CALLBACK_PAGE = 500

export type ErasureDeps = Pick<DeliveryDeps, 'store' | 'events' | 'wakes' | 'settlement'>

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
      const left = await inParallel(found, CONCURRENCY, async id => await closeMessage(deps, sender, id, by))
      waiting += left.filter(result => result === 'closed').length
      found = found.filter((_, at) => left[at] === 'busy')
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

/** `busy`: the message is in flight. A message with an unknown outcome fails, since it must not be kept for a retry. */
async function closeMessage (deps: ErasureDeps, sender: string, id: string, by: string): Promise<'closed' | 'gone' | 'busy'> {
  const text = await deps.store.redis.hget(senderKey(deps.store.prefix, sender, 'backlog'), id)
  if (text === null) return 'gone'
  const kept = parseRecord(text)
  const done = await cancel(deps, sender, id, 'cancelled', by, kept.payload)
  if (done !== 'busy') return done === 'done' ? 'closed' : 'gone'
  const { status } = await settleUnknown(deps, sender, id, { ...kept, payload: { ...kept.payload, onUnknown: 'fail' } })
  return status === 'stale' ? 'busy' : 'closed'
}

/**
 * Erases a recipient from undelivered callbacks. First moves all events from the outbox to the callbacks, where they can be scanned. Events that
 * are added from now on belong to messages that were posted during the erasure. Returns the number of erased events.
 */
async function eraseCallbacks ({ store, events }: ErasureDeps, sender: string, recipient: string): Promise<number> {
  const nothing = { limit: 0, retryLimit: 0, probe: '', leaseMs: 0, take: CALLBACK_PAGE }
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
