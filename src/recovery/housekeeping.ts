import { expire } from '../drain/cancel.js'
import type { DeliveryDeps } from '../drain/deliver.js'
import { inIsolation } from '../parallel.js'
import { globalKey } from '../redis/keys.js'
import { reportError } from '../redis/report-error.js'
import { isUnavailable } from '../redis/unavailable.js'
import type { SenderRegistry } from '../sender-registry.js'
import { payloadOf } from '../settlement/inspect.js'

export interface HousekeepingDeps extends Pick<DeliveryDeps, 'store' | 'events' | 'wakes' | 'settlement'> {
  senders: Pick<SenderRegistry, 'ids'>
  housekeeping: { retentionMs: number, everyMs: number }
}

/** `unavailable`: senders whose server did not answer; the next run takes them. */
export interface PruneResult { expired: number, buckets: number, failures: number, unavailable: number }

/** Settled failures kept of each kind. */
const CAP = 100_000
/** Entries that one script call removes of each kind. */
const BATCH = 500
/** Senders at once: one with much to remove does not delay the others. */
const CONCURRENCY = 10

/**
 * One run over all senders: expires messages, and removes old failures and idle buckets, in small batches until none is left. It includes senders
 * that no node serves any more: their messages cannot be sent, and have to end as expired.
 */
export async function prune (deps: HousekeepingDeps): Promise<PruneResult> {
  const known = await deps.store.redis.hkeys(globalKey(deps.store.prefix, 'senders'))
  const total: PruneResult = { expired: 0, buckets: 0, failures: 0, unavailable: 0 }
  const senders = [...new Set([...deps.senders.ids(), ...known])]
  await inIsolation(senders, CONCURRENCY, async sender => await pruneSender(deps, sender, total), (error, sender) => {
    if (isUnavailable(error)) total.unavailable++
    else reportError(deps.events, `housekeeping of ${sender}`, error)
  })
  return total
}

async function pruneSender (deps: HousekeepingDeps, sender: string, total: PruneResult): Promise<void> {
  for (;;) {
    const { retentionMs } = deps.housekeeping
    const { expired: ids, buckets, failures } = await deps.store.run('prune', { sender }, { retentionMs, cap: CAP, limit: BATCH })
    const expired = await expire(deps, sender, ids, async id => await payloadOf(deps.store, sender, id))
    total.expired += expired
    total.buckets += buckets
    total.failures += failures
    if (expired < BATCH && buckets < BATCH && failures < BATCH) return
  }
}
