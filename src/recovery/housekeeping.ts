import { expire } from '../drain/cancel.js'
import type { DeliveryDeps } from '../drain/deliver.js'
import { inIsolation } from '../parallel.js'
import { reportError } from '../redis/report-error.js'
import { isUnavailable } from '../redis/unavailable.js'
import type { SenderRegistry } from '../sender-registry.js'
import { payloadOf } from '../settlement/inspect.js'
import { forgetIfRemoved, sendersToKeep } from './removed.js'

export interface HousekeepingDeps extends Pick<DeliveryDeps, 'store' | 'events' | 'wakes' | 'settlement'> {
  senders: Pick<SenderRegistry, 'ids'>
  /** `forgetMs`: how long after its removal the last keys of a sender are removed. */
  housekeeping: { retentionMs: number, forgetMs: number, everyMs: number }
}

/** `unavailable`: senders whose server did not answer; the next run takes them. */
export interface PruneResult { expired: number, buckets: number, failures: number, unavailable: number }

/** Settled failures kept of each kind and sender, whatever the retention. */
const CAP = 100_000
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
  const { retentionMs } = deps.housekeeping
  const cut = { failed: 0, resolved: 0 }
  for (;;) {
    const { expired: ids, buckets, failures, cutFailed, cutResolved } = await deps.store.run(
      'prune', { sender }, { retentionMs, cap: CAP, limit: BATCH })
    const expired = await expire(deps, sender, ids, async id => await payloadOf(deps.store, sender, id))
    total.expired += expired
    total.buckets += buckets
    total.failures += failures
    cut.failed += cutFailed
    cut.resolved += cutResolved
    if (expired < BATCH && buckets < BATCH && failures < BATCH) break
  }
  if (cut.failed + cut.resolved > 0) deps.events.emit('failures.cut', { sender, ...cut })
  await forgetIfRemoved(deps, sender)
}
