import type { Queue } from 'bullmq'
import type { Bus } from '../events.js'
import type { Connections } from '../redis/connect.js'
import { globalKey } from '../redis/keys.js'
import type { Store } from '../redis/store.js'

export type Attention = '' | 'call' | 'wake' | 'later'

/** How a sender gets attention: a drain job where nobody attends it, a wake where its shift sleeps too long, later recovery. */
export interface Wakes {
  /** Acts on what a script asked for. Never fails: without it recovery calls, and a shift sleeps at most 500 ms. */
  attend: (sender: string, attention: Attention) => Promise<void>
  /** Rings `bell` at every wake of the sender until the answer is called. */
  listen: (sender: string, bell: () => void) => () => void
  close: () => Promise<void>
}

/** A worker subscribes; a node that only posts needs not to. */
export async function createWakes (room: { store: Store, events: Bus, drainQueue: Queue, subscribe: Connections['subscribe'] | null }): Promise<Wakes> {
  const { store, events, drainQueue } = room
  const channel = globalKey(store.prefix, 'wake')
  const bells = new Map<string, Set<() => void>>()
  const ring = (sender: string): boolean => {
    const listeners = bells.get(sender)
    listeners?.forEach(bell => bell())
    return listeners !== undefined
  }
  const leave = await room.subscribe?.(channel, ring)

  return {
    async attend (sender, attention) {
      try {
        // Job ids are unique: a fixed one would swallow a call while the former job is still finishing.
        if (attention === 'call') await Promise.all([store.agenda.mark(sender), drainQueue.add('shift', { sender })])
        if (attention === 'later') store.agenda.remind(sender)
        if (attention === 'wake' && !ring(sender)) await store.redis.publish(channel, sender)
      } catch (error) {
        store.agenda.remind(sender)
        events.emit('fault', { where: `attend ${attention}`, error })
      }
    },
    listen (sender, bell) {
      const listeners = bells.get(sender) ?? new Set()
      bells.set(sender, listeners.add(bell))
      return () => {
        listeners.delete(bell)
        if (listeners.size === 0) bells.delete(sender)
      }
    },
    async close () {
      leave?.()
    }
  }
}
