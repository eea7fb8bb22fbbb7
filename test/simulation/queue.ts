/**
 * BullMQ as far as the gateway relies on it: a job goes to one node, schedules add jobs, and the job of a node that has ended is handed to another
 * one after half a minute to a minute. Jobs in the queue are as safe as Redis.
 */
import { isUnavailable } from '../../src/redis/unavailable.js'
import type { Random } from '../property/random.js'
import type { Job, RunningNode } from './node.js'
import type { World } from './world.js'

export interface SimulatedQueue {
  add: (job: Job) => void
  /** Adds a job at this interval; the next one is planned when a node takes the former one. */
  schedule: (job: Job, everyMs: number) => void
}

const TAKEN_AFTER_MS = 3
const STALLED_AFTER_MS = [30_000, 60_000] as const
const LOOK_AGAIN_MS = 100

export function createQueue (world: () => World, random: Random): SimulatedQueue {
  /** Nodes by the queue of which they run a job, where they run one at a time. */
  const busy = { retry: new Set<RunningNode>(), housekeeping: new Set<RunningNode>() }

  function add (job: Job, taken: () => void = () => undefined): void {
    world().time.after(random.int(0, TAKEN_AFTER_MS), () => take(job, taken))
  }

  function take (job: Job, taken: () => void = () => undefined): void {
    const { nodes, time, isReachable } = world()
    const free = nodes.filter(node => !node.process.isFrozen() && isReachable(node.process) && (job.queue === 'drain' || !busy[job.queue].has(node)))
    if (free.length === 0) {
      time.after(LOOK_AGAIN_MS, () => take(job, taken))
      return
    }
    taken()
    run(random.pick(free), job)
  }

  function run (node: RunningNode, job: Job): void {
    const { time } = world()
    let isOver = false
    if (job.queue !== 'drain') busy[job.queue].add(node)
    node.process.onDeath(() => {
      if (!isOver) time.after(random.int(...STALLED_AFTER_MS), () => take(job))
      isOver = true
    })
    node.run(job).catch((error: unknown) => {
      if (!isUnavailable(error)) node.deps.events.emit('unexpected-error', { location: `job ${job.queue}`, error })
    }).finally(() => {
      isOver = true
      if (job.queue !== 'drain') busy[job.queue].delete(node)
    }).catch(() => undefined)
  }

  return {
    add: job => add(job),
    schedule (job, everyMs) {
      const next = (): void => world().time.after(everyMs, () => add(job, next))
      add(job, next)
    }
  }
}
