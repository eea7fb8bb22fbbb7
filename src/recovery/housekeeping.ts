import type { Queue } from 'bullmq'
import { expire } from '../drain/cancel.js'
import type { DeliveryDeps } from '../drain/deliver.js'
import type { SenderRegistry } from '../sender-registry.js'
import { payloadOf } from '../settlement/inspect.js'
import { forgetIfRemoved, sendersToKeep } from './removed.js'

export interface HousekeepingDeps extends Pick<DeliveryDeps, 'store' | 'events' | 'wakes' | 'settlement'> {
  housekeepingQueue: Queue
  senders: Pick<SenderRegistry, 'ids'>
  /** `forgetMs`: how long after its removal the last keys of a sender are removed. */
  housekeeping: { retentionMs: number, forgetMs: number, everyMs: number }
}

export interface PruneResult { expired: number, buckets: number, failures: number }

/** Settled failures kept of each kind and sender, whatever the retention. */
const CAP = 100_000
/** Entries that one script call removes of each kind. */
const BATCH = 500

const SCHEDULER = 'housekeeping'

/** Adds the run to BullMQ's schedule; every worker node does so at its start. */
export async function scheduleHousekeeping (deps: HousekeepingDeps): Promise<void> {
  const template = { name: 'housekeeping', opts: { removeOnComplete: { count: 20 }, removeOnFail: { count: 20 } } }
  await deps.housekeepingQueue.upsertJobScheduler(SCHEDULER, { every: deps.housekeeping.everyMs }, template)
}

/** Adds the run again if an emptied Redis has lost the schedule. */
export async function keepHousekeepingScheduled (deps: HousekeepingDeps): Promise<void> {
  if (await deps.housekeepingQueue.getJobScheduler(SCHEDULER) === undefined) await scheduleHousekeeping(deps)
}

/**
 * One run over all senders with data, also those that were removed: expires messages, and removes old failures and idle buckets, in small
 * batches until none is left.
 */
export async function prune (deps: HousekeepingDeps): Promise<PruneResult> {
  const total: PruneResult = { expired: 0, buckets: 0, failures: 0 }
  for (const sender of await sendersToKeep(deps)) {
    const cut = { failed: 0, resolved: 0 }
    for (;;) {
      const { retentionMs } = deps.housekeeping
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
  return total
}
