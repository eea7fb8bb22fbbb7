import type { Queue } from 'bullmq'
import { inParallel } from '../parallel.js'
import { redisNowMs } from '../redis/clock.js'
import { globalKey } from '../redis/keys.js'
import type { SenderRegistry } from '../sender-registry.js'
import type { RetryCounts, RetryDeps } from './retry.js'
import { addCounts, retryFailures } from './retry.js'

/** Failures per sender and run; the next run takes the rest. */
const PER_RUN = 1000
/** Senders whose failures are retried at once. */
const CONCURRENCY = 100
const SCHEDULER = 'retry'
/** A worker counts as gone this many intervals, and this much longer, after it last ran. */
const MISSED_INTERVALS = 2
const GRACE_MS = 5000

export interface RetryWorkerDeps extends RetryDeps { retryQueue: Queue, senders: Pick<SenderRegistry, 'ids'>, retryIntervalMs: number }

export interface RetryWorkerStatus {
  isRunning: boolean
  intervalMs: number
  lastRunAt: string | null
  lastResult: RetryCounts | null
  nextRunAt: string | null
  stoppedBy: string | null
}

type WorkerField = 'stoppedBy' | 'seenAt' | 'lastRunAt' | 'lastResult'

/** At the start of a node that runs retries: adds the run to the schedule, which all nodes share, and marks the worker as seen. */
export async function registerRetryWorker (deps: RetryWorkerDeps): Promise<void> {
  await scheduleRetries(deps)
  await markSeen(deps)
}

/** Adds the run to BullMQ's schedule. */
async function scheduleRetries (deps: RetryWorkerDeps): Promise<void> {
  const template = { name: 'retry', opts: { removeOnComplete: { count: 50 }, removeOnFail: { count: 50 } } }
  await deps.retryQueue.upsertJobScheduler(SCHEDULER, { every: deps.retryIntervalMs }, template)
}

/** Adds the run again if an emptied Redis has lost the schedule. */
export async function keepRetriesScheduled (deps: RetryWorkerDeps): Promise<void> {
  if (await deps.retryQueue.getJobScheduler(SCHEDULER) === undefined) await registerRetryWorker(deps)
}

/** One run over all senders; null while the worker is stopped. */
export async function runRetries (deps: RetryWorkerDeps): Promise<RetryCounts | null> {
  const { redis, prefix } = deps.store
  const startedAt = performance.now()
  if (await redis.hexists(globalKey(prefix, 'retry-worker'), 'stoppedBy') === 1) {
    await markSeen(deps)
    return null
  }
  // In parallel and for a limited time, so that a sender whose requests are slow does not delay the retries of others.
  const each = await inParallel(deps.senders.ids(), CONCURRENCY, async sender =>
    await retryFailures(deps, sender, { limit: PER_RUN, force: false, by: null, withinMs: deps.retryIntervalMs / 2 }))
  const counts = each.reduce(addCounts, { total: 0, succeeded: 0, failed: 0, permanentlyFailed: 0, deferred: 0 })
  await markSeen(deps, { lastRunAt: await redisNowMs(redis), lastResult: JSON.stringify(counts) })
  deps.events.emit('retry-worker.ran', { total: counts.total, durationMs: performance.now() - startedAt })
  return counts
}

/** Stops the worker on all nodes until an operator starts it; a restart of a node does not. */
export async function stopRetries (deps: RetryWorkerDeps, by: string): Promise<void> {
  await deps.store.redis.hset(globalKey(deps.store.prefix, 'retry-worker'), 'stoppedBy', by)
  await deps.store.hold(null)
}

export async function startRetries (deps: RetryWorkerDeps): Promise<void> {
  await deps.store.redis.hdel(globalKey(deps.store.prefix, 'retry-worker'), 'stoppedBy')
  await scheduleRetries(deps)
  await deps.store.hold(null)
}

/** Records that some node runs the retries, with the fields of a finished run. */
async function markSeen (deps: RetryWorkerDeps, fields: Record<string, string | number> = {}): Promise<void> {
  const { redis, prefix } = deps.store
  await redis.hset(globalKey(prefix, 'retry-worker'), { ...fields, seenAt: await redisNowMs(redis) })
}

/** The state of the retry worker, the same on all nodes. It runs unless an operator stopped it or no node has run it for too long. */
export async function retryWorkerStatus (deps: RetryWorkerDeps): Promise<RetryWorkerStatus> {
  const { redis, prefix } = deps.store
  const [fields, scheduler, nowMs] = await Promise.all([
    redis.hgetall(globalKey(prefix, 'retry-worker')),
    deps.retryQueue.getJobScheduler(SCHEDULER),
    redisNowMs(redis)
  ])
  const { stoppedBy = null, seenAt = 0, lastRunAt, lastResult } = fields as Partial<Record<WorkerField, string>>
  const next = scheduler?.next
  const intervalMs = scheduler?.every ?? deps.retryIntervalMs
  const isRunning = stoppedBy === null && nowMs - Number(seenAt) <= MISSED_INTERVALS * intervalMs + GRACE_MS
  return {
    isRunning,
    intervalMs,
    lastRunAt: lastRunAt === undefined ? null : new Date(Number(lastRunAt)).toISOString(),
    lastResult: lastResult === undefined ? null : JSON.parse(lastResult) as RetryCounts,
    nextRunAt: !isRunning || next === undefined ? null : new Date(next).toISOString(),
    stoppedBy
  }
}
