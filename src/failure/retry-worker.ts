import type { Queue } from 'bullmq'
import { inParallel } from '../parallel.js'
import { globalKey } from '../redis/keys.js'
import { redisNowMs } from '../redis/time.js'
import type { RetryCounts, RetryDeps } from './retry.js'
import { addCounts, retryFailures } from './retry.js'

/** Failures that one run takes up at most; the next run takes the rest. */
const PER_RUN = 1000
/** Senders whose failures are retried at once. */
const AT_ONCE = 100
const SCHEDULER = 'retry'
/** A worker that was last seen so many intervals ago, and this much longer, is gone. */
const MISSED = 2
const GRACE_MS = 5000

export interface RetryWorkerDeps extends RetryDeps { retryQueue: Queue, senders: string[], retryIntervalMs: number }

export interface RetryWorkerStatus {
  isRunning: boolean
  intervalMs: number
  lastRunAt: string | null
  lastResult: RetryCounts | null
  nextRunAt: string | null
  stoppedBy: string | null
}

/** What a node does at its start that will run the retries: it puts them on the schedule, which is one for all, and counts as seen. */
export async function attendRetries (deps: RetryWorkerDeps): Promise<void> {
  await scheduleRetries(deps)
  await note(deps, {})
}

/** Puts the run on BullMQ's schedule. */
async function scheduleRetries (deps: RetryWorkerDeps): Promise<void> {
  await deps.retryQueue.upsertJobScheduler(SCHEDULER, { every: deps.retryIntervalMs }, { name: 'retry', opts: { removeOnComplete: { count: 50 }, removeOnFail: { count: 50 } } })
}

/** The same where an emptied Redis has lost the schedule. */
export async function keepRetriesScheduled (deps: RetryWorkerDeps): Promise<void> {
  if (await deps.retryQueue.getJobScheduler(SCHEDULER) === undefined) await attendRetries(deps)
}

/** One run over all senders; null while the worker is stopped. */
export async function runRetries (deps: RetryWorkerDeps): Promise<RetryCounts | null> {
  const { redis, prefix } = deps.store
  const key = globalKey(prefix, 'retry-worker')
  const startedAt = performance.now()
  if (await redis.hexists(key, 'stoppedBy') === 1) {
    await note(deps, {})
    return null
  }
  // Side by side and for a limited time, so that a sender whose answers are slow does not hold up the retries of others.
  const each = await inParallel([...deps.senders], AT_ONCE, async sender =>
    await retryFailures(deps, sender, { limit: PER_RUN, force: false, by: null, withinMs: deps.retryIntervalMs / 2 }))
  const counts = each.reduce(addCounts, { total: 0, succeeded: 0, failed: 0, permanentlyFailed: 0, deferred: 0 })
  await note(deps, { lastRunAt: await redisNowMs(deps.store.redis), lastResult: JSON.stringify(counts) })
  deps.events.emit('retry-worker.ran', { total: counts.total, durationMs: performance.now() - startedAt })
  return counts
}

/** Stops the worker on all nodes, until somebody starts it: a boot never changes it. */
export async function stopRetries (deps: RetryWorkerDeps, by: string): Promise<void> {
  await deps.store.redis.hset(globalKey(deps.store.prefix, 'retry-worker'), 'stoppedBy', by)
}

export async function startRetries (deps: RetryWorkerDeps): Promise<void> {
  await deps.store.redis.hdel(globalKey(deps.store.prefix, 'retry-worker'), 'stoppedBy')
  await scheduleRetries(deps)
}

/** Notes that there is a node that runs the retries, and what else there is to note. */
async function note (deps: RetryWorkerDeps, facts: Record<string, string | number>): Promise<void> {
  await deps.store.redis.hset(globalKey(deps.store.prefix, 'retry-worker'), { ...facts, seenAt: await redisNowMs(deps.store.redis) })
}

/**
 * The state of the retry worker as all nodes see it. It runs unless somebody stopped it, or no node has been seen running it for
 * so long that none does.
 */
export async function retryWorkerStatus (deps: RetryWorkerDeps): Promise<RetryWorkerStatus> {
  const [facts, scheduler, nowMs] = await Promise.all([
    deps.store.redis.hgetall(globalKey(deps.store.prefix, 'retry-worker')),
    deps.retryQueue.getJobScheduler(SCHEDULER),
    redisNowMs(deps.store.redis)
  ])
  const stoppedBy = facts['stoppedBy'] ?? null
  const next = scheduler?.next
  const intervalMs = scheduler?.every ?? deps.retryIntervalMs
  const isRunning = stoppedBy === null && nowMs - Number(facts['seenAt'] ?? 0) <= MISSED * intervalMs + GRACE_MS
  return {
    isRunning,
    intervalMs,
    lastRunAt: facts['lastRunAt'] === undefined ? null : new Date(Number(facts['lastRunAt'])).toISOString(),
    lastResult: facts['lastResult'] === undefined ? null : JSON.parse(facts['lastResult']) as RetryCounts,
    nextRunAt: !isRunning || next === undefined ? null : new Date(next).toISOString(),
    stoppedBy
  }
}
