import { setTimeout as sleep } from 'node:timers/promises'
import { lanes } from '../message.js'
import type { Gate } from '../parallel.js'
import { createGate, within } from '../parallel.js'
import { every, isUnavailable, reportError } from '../redis/unavailable.js'
import { redisNowMs } from '../redis/server-clock.js'
import { globalKey, senderKey } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import type { SenderRegistry } from '../sender-registry.js'
import { dueFailures } from './due.js'
import type { RetryCounts, RetryDeps } from './retry.js'
import { addCounts, retryEach } from './retry.js'
import { formatTime } from '../values/time.js'

/**
 * Failures that a run takes at a time: what the sender's rate sends in so many seconds, within limits. It takes the next ones once half of them
 * are sent. So due failures are retried at the sender's rate, and new messages never wait behind more than these.
 */
const PAGE_SECONDS = 12
const PAGE_LEAST = 50
const PAGE_MOST = 2000
/** Interval at which a run checks whether a sender's queue is short enough for the next ones. */
const POLL_MS = 500
/** Senders that are asked at once. */
const CONCURRENCY = 50
/** Heartbeat interval; each heartbeat also checks for an operator's stop. */
const HEARTBEAT_MS = 1000
/** How long a run that is over waits for sends under way. While a server is away, settlements wait for it. */
const END_WITHIN_MS = 20_000
/** A worker counts as gone this many intervals, and this much longer, after it last ran. */
const MISSED_INTERVALS = 2
const GRACE_MS = 5000

export interface RetryWorkerDeps extends RetryDeps { senders: Pick<SenderRegistry, 'ids'>, retryIntervalMs: number }

export interface RetryWorkerStatus {
  isRunning: boolean
  intervalMs: number
  lastRunAt: string | null
  lastResult: RetryCounts | null
  nextRunAt: string | null
  stoppedBy: string | null
}

type WorkerField = 'stoppedBy' | 'seenAt' | 'intervalMs' | 'lastRunAt' | 'lastResult'

/** At the start of a node that runs retries: marks the worker as seen, and its first run as due. */
export async function registerRetryWorker (store: Store, intervalMs: number): Promise<void> {
  const { redis, prefix } = store
  const key = globalKey(prefix, 'runs')
  await redis.hsetnx(key, 'retry', await redisNowMs(redis, key))
  await markSeen(store, intervalMs)
}

/**
 * One run over all senders; null while the worker is stopped. It goes on until no failure is due or the interval is over. Senders do not wait for
 * each other: one whose requests are slow, or whose server is down, delays no other.
 */
export async function runRetries (deps: RetryWorkerDeps, closing: AbortSignal): Promise<RetryCounts | null> {
  const { store, retryIntervalMs: intervalMs } = deps
  const { redis, prefix } = store
  const startedAt = performance.now()
  if (await markSeen(store, intervalMs)) return null
  let isStopped = false
  const heartbeat = every(HEARTBEAT_MS, deps.events, 'retry worker', async () => { isStopped = await markSeen(store, intervalMs) })
  const isOver = (): boolean => isStopped || closing.aborted || performance.now() - startedAt > intervalMs
  const gate = createGate(CONCURRENCY)
  const counts: RetryCounts = { total: 0, succeeded: 0, failed: 0, permanentlyFailed: 0, deferred: 0 }
  const senders = Promise.all(deps.senders.ids().map(async sender => {
    try {
      await retrySender(deps, sender, { gate, isOver, add: some => Object.assign(counts, addCounts(counts, some)) })
    } catch (error) {
      // An outage of its server is reported by the connection.
      if (!isUnavailable(error)) reportError(deps.events, `retry run of ${sender}`, error)
    }
  }))
  try {
    await within(intervalMs + END_WITHIN_MS, senders)
  } finally {
    await heartbeat.stop()
  }
  const key = globalKey(prefix, 'runs')
  const nowMs = await redisNowMs(redis, key)
  await markSeen(store, intervalMs, { lastRunAt: nowMs, lastResult: JSON.stringify(counts) })
  // The rest is due for another node.
  if (closing.aborted) await redis.hset(key, 'retry', nowMs)
  deps.events.emit('retry-worker.ran', { total: counts.total, durationMs: performance.now() - startedAt })
  return counts
}

interface Run { gate: Gate, isOver: () => boolean, add: (counts: RetryCounts) => void }

