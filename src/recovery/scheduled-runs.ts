import type { Queue } from 'bullmq'
import { redisNowMs } from '../redis/clock.js'
import { enqueueOnce } from '../redis/enqueue-once.js'
import { globalKey } from '../redis/keys.js'
import type { Store } from '../redis/store.js'

/** A BullMQ job that is due every `everyMs`. */
export interface ScheduledRun { name: 'retry' | 'housekeeping', queue: Queue, everyMs: number }

/**
 * Adds the job of each run that is due. BullMQ's own job schedulers compute the next run by the clock of a node: one start of a node whose clock
 * was a year ahead would stop the run for a year. Here Redis's clock decides, and no moment is further away than one interval.
 * The next moment is written after the job was added. If the node dies in between, the next one adds the job again, which may be one run too many.
 */
export async function addDueRuns (store: Store, runs: readonly ScheduledRun[]): Promise<void> {
  const key = globalKey(store.prefix, 'runs')
  const [nowMs, moments] = await Promise.all([redisNowMs(store.redis, key), store.redis.hmget(key, ...runs.map(({ name }) => name))])
  for (const [at, { name, queue, everyMs }] of runs.entries()) {
    const dueMs = Number(moments[at] ?? 0)
    if (dueMs > nowMs && dueMs <= nowMs + everyMs) continue
    // Too far away: the interval was longer, or Redis's clock was set back.
    if (dueMs <= nowMs) await enqueueOnce(queue, name, name)
    await store.redis.hset(key, name, nowMs + everyMs)
  }
}

/** Removes the job schedulers of earlier versions, which would add runs by the clocks of nodes. */
export async function removeJobSchedulers (runs: readonly ScheduledRun[]): Promise<void> {
  await Promise.all(runs.map(async ({ name, queue }) => await queue.removeJobScheduler(name)))
}
