import type { Queue } from 'bullmq'
import { expire } from '../drain/cancel.js'
import type { DeliveryDeps } from '../drain/deliver.js'
import type { SenderRegistry } from '../sender-registry.js'
import { payloadOf } from '../settlement/inspect.js'

export interface HousekeepingDeps extends Pick<DeliveryDeps, 'store' | 'events' | 'wakes' | 'settlement'> {
  housekeepingQueue: Queue
  senders: Pick<SenderRegistry, 'ids'>
  housekeeping: { retentionMs: number, everyMs: number }
}

export interface PruneResult { expired: number, buckets: number, failures: number }

/** Settled failures kept of each kind. */
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

/** One run over all senders: expires messages, and removes old failures and idle buckets, in small batches until none is left. */
export async function prune (deps: HousekeepingDeps): Promise<PruneResult> {
  const total: PruneResult = { expired: 0, buckets: 0, failures: 0 }
  for (const sender of deps.senders.ids()) {
    for (;;) {
      const { retentionMs } = deps.housekeeping
      const { expired: ids, buckets, failures } = await deps.store.run('prune', { sender }, { retentionMs, cap: CAP, limit: BATCH })
      const expired = await expire(deps, sender, ids, async id => await payloadOf(deps.store, sender, id))
      total.expired += expired
      total.buckets += buckets
      total.failures += failures
      if (expired < BATCH && buckets < BATCH && failures < BATCH) break
    }
  }
  return total
}
