import { randomUUID } from 'node:crypto'
import type { Job } from 'bullmq'
import { Queue } from 'bullmq'
import type { Bus } from './events.js'
import type { Client } from './redis/client.js'
import { queuePrefix, globalKey } from './redis/keys.js'
import { redisNowMs } from './redis/server-clock.js'
import type { Store } from './redis/store.js'

/** BullMQ carries coarse work only: drain runs of senders, retry runs, housekeeping, bulk jobs. No job holds a message. */
export const queueNames = {
  drain: 'WHATSAPP-drain', retry: 'WHATSAPP-retry', housekeeping: 'WHATSAPP-housekeeping', bulk: 'WHATSAPP-bulk'
} as const

export interface Queues { drainQueue: Queue, retryQueue: Queue, housekeepingQueue: Queue, bulkQueue: Queue, close: () => Promise<void> }

/** The queues use the fail-fast connection: a job that cannot be added now is an error now. */
export function createQueues (redis: Client, prefix: string, events: Bus): Queues {
  const create = (name: string): Queue => {
    const queue = new Queue(name, {
      connection: redis,
      prefix: queuePrefix(prefix),
      skipVersionCheck: true,
      defaultJobOptions: { removeOnComplete: { count: 100, age: 3600 }, removeOnFail: { count: 100, age: 86_400 } }
    })
    queue.on('error', error => events.emit('redis.lost', { error: error.message }))
    return queue
  }
  const queues = {
    drainQueue: create(queueNames.drain),
    retryQueue: create(queueNames.retry),
    housekeepingQueue: create(queueNames.housekeeping),
    bulkQueue: create(queueNames.bulk)
  }
  return {
    ...queues,
    async close () {
      await Promise.all(Object.values(queues).map(async queue => await queue.close()))
    }
  }
}

/**
 * Adds a job for a subject, unless one waits already. BullMQ's deduplication key names the waiting job. BullMQ keeps it until the job ends, so
 * `releaseSubject` removes it once the job has started: what happens from then on needs another job. If the node dies in between, the next call
 * finds that the job has started, and removes the key.
 */
export async function enqueueOnce (queue: Queue, name: string, subject: string, data: object = {}): Promise<void> {
  for (let tries = 0; tries < 2; tries++) {
    const jobId = randomUUID()
    const { id } = await queue.add(name, data, { jobId, deduplication: { id: subject } })
    if (id === undefined || id === jobId) return
    const earlier = await queue.getJob(id)
    if (earlier !== undefined && earlier.processedOn === undefined) return
    await earlier?.removeDeduplicationKey()
  }
}

/** To be called when the job starts. Returns at once; if the key stays, the next `enqueueOnce` removes it. */
export function releaseSubject (job: Job): void {
  job.removeDeduplicationKey().catch(() => undefined)
}

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
  for (const [i, { name, queue, everyMs }] of runs.entries()) {
    const dueMs = Number(moments[i] ?? 0)
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
