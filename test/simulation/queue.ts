/**
 * BullMQ as far as the gateway relies on it: a job goes to one node, a subject has one job that waits, and the job of a node that has ended is
 * handed to another one after half a minute to a minute. Jobs in the queue are as safe as Redis.
 */
import type { Job as BullJob, Queue } from 'bullmq'
import { isUnavailable } from '../../src/redis/unavailable.js'
import type { Random } from '../property/random.js'
import type { Connection } from './network.js'
import type { RunningNode } from './node.js'
import type { World } from './world.js'

export type QueueName = 'drain' | 'retry' | 'housekeeping'
export interface Job { id: string, queue: QueueName, sender: string, subject: string, processedOn?: number }

export interface SimulatedQueues {
  /** The queue as a node has it, on one of its connections. */
  queueOf: (connection: Connection, name: QueueName) => Queue
  /** The job as a node's worker has it. */
  jobOf: (connection: Connection, job: Job) => BullJob
}

const TAKEN_AFTER_MS = 3
const STALLED_AFTER_MS = [30_000, 60_000] as const
const LOOK_AGAIN_MS = 100
/** Jobs that a node runs at once. */
const CONCURRENCY: Record<QueueName, number> = { drain: 1000, retry: 3, housekeeping: 1 }

export function createQueues (world: () => World, random: Random): SimulatedQueues {
  const jobs = new Map<string, Job>()
  const waiting = new Map<string, string>()
  const running = new Map<RunningNode, Job[]>()
  const keyOf = ({ queue, subject }: Job): string => `${queue} ${subject}`

  function add (job: Job): { id: string } {
    const earlier = waiting.get(keyOf(job))
    if (earlier !== undefined) return { id: earlier }
    jobs.set(job.id, job)
    waiting.set(keyOf(job), job.id)
    world().time.after(random.int(0, TAKEN_AFTER_MS), () => assign(job))
    return { id: job.id }
  }

  /** BullMQ forgets the subject with the end of its job, if no one did before. */
  function release (job: Job): void {
    if (waiting.get(keyOf(job)) === job.id) waiting.delete(keyOf(job))
  }

  function assign (job: Job): void {
    const { nodes, time, isReachable } = world()
    const free = nodes.filter(node => !node.process.isFrozen() && isReachable(node.process) &&
      (running.get(node) ?? []).filter(({ queue }) => queue === job.queue).length < CONCURRENCY[job.queue])
    if (free.length === 0) {
      time.after(LOOK_AGAIN_MS, () => assign(job))
      return
    }
    job.processedOn = time.now()
    run(random.pick(free), job)
  }

  function run (node: RunningNode, job: Job): void {
    const { time } = world()
    let isOver = false
    running.set(node, [...running.get(node) ?? [], job])
    node.process.onDeath(() => {
      if (!isOver) time.after(random.int(...STALLED_AFTER_MS), () => assign(job))
      isOver = true
    })
    node.run(job).catch((error: unknown) => {
      if (!isUnavailable(error)) node.deps.events.emit('unexpected-error', { location: `job ${job.queue}`, error })
    }).finally(() => {
      isOver = true
      running.set(node, (running.get(node) ?? []).filter(one => one !== job))
      jobs.delete(job.id)
      release(job)
    }).catch(() => undefined)
  }

  function jobOf (connection: Connection, job: Job): BullJob {
    const removeDeduplicationKey = async (): Promise<unknown> => await world().network.send(connection, () => release(job))
    return { ...job, removeDeduplicationKey } as unknown as BullJob
  }

  return {
    jobOf,
    queueOf (connection, name) {
      const { network } = world()
      const queue = {
        add: async (_: string, { sender = '' }: { sender?: string }, { jobId, deduplication }: { jobId: string, deduplication: { id: string } }) =>
          await network.send(connection, () => add({ id: jobId, queue: name, sender, subject: deduplication.id })),
        getJob: async (id: string) => await network.send(connection, () => {
          const job = jobs.get(id)
          return job === undefined ? undefined : jobOf(connection, job)
        })
      }
      return queue as unknown as Queue
    }
  }
}