/** Retries the due failures of one sender, page by page. */
async function retrySender (deps: RetryWorkerDeps, sender: string, { gate, isOver, add }: Run): Promise<void> {
  const { redis, prefix } = deps.store
  const failures = senderKey(prefix, sender, 'failures')
  /** Failures that cannot be retried now: they stay where they are, in front of the others. */
  const skipped = new Set<string>()
  for (;;) {
    const { due, limit } = await gate(async () => {
      const [nowMs, perSecond] = await Promise.all([redisNowMs(redis, failures), redis.hget(senderKey(prefix, sender, 'sender'), 'perSecond')])
      const limit = Math.ceil(Math.min(PAGE_MOST, Math.max(PAGE_LEAST, PAGE_SECONDS * Number(perSecond))))
      const found = await dueFailures(deps.store, [sender], nowMs, limit + skipped.size)
      return { limit, due: found.filter(({ id }) => !skipped.has(id)) }
    })
    const { counts, gone } = await retryEach(deps, due, { force: false, by: null, isOver })
    add(counts)
    const scores = gone.length === 0 ? [] : await redis.zmscore(failures, ...gone)
    for (const [i, id] of gone.entries()) if (scores[i] !== null) skipped.add(id)
    if (due.length < limit) return
    while (!isOver() && counts.deferred > 0 && await gate(async () => await queued(deps.store, sender)) > limit / 2) await sleep(POLL_MS)
    if (isOver()) return
  }
}

async function queued ({ redis, prefix }: Store, sender: string): Promise<number> {
  const lengths = await Promise.all(lanes.map(async lane => await redis.zcard(senderKey(prefix, sender, `queue:${lane}`))))
  return lengths.reduce((sum, length) => sum + length, 0)
}

/** Stops the worker on all nodes until an operator starts it; a restart of a node does not. */
export async function stopRetries (store: Store, by: string): Promise<void> {
  await store.redis.hset(globalKey(store.prefix, 'retry-worker'), 'stoppedBy', by)
  await store.confirmReplicas(null)
}

export async function startRetries (store: Store): Promise<void> {
  await store.redis.hdel(globalKey(store.prefix, 'retry-worker'), 'stoppedBy')
  await store.confirmReplicas(null)
}

/** Records that some node runs the retries, with the fields of a finished run. Returns whether an operator has stopped them. */
async function markSeen ({ redis, prefix }: Store, intervalMs: number, fields: Record<string, string | number> = {}): Promise<boolean> {
  const key = globalKey(prefix, 'retry-worker')
  await redis.hset(key, { ...fields, intervalMs, seenAt: await redisNowMs(redis, key) })
  return await redis.hexists(key, 'stoppedBy') === 1
}

/**
 * The state of the retry worker, the same on all nodes. It runs unless an operator stopped it or no node has run it for too long.
 * `ownIntervalMs`: of this node, as long as no node has written its own.
 */
export async function retryWorkerStatus ({ redis, prefix }: Store, ownIntervalMs: number): Promise<RetryWorkerStatus> {
  const key = globalKey(prefix, 'retry-worker')
  const [fields, next, nowMs] = await Promise.all([redis.hgetall(key), redis.hget(globalKey(prefix, 'runs'), 'retry'), redisNowMs(redis, key)])
  const { stoppedBy = null, seenAt = 0, lastRunAt, lastResult, ...rest } = fields as Partial<Record<WorkerField, string>>
  const intervalMs = Number(rest.intervalMs ?? ownIntervalMs)
  const isRunning = stoppedBy === null && isRecent(Number(seenAt), intervalMs, nowMs)
  return {
    isRunning,
    intervalMs,
    lastRunAt: lastRunAt === undefined ? null : formatTime(Number(lastRunAt)),
    lastResult: lastResult === undefined ? null : JSON.parse(lastResult) as RetryCounts,
    nextRunAt: !isRunning || next === null ? null : formatTime(Number(next)),
    stoppedBy
  }
}

/** Whether a worker node has been seen lately: it looks for due retries, also while an operator has stopped them. */
export async function hasWorkerNode ({ redis, prefix }: Store, ownIntervalMs: number): Promise<boolean> {
  const key = globalKey(prefix, 'retry-worker')
  const [[seenAt, intervalMs], nowMs] = await Promise.all([redis.hmget(key, 'seenAt', 'intervalMs'), redisNowMs(redis, key)])
  return isRecent(Number(seenAt ?? 0), Number(intervalMs ?? ownIntervalMs), nowMs)
}

function isRecent (seenAt: number, intervalMs: number, nowMs: number): boolean {
  return nowMs - seenAt <= MISSED_INTERVALS * intervalMs + GRACE_MS
}
