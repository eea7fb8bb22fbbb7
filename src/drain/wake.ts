import type { Queue } from 'bullmq'
import type { Bus } from '../events.js'
import type { WakeHint } from '../redis/commands.js'
import type { Connections } from '../redis/connect.js'
import { atEndOfTick } from '../redis/end-of-tick.js'
import { enqueueOnce } from '../queues.js'
import { globalKey } from '../redis/keys.js'
import { publish } from '../redis/pub-sub.js'
import { reportError } from '../redis/unavailable.js'
import type { Store } from '../redis/store.js'

export type { WakeHint } from '../redis/commands.js'

/** Of two hints for one sender the stronger one counts: a drain run that starts finds everything that is ready. */
const strength = { '': 0, defer: 1, notify: 2, enqueue: 3 } as const

/** How a sender gets a drain run: a job where none is running, a wake-up where its run sleeps too long, recovery later. */
export interface Wakes {
  /**
   * Acts on a hint; the store calls it for every reply that has one. Hints of one tick for one sender are one. Never fails: without it
   * recovery adds the job, and a drain run sleeps at most 500 ms.
   */
  applyWakeHint: (sender: string, wakeHint: WakeHint) => Promise<void>
  /** Calls `signal` at every wake-up of the sender until the function that it returns is called. */
  listen: (sender: string, signal: () => void) => () => void
  close: () => Promise<void>
}

interface WakesDeps { store: Store, events: Bus, drainQueue: Queue, subscribe: Connections['subscribe'] | null }
interface Collected { wakeHint: WakeHint, done: Promise<void> }

/** A worker subscribes; a node that only posts need not. */
export async function createWakes (deps: WakesDeps): Promise<Wakes> {
  const { store, events, drainQueue } = deps
  const channel = globalKey(store.prefix, 'wake')
  const signals = new Map<string, Set<() => void>>()
  const collected = new Map<string, Collected>()
  const wake = (sender: string): boolean => {
    const listeners = signals.get(sender)
    listeners?.forEach(signal => signal())
    return listeners !== undefined
  }
  const unsubscribe = await deps.subscribe?.(channel, wake)

  async function apply (sender: string, wakeHint: WakeHint): Promise<void> {
    try {
      if (wakeHint === 'enqueue') await Promise.all([store.recoverySchedule.markDueNow(sender), enqueueOnce(drainQueue, 'drain', sender, { sender })])
      if (wakeHint === 'defer') store.recoverySchedule.markDue(sender)
      if (wakeHint === 'notify' && !wake(sender)) await publish(store.redis, channel, sender)
    } catch (error) {
      store.recoverySchedule.markDue(sender)
      reportError(events, `wake hint ${wakeHint}`, error)
    }
  }

  async function applyWakeHint (sender: string, wakeHint: WakeHint): Promise<void> {
    if (wakeHint === '') return
    const earlier = collected.get(sender)
    if (earlier !== undefined) {
      if (strength[wakeHint] > strength[earlier.wakeHint]) earlier.wakeHint = wakeHint
      return await earlier.done
    }
    const one: Collected = {
      wakeHint,
      done: new Promise<void>(resolve => atEndOfTick(() => resolve())).then(async () => {
        collected.delete(sender)
        await apply(sender, one.wakeHint)
      })
    }
    collected.set(sender, one)
    await one.done
  }

  store.onWakeHint(applyWakeHint)
  return {
    applyWakeHint,
    listen (sender, signal) {
      const listeners = signals.get(sender) ?? new Set()
      signals.set(sender, listeners.add(signal))
      return () => {
        listeners.delete(signal)
        if (listeners.size === 0) signals.delete(sender)
      }
    },
    async close () {
      unsubscribe?.()
    }
  }
}
