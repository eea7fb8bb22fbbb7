import type { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Bus } from '../events.js'
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

/** `patient` is duplicated for the subscription of a worker; a node that only posts needs none. */
export async function createWakes (room: { store: Store, events: Bus, drainQueue: Queue, patient: Redis, subscribe: boolean }): Promise<Wakes> {
  const { store, events, drainQueue } = room
  const channel = globalKey(store.prefix, 'wake')
  const bells = new Map<string, Set<() => void>>()
  const ring = (sender: string): boolean => {
    const listeners = bells.get(sender)
    listeners?.forEach(bell => bell())
    return listeners !== undefined
  }
  const subscriber = room.subscribe ? room.patient.duplicate() : null
  if (subscriber !== null) {
    subscriber.on('error', () => undefined) // the store's connection tells
    subscriber.on('message', (_, sender) => ring(sender))
    await subscriber.subscribe(channel)
  }

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
      subscriber?.disconnect()
    }
  }
}
