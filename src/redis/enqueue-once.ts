import { randomUUID } from 'node:crypto'
import type { Job, Queue } from 'bullmq'

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
