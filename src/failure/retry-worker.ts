import type { Queue } from 'bullmq'
import { inParallel } from '../parallel.js'
import { globalKey } from '../redis/keys.js'
import type { RetryCounts, RetryRoom } from './retry.js'
import { addCounts, retryFailures } from './retry.js'

/** Failures that one run takes up at most; the next run takes the rest. */
const PER_RUN = 1000
/** Senders whose failures are retried at once. */
const AT_ONCE = 100
const SCHEDULER = 'retry'

export interface RetryWorkerRoom extends RetryRoom { retryQueue: Queue, senders: string[], retryIntervalMs: number }

export interface RetryWorkerStatus {
  isRunning: boolean
  intervalMs: number
  lastRunAt: string | null
  lastResult: RetryCounts | null
  nextRunAt: string | null
  stoppedBy: string | null
}

/** Puts the run on BullMQ's schedule. Every node does so at its start; the schedule is one for all. */
export async function scheduleRetries (room: RetryWorkerRoom): Promise<void> {
  await room.retryQueue.upsertJobScheduler(SCHEDULER, { every: room.retryIntervalMs }, { name: 'retry', opts: { removeOnComplete: { count: 50 }, removeOnFail: { count: 50 } } })
}

/** The same where an emptied Redis has lost the schedule. */
export async function keepRetriesScheduled (room: RetryWorkerRoom): Promise<void> {
  if (await room.retryQueue.getJobScheduler(SCHEDULER) === undefined) await scheduleRetries(room)
}

/** One run over all senders; null while the worker is stopped. */
export async function runRetries (room: RetryWorkerRoom): Promise<RetryCounts | null> {
  const { redis, prefix } = room.store
  const key = globalKey(prefix, 'retry-worker')
  const startedAt = performance.now()
  if (await redis.hexists(key, 'stoppedBy') === 1) return null
  // Side by side and for a limited time, so that a sender whose answers are slow does not hold up the retries of others.
  const each = await inParallel([...room.senders], AT_ONCE, async sender =>
    await retryFailures(room, sender, { limit: PER_RUN, force: false, by: null, withinMs: room.retryIntervalMs / 2 }))
  const counts = each.reduce(addCounts, { total: 0, succeeded: 0, failed: 0, permanentlyFailed: 0, deferred: 0 })
  const [seconds] = await redis.time()
  await redis.hset(key, { lastRunAt: String(Number(seconds) * 1000), lastResult: JSON.stringify(counts) })
  room.events.emit('retry-worker.ran', { total: counts.total, durationMs: performance.now() - startedAt })
  return counts
}

/** Stops the worker on all nodes, until somebody starts it: a boot never changes it. */
export async function stopRetries (room: RetryWorkerRoom, by: string): Promise<void> {
  await room.store.redis.hset(globalKey(room.store.prefix, 'retry-worker'), 'stoppedBy', by)
}

export async function startRetries (room: RetryWorkerRoom): Promise<void> {
  await room.store.redis.hdel(globalKey(room.store.prefix, 'retry-worker'), 'stoppedBy')
  await scheduleRetries(room)
}

/** The state of the retry worker as all nodes see it. */
export async function retryWorkerStatus (room: RetryWorkerRoom): Promise<RetryWorkerStatus> {
  const [facts, scheduler] = await Promise.all([
    room.store.redis.hgetall(globalKey(room.store.prefix, 'retry-worker')),
    room.retryQueue.getJobScheduler(SCHEDULER)
  ])
  const stoppedBy = facts['stoppedBy'] ?? null
  const next = scheduler?.next
  return {
    isRunning: stoppedBy === null,
    intervalMs: room.retryIntervalMs,
    lastRunAt: facts['lastRunAt'] === undefined ? null : new Date(Number(facts['lastRunAt'])).toISOString(),
    lastResult: facts['lastResult'] === undefined ? null : JSON.parse(facts['lastResult']) as RetryCounts,
    nextRunAt: stoppedBy !== null || next === undefined ? null : new Date(next).toISOString(),
    stoppedBy
  }
}
