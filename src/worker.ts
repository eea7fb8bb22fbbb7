import { setTimeout as sleep } from 'node:timers/promises'
import type { Job } from 'bullmq'
import { Worker } from 'bullmq'
import { runBulkJob, type BulkJobDeps } from './bulk/run.js'
import type { DrainDeps } from './drain/drain-sender.js'
import { drainSender } from './drain/drain-sender.js'
import type { RetryWorkerDeps } from './failure/retry-worker.js'
import { registerRetryWorker, runRetries } from './failure/retry-worker.js'
import type { HousekeepingDeps } from './recovery/housekeeping.js'
import { prune } from './recovery/housekeeping.js'
import type { RecoveryDeps } from './recovery/recover.js'
import { startRecovery } from './recovery/recover.js'
import type { Queues } from './queues.js'
import { addDueRuns, removeJobSchedulers, queueNames, releaseSubject } from './queues.js'
import { startTemplatePolls, type PollDeps } from './templates/poll.js'
import type { Client } from './redis/client.js'
import { atStart, reportError } from './redis/unavailable.js'
import { globalKey, queuePrefix } from './redis/keys.js'
import type { SenderRegistry } from './sender-registry.js'
import { startCeilingPolls, type CeilingDeps } from './throttle/ceilings.js'
import { startPortfolioRounds } from './throttle/portfolios.js'

/** What a worker node does. */
export interface Work {
  /** `concurrency`: senders that are drained at once. */
  drain: DrainDeps & { senders: Pick<SenderRegistry, 'has'>, concurrency: number }
  retry: RetryWorkerDeps
  housekeeping: HousekeepingDeps & { everyMs: number }
  recovery: RecoveryDeps
  templates: PollDeps
  bulk: BulkJobDeps
  ceilings: CeilingDeps
}

export interface WorkerParts {
  queues: Queues
  /** The client of the workers and of nothing else. BullMQ duplicates it for the blocking reads of each worker. */
  patient: Client
  closing: AbortSignal
}

export interface Workers { close: () => Promise<void> }

/** BullMQ's pause before it asks Redis again after an error; its default is 15 s. */
const RUN_RETRY_DELAY_MS = 500
/** Retry runs that a node executes at once: several, so that a run with slow sends does not delay the next. */
const RETRY_RUNS = 3
/** Bulk jobs that a node works on at once. */
const BULK_JOBS = 2
const MOST_STALLED = 1000
/** How long BullMQ's workers may take to close once their jobs are done. */
const CLOSE_WITHIN_MS = 1000
/** BullMQ's default: after this time without a renewal a job counts as stalled, and another worker runs it. */
const LOCK_MS = 30_000

/** Starts BullMQ's workers and recovery. `close` finishes what is under way. */
export async function startWorkers (
  { drain, retry, housekeeping, recovery, templates, ceilings, bulk }: Work, { queues, patient, closing }: WorkerParts
): Promise<Workers> {
  const { store, events } = drain
  const options = {
    connection: patient,
    prefix: queuePrefix(store.prefix),
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
    { name: 'retry', queue: queues.retryQueue, everyMs: retry.retryIntervalMs },
    { name: 'housekeeping', queue: queues.housekeepingQueue, everyMs: housekeeping.everyMs }
  ] as const
  const workers = [
    new Worker(queueNames.drain, async job => await start(job, async () => await runDrain(drain, job, closing)), {
      ...options,
      concurrency: drain.concurrency
    }),
    new Worker(queueNames.retry, async job => await start(job, async () => await runRetries(retry, closing)), {
      ...options,
      concurrency: RETRY_RUNS
    }),
    new Worker(queueNames.housekeeping, async job => await start(job, async () => await prune(housekeeping)), options),
    new Worker(queueNames.bulk, async job => await start(job, async () => await runBulkJob(bulk, job, closing)), {
      ...options,
      concurrency: BULK_JOBS,
      // Whose nodes die goes on elsewhere, however often.
      maxStalledCount: MOST_STALLED
    })
  ]
  for (const worker of workers) {
    worker.on('error', error => events.emit('redis.lost', { error: error.message }))
    worker.on('failed', (job, error) => reportError(events, `job ${job?.name ?? ''}`, error))
  }
  await Promise.all([
    ...workers.map(async worker => await worker.waitUntilReady()),
    atStart(async () => await registerRetryWorker(store, retry.retryIntervalMs)),
    atStart(async () => await removeJobSchedulers(runs))
  ])
  const blocking = await Promise.all(workers.map(async worker => await worker.getBackend().blockingClient))
  const recovering = startRecovery(recovery, async () => await addDueRuns(store, runs))
  const polls = [startTemplatePolls(templates), startCeilingPolls(ceilings), startPortfolioRounds(ceilings)]
  return {
    async close () {
      // Without force, close() waits for Redis. While Redis does not respond it would never end, and its timers would keep the process. In a cluster
      // any master may reply to a PING; a key of the queues' shard is needed.
      const isResponding = await store.redis.exists(globalKey(store.prefix, 'runs')).then(() => true, () => false)
      // ioredis cannot end a client that waits for its next attempt to reconnect. It can end an attempt.
      for (const client of blocking) if (client?.status === 'reconnecting') client.connect().catch(() => undefined)
      // First, so that the jobs that this node hands over are taken by another one.
      const closed = Promise.all(workers.map(async worker => await worker.close(!isResponding))).then(() => true)
      await Promise.all([recovering.stop(), ...polls.map(async poll => await poll.stop())])
      await Promise.allSettled(jobs)
      const isClosed = await Promise.race([closed, sleep(CLOSE_WITHIN_MS, false, { ref: false })])
      // Redis stopped responding meanwhile: without connections the workers end, and with them their timers.
      if (!isClosed) for (const worker of workers) worker.disconnect().catch(() => undefined)
    }
  }
}

/** During a reload nodes may differ: a sender that is not configured here is left for a node that has it. */
async function runDrain (deps: Work['drain'], job: Job, closing: AbortSignal): Promise<number> {
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
