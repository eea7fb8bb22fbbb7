import { setTimeout as sleep } from 'node:timers/promises'
import type { DeliveryDeps } from '../drain/deliver.js'
import { cancel } from '../drain/cancel.js'
import { inParallel } from '../parallel.js'
import { findTerm } from '../redis/find-terms.js'
import { globalKey, publicId, senderKey } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import { parseRecord } from '../settlement/record.js'
import { settleUnknown } from '../settlement/settle.js'
import { eraseCallbacks } from './callbacks.js'
import { pagesOf } from './pages.js'
import { eraseFailures, eraseResults } from './settled.js'

const AT_ONCE = 10
/** How long an erasure waits for what is in flight. */
const PATIENCE_MS = 3000
const LOOK_AGAIN_MS = 100

export type ErasureDeps = Pick<DeliveryDeps, 'store' | 'events' | 'wakes' | 'settlement'>

export interface EraseResult {
  /** Nothing is left; else a repeat has to come for the rest. */
  complete: boolean
  /** Messages that waited and were taken out, results that told of the recipient, failures that were kept. */
  erased: { waiting: number, results: number, failures: number }
  /** Public ids of messages that are in flight, and end by themselves. */
  remaining: string[]
}

/** All senders that Redis knows, served by somebody or not: each may hold messages. */
export async function knownSenders (store: Store): Promise<string[]> {
  return await store.redis.hkeys(globalKey(store.prefix, 'senders'))
}

/**
 * Erases what is held about one canonical recipient: what waits is cancelled, an unknown outcome given up, and then everything
 * that tells of it forgotten. Each step can be repeated, and finds by itself what is left to do, so a repeat after a crash
 * or for what was in flight does the rest. Messages that are posted meanwhile are not its concern.
 */
export async function eraseRecipient (deps: ErasureDeps, senders: readonly string[], recipient: string, by: string): Promise<EraseResult> {
  const { store } = deps
  let waiting = 0
  const remaining: string[] = []
  for (const sender of senders) {
    let found = await findAll(store, sender, recipient)
    const until = performance.now() + PATIENCE_MS
    for (;;) {
      const left = await inParallel(found, AT_ONCE, async id => await takeOut(deps, sender, id, by))
      waiting += left.filter(what => what === 'out').length
      found = found.filter((_, at) => left[at] === 'busy')
      if (found.length === 0 || performance.now() > until) break
      await sleep(LOOK_AGAIN_MS)
    }
    remaining.push(...found.map(id => publicId(sender, id)))
  }
  // Results before failures: they alone know what WhatsApp called the message.
  const { results, failures: known } = await eraseResults(store, senders, recipient, findTerm('recipient', recipient))
  let failures = known
  for (const sender of senders) failures += await eraseFailures(store, sender, recipient)
  for (const sender of senders) await eraseCallbacks(store, sender, recipient)
  const pairs = await inParallel(senders, AT_ONCE, async sender => (await store.run('erase-pair', { sender }, { recipient })).status)
  return { complete: remaining.length === 0 && !pairs.includes('busy'), erased: { waiting, results, failures }, remaining }
}

async function findAll (store: Store, sender: string, recipient: string): Promise<string[]> {
  const ids: string[] = []
  for await (const { id } of pagesOf(store, sender, recipient, 'waiting')) ids.push(id)
  return ids
}

/** `busy`: it is in flight. An unknown outcome is given up, since nobody may keep the message to try it again. */
async function takeOut (deps: ErasureDeps, sender: string, id: string, by: string): Promise<'out' | 'gone' | 'busy'> {
  const text = await deps.store.redis.hget(senderKey(deps.store.prefix, sender, 'backlog'), id)
  if (text === null) return 'gone'
  const kept = parseRecord(text)
  const done = await cancel(deps, sender, id, 'cancelled', by, kept.payload)
  if (done !== 'busy') return done === 'done' ? 'out' : 'gone'
  const { status } = await settleUnknown(deps, sender, id, { ...kept, payload: { ...kept.payload, onUnknown: 'fail' } })
  return status === 'stale' ? 'busy' : 'out'
}
