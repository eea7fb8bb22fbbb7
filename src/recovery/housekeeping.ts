import type { Queue } from 'bullmq'
import { expire } from '../drain/cancel.js'
import type { DeliveryDeps } from '../drain/deliver.js'
import { payloadOf } from '../settlement/inspect.js'

export interface HousekeepingDeps extends Pick<DeliveryDeps, 'store' | 'events' | 'wakes' | 'settlement'> {
  housekeepingQueue: Queue
  senders: string[]
  housekeeping: { retentionMs: number, everyMs: number }
}

export interface PruneResult { expired: number, buckets: number, failures: number }

/** Settled failures kept of each kind at most. */
const CAP = 100_000
const AT_ONCE = 500

const SCHEDULER = 'housekeeping'

/** Puts the run on BullMQ's schedule; every node does so at its start. */
export async function scheduleHousekeeping (deps: HousekeepingDeps): Promise<void> {
  await deps.housekeepingQueue.upsertJobScheduler(SCHEDULER, { every: deps.housekeeping.everyMs }, { name: 'housekeeping', opts: { removeOnComplete: { count: 20 }, removeOnFail: { count: 20 } } })
}

/** The same where an emptied Redis has lost the schedule. */
export async function keepHousekeepingScheduled (deps: HousekeepingDeps): Promise<void> {
  if (await deps.housekeepingQueue.getJobScheduler(SCHEDULER) === undefined) await scheduleHousekeeping(deps)
}

/** One run over all senders: messages whose life is over, old failures, idle buckets; in small steps until nothing is left. */
export async function prune (deps: HousekeepingDeps): Promise<PruneResult> {
  const total: PruneResult = { expired: 0, buckets: 0, failures: 0 }
  for (const sender of deps.senders) {
    for (;;) {
      const { expired: ids, buckets, failures } = await deps.store.run('prune', { sender }, { retentionMs: deps.housekeeping.retentionMs, cap: CAP, limit: AT_ONCE })
      const expired = await expire(deps, sender, ids, async id => await payloadOf(deps.store, sender, id))
      total.expired += expired
      total.buckets += buckets
      total.failures += failures
      if (expired < AT_ONCE && buckets < AT_ONCE && failures < AT_ONCE) break
    }
  }
  return total
}
