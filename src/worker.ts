import { setTimeout as sleep } from 'node:timers/promises'
import type { Job, Queue } from 'bullmq'
import { Worker } from 'bullmq'
import type { DrainDeps } from './drain/drain-sender.js'
import { drainSender } from './drain/drain-sender.js'
import type { RetryWorkerDeps } from './failure/retry-worker.js'
import { registerRetryWorker, runRetries } from './failure/retry-worker.js'
import type { HousekeepingDeps } from './recovery/housekeeping.js'
import { prune } from './recovery/housekeeping.js'
import type { RecoveryDeps } from './recovery/recover.js'
import { startRecovery } from './recovery/recover.js'
import { addDueRuns, removeJobSchedulers } from './recovery/scheduled-runs.js'
import { queueNames } from './queues.js'
import type { Client } from './redis/client.js'
import { retryWhileUnavailable } from './redis/retry-while-unavailable.js'
import { releaseSubject } from './redis/enqueue-once.js'
import { globalKey, queuePrefix } from './redis/keys.js'
import { reportError } from './redis/report-error.js'
import type { SenderRegistry } from './sender-registry.js'

export interface WorkerDeps extends DrainDeps, RetryWorkerDeps, HousekeepingDeps, Omit<RecoveryDeps, 'addDueRuns'> {
  housekeepingQueue: Queue
  /** The client of the workers and of nothing else. BullMQ duplicates it for the blocking reads of each worker. */
  patient: Client
  concurrency: number
  senders: Pick<SenderRegistry, 'ids' | 'has'>
}

export interface Workers { close: () => Promise<void> }

/** BullMQ's pause before it asks Redis again after an error; its default is 15 s. */
const RUN_RETRY_DELAY_MS = 500
/** Retry runs that a node executes at once: one that ends late, since its last sends are slow, does not delay the next. */
const RETRY_RUNS = 3
/** How long BullMQ's workers may take to close once their jobs are done. */
const CLOSE_WITHIN_MS = 1000
/** BullMQ's default: after this time without a renewal a job counts as stalled, and another worker runs it. */
const LOCK_MS = 30_000

/** Starts what a worker node does: drain runs, retry runs, housekeeping, recovery. `close` finishes what is under way. */
export async function startWorkers (deps: WorkerDeps, closing: AbortSignal): Promise<Workers> {
  const options = {
    connection: deps.patient,
    prefix: queuePrefix(deps.store.prefix),
    runRetryDelay: RUN_RETRY_DELAY_MS,
    skipVersionCheck: true,
    lockDuration: LOCK_MS,
    // Renewed by `start`: BullMQ's own timer would keep a process whose worker cannot close, because Redis went away meanwhile.
    skipLockRenewal: true
  }
  const jobs = new Set<Promise<unknown>>()
  async function start<Result> (job: Job, work: () => Promise<Result>): Promise<Result> {
    releaseSubject(job)
    const renewal = setInterval(() => { job.extendLock(job.token ?? '', LOCK_MS).catch(() => undefined) }, LOCK_MS / 2)
    const running = work()
    jobs.add(running)
    try {
      return await running
    } finally {
      clearInterval(renewal)
      jobs.delete(running)
    }
  }
  const runs = [
    { name: 'retry', queue: deps.retryQueue, everyMs: deps.retryIntervalMs },
    { name: 'housekeeping', queue: deps.housekeepingQueue, everyMs: deps.housekeeping.everyMs }
  ] as const
  const workers = [
    new Worker(queueNames.drain, async job => await start(job, async () => await runDrain(deps, job, closing)), {
      ...options,
      concurrency: deps.concurrency
    }),
    new Worker(queueNames.retry, async job => await start(job, async () => await runRetries(deps, closing)), {
      ...options,
      concurrency: RETRY_RUNS
    }),
    new Worker(queueNames.housekeeping, async job => await start(job, async () => await prune(deps)), options)
  ]
  for (const worker of workers) {
    worker.on('error', error => deps.events.emit('redis.lost', { error: error.message }))
    worker.on('failed', (job, error) => reportError(deps.events, `job ${job?.name ?? ''}`, error))
  }
  await Promise.all([
    ...workers.map(async worker => await worker.waitUntilReady()),
    retryWhileUnavailable(async () => await registerRetryWorker(deps)),
    retryWhileUnavailable(async () => await removeJobSchedulers(runs))
  ])
  const blocking = await Promise.all(workers.map(async worker => await worker.getBackend().blockingClient))
  const recovery = startRecovery({ ...deps, addDueRuns: async () => await addDueRuns(deps.store, runs) })
  return {
    async close () {
      // Without force, close() waits for Redis. While Redis does not answer it would never end, and its timers would keep the process. In a cluster
      // any master may answer a PING; a key of the queues' shard is needed.
      const isAnswering = await deps.store.redis.exists(globalKey(deps.store.prefix, 'runs')).then(() => true, () => false)
      // ioredis cannot end a client that waits for its next attempt to reconnect. It can end an attempt.
      for (const client of blocking) if (client?.status === 'reconnecting') client.connect().catch(() => undefined)
      // First, so that the jobs that this node hands over are taken by another one.
      const closed = Promise.all(workers.map(async worker => await worker.close(!isAnswering))).then(() => true)
      await recovery.stop()
      await Promise.allSettled(jobs)
      const isClosed = await Promise.race([closed, sleep(CLOSE_WITHIN_MS, false, { ref: false })])
      // Redis stopped answering meanwhile: without connections the workers end, and with them their timers.
      if (!isClosed) for (const worker of workers) worker.disconnect().catch(() => undefined)
    }
  }
}

/** During a reload nodes may differ: a sender that is not configured here is left for a node that has it. */
async function runDrain (deps: WorkerDeps, job: Job, closing: AbortSignal): Promise<number> {
  const { sender } = job.data as { sender: string }
  return deps.senders.has(sender) ? await drainSender(deps, sender, closing, progressOf(job)) : 0
}

/** Shows in the dashboard how many messages a drain run has sent. Once a second: a command for each message would cost more than it is worth. */
function progressOf (job: Job): (sends: number) => void {
  let updatedAt = performance.now()
  return sends => {
    if (performance.now() - updatedAt < 1000) return
    updatedAt = performance.now()
    // Only shown: a lost update does no harm.
    job.updateProgress({ sends }).catch(() => undefined)
  }
}
