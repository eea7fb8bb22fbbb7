import type { CloseDeps } from '../drain/close.js'
import { closeAll, lifetimeEnded } from '../drain/close.js'
import { inIsolation } from '../parallel.js'
import { FAILURES_CAP } from '../redis/keys.js'
import { delistSender, knownSenders } from '../redis/known-senders.js'
import { isUnavailable, reportError } from '../redis/unavailable.js'
import type { SenderRegistry } from '../sender-registry.js'
import { expireEnded } from './expire-campaigns.js'
import { releaseSuspended } from './release-suspended.js'

export interface HousekeepingDeps extends CloseDeps {
  senders: Pick<SenderRegistry, 'ids'>
  /** How long failures are kept, ms. */
  retentionMs: number
  /** How long after its removal the last keys of a sender are removed, ms. */
  forgetMs: number
}

/** `unavailable`: senders whose server did not respond; the next run takes them. */
export interface PruneResult { expired: number, buckets: number, failures: number, unavailable: number }

/** Entries that one script call removes of each kind. */
const BATCH = 500
/** Senders at once: one with much to remove does not delay the others. */
const CONCURRENCY = 10

/**
 * One run over all senders with data: expires messages, and removes old failures and idle buckets, in small batches until none is left. It
 * includes senders that no node serves any more: their messages cannot be sent, and have to end as expired; then their last keys are removed.
 */
export async function prune (deps: HousekeepingDeps): Promise<PruneResult> {
  const total: PruneResult = { expired: 0, buckets: 0, failures: 0, unavailable: 0 }
  const senders = await sendersToKeep(deps)
  await inIsolation(senders, CONCURRENCY, async sender => await pruneSender(deps, sender, total), (error, sender) => {
    if (isUnavailable(error)) total.unavailable++
    else reportError(deps.events, `housekeeping of ${sender}`, error)
  })
  return total
}

async function pruneSender (deps: HousekeepingDeps, sender: string, total: PruneResult): Promise<void> {
  const { retentionMs } = deps
  const cut = { failed: 0, resolved: 0 }
  for (;;) {
    const { expired: ids, buckets, failures, cutFailed, cutResolved } = await deps.store.run(
      'prune', { sender }, { retentionMs, cap: FAILURES_CAP, limit: BATCH })
    const expired = await closeAll(deps, sender, ids, lifetimeEnded)
    total.expired += expired
    total.buckets += buckets
    total.failures += failures
    cut.failed += cutFailed
    cut.resolved += cutResolved
    if (expired < BATCH && buckets < BATCH && failures < BATCH) break
  }
  if (cut.failed + cut.resolved > 0) deps.events.emit('failures.cut', { sender, ...cut })
  // Of messages whose release was interrupted, or whose template is rejected.
  await releaseSuspended(deps, sender)
  total.expired += await expireEnded(deps, sender)
  await forgetIfRemoved(deps, sender)
}

/** The senders that housekeeping is for: all that have data in Redis, whether a node serves them or not. */
async function sendersToKeep ({ store, senders }: HousekeepingDeps): Promise<string[]> {
  return [...new Set([...senders.ids(), ...await knownSenders(store)])]
}

/**
 * Removes the last keys of a sender once no node has served it for `forgetMs` and nothing of its messages is left. A crash in between is
 * repaired by the next run: the sender stays listed until its keys are gone.
 */
async function forgetIfRemoved ({ store, events, senders, forgetMs }: HousekeepingDeps, sender: string): Promise<boolean> {
  if (senders.ids().includes(sender)) return false
  const { status } = await store.run('forget', { sender }, { afterMs: forgetMs })
  if (status === 'in-use') return false
  await delistSender(store, sender)
  events.emit('sender.forgotten', { sender })
  return true
}
