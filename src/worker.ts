import { setTimeout as sleep } from 'node:timers/promises'
import type { Job } from 'bullmq'
import { Worker } from 'bullmq'
import type { DrainDeps } from './drain/drain-sender.js'
import { shift } from './drain/drain-sender.js'
import type { RetryWorkerDeps } from './failure/retry-worker.js'
import { attendRetries, runRetries } from './failure/retry-worker.js'
import type { HousekeepingDeps } from './recovery/housekeeping.js'
import { scheduleHousekeeping, prune } from './recovery/housekeeping.js'
import type { RecoveryDeps } from './recovery/recover.js'
import { startRecovery } from './recovery/recover.js'
import { queueNames } from './queues.js'
import type { Client } from './redis/client.js'
import { retryWhileUnavailable } from './redis/retry-while-unavailable.js'
import { queuePrefix } from './redis/keys.js'

export interface WorkerDeps extends DrainDeps, RetryWorkerDeps, HousekeepingDeps, RecoveryDeps {
  /** A connection that waits for Redis; each worker duplicates it for its blocking reads. */
  patient: Client
  concurrency: number
}

/** BullMQ asks Redis again this long after an outage; by default it waits 15 s. */
const AGAIN_MS = 500
/** How long a worker of BullMQ may take to end once its jobs have. One that Redis was taken from a moment ago never ends. */
const LET_GO_MS = 1000

/** Starts what a worker node does: shifts, retry runs, housekeeping, recovery. `close` finishes what is under way. */
export async function startWorkers (deps: WorkerDeps, closing: AbortSignal): Promise<{ close: () => Promise<void> }> {
  const options = { connection: deps.patient, prefix: queuePrefix(deps.store.prefix), runRetryDelay: AGAIN_MS }
  const jobs = new Set<Promise<unknown>>()
  async function count<Result> (job: Promise<Result>): Promise<Result> {
    jobs.add(job)
    try {
      return await job
    } finally {
      jobs.delete(job)
    }
  }
  const workers = [
    new AbandonableWorker(queueNames.drain, async job => await count(applyWakeHint(deps, job, closing)), { ...options, concurrency: deps.concurrency }),
    new AbandonableWorker(queueNames.retry, async () => await count(runRetries(deps)), options),
    new AbandonableWorker(queueNames.housekeeping, async () => await count(prune(deps)), options)
  ]
  for (const worker of workers) {
    worker.on('error', error => deps.events.emit('redis.lost', { error: error.message }))
    worker.on('failed', (job, error) => deps.events.emit('fault', { where: `job ${job?.name ?? ''}`, error }))
  }
  await Promise.all([...workers.map(async worker => await worker.waitUntilReady()), retryWhileUnavailable(async () => await attendRetries(deps)), retryWhileUnavailable(async () => await scheduleHousekeeping(deps))])
  const recovery = startRecovery(deps)
  return {
    async close () {
      // First of all, so that a shift that this node hands over is taken by another one.
      const closed = Promise.all(workers.map(async worker => await worker.close())).then(() => true)
      await recovery.stop()
      await Promise.allSettled(jobs)
      const isClosed = await Promise.race([closed, sleep(LET_GO_MS, false, { ref: false })])
      if (!isClosed) await Promise.all(workers.map(async worker => await worker.abandon()))
    }
  }
}

/** One that is left to itself where it does not end: its timers would keep the process. */
class AbandonableWorker extends Worker {
  async abandon (): Promise<void> {
    this.disconnect().catch(() => undefined)
    await Promise.all([this.pause(true), this.lockManager.close()])
  }
}

/** Nodes may differ for the moment of a reload: a sender that is not known here is left for one that knows it. */
async function applyWakeHint (deps: WorkerDeps, job: Job, closing: AbortSignal): Promise<number> {
  const { sender } = job.data as { sender: string }
  return deps.senders.includes(sender) ? await shift(deps, sender, closing, progressOf(job)) : 0
}

/** Shows in the dashboard how many messages a shift has sent; once a second, since a number to look at is not worth a command for each send. */
function progressOf (job: Job): (sends: number) => void {
  let toldAt = performance.now()
  return sends => {
    if (performance.now() - toldAt < 1000) return
    toldAt = performance.now()
    // Nothing depends on it.
    job.updateProgress({ sends }).catch(() => undefined)
  }
}
