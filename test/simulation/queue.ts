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
  /** Adds a job at this interval, unless the former one still runs. */
  schedule: (job: Job, everyMs: number) => void
}

const TAKEN_AFTER_MS = 3
const STALLED_AFTER_MS = [30_000, 60_000] as const
const LOOK_AGAIN_MS = 100

export function createQueue (world: () => World, random: Random): SimulatedQueue {
  const scheduled = new Set<string>()

  function add (job: Job, ended: () => void = () => undefined): void {
    world().time.after(random.int(0, TAKEN_AFTER_MS), () => take(job, ended))
  }

  function take (job: Job, ended: () => void): void {
    const { nodes, time, isReachable } = world()
    const free = nodes.filter(node => !node.process.isFrozen() && isReachable(node.process))
    if (free.length === 0) {
      time.after(LOOK_AGAIN_MS, () => take(job, ended))
      return
    }
    run(random.pick(free), job, ended)
  }

  function run (node: RunningNode, job: Job, ended: () => void): void {
    const { time } = world()
    let isOver = false
    node.process.onDeath(() => {
      if (!isOver) time.after(random.int(...STALLED_AFTER_MS), () => take(job, ended))
      isOver = true
    })
    node.run(job).catch((error: unknown) => {
      if (!isUnavailable(error)) node.deps.events.emit('unexpected-error', { location: `job ${job.queue}`, error })
    }).finally(() => {
      isOver = true
      ended()
    }).catch(() => undefined)
  }

  return {
    add: job => add(job),
    schedule (job, everyMs) {
      const tick = (): void => {
        world().time.after(everyMs, tick)
        if (scheduled.has(job.queue)) return
        scheduled.add(job.queue)
        add(job, () => scheduled.delete(job.queue))
      }
      tick()
    }
  }
}
