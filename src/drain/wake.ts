import type { Queue } from 'bullmq'
import type { Bus } from '../events.js'
import type { Connections } from '../redis/connect.js'
import { globalKey } from '../redis/keys.js'
import type { Store } from '../redis/store.js'

export type WakeHint = '' | 'call' | 'wake' | 'later'

/** How a sender gets attention: a drain job where nobody attends it, a wake where its shift sleeps too long, later recovery. */
export interface Wakes {
  /** Acts on what a script asked for. Never fails: without it recovery calls, and a shift sleeps at most 500 ms. */
  applyWakeHint: (sender: string, wakeHint: WakeHint) => Promise<void>
  /** Rings `bell` at every wake of the sender until the answer is called. */
  listen: (sender: string, signal: () => void) => () => void
  close: () => Promise<void>
}

/** A worker subscribes; a node that only posts needs not to. */
export async function createWakes (deps: { store: Store, events: Bus, drainQueue: Queue, subscribe: Connections['subscribe'] | null }): Promise<Wakes> {
  const { store, events, drainQueue } = deps
  const channel = globalKey(store.prefix, 'wake')
  const bells = new Map<string, Set<() => void>>()
  const set = (sender: string): boolean => {
    const listeners = bells.get(sender)
    listeners?.forEach(signal => signal())
    return listeners !== undefined
  }
  const leave = await deps.subscribe?.(channel, set)

  return {
    async applyWakeHint (sender, wakeHint) {
      try {
        // Job ids are unique: a fixed one would swallow a call while the former job is still finishing.
        if (wakeHint === 'call') await Promise.all([store.recoverySchedule.mark(sender), drainQueue.add('shift', { sender })])
        if (wakeHint === 'later') store.recoverySchedule.markDue(sender)
        if (wakeHint === 'wake' && !set(sender)) await store.redis.publish(channel, sender)
      } catch (error) {
        store.recoverySchedule.markDue(sender)
        events.emit('unexpected-error', { location: `attend ${wakeHint}`, error })
      }
    },
    listen (sender, signal) {
      const listeners = bells.get(sender) ?? new Set()
      bells.set(sender, listeners.add(signal))
      return () => {
        listeners.delete(signal)
        if (listeners.size === 0) bells.delete(sender)
      }
    },
    async close () {
      leave?.()
    }
  }
}
