/**
 * The time of a history: timers, Date and performance of this process are virtual. A step fires one timer, and then waits until everything that it
 * caused has ended: microtasks, immediates, and the one command that Redis may be running. So a history has a single order of events.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import FakeTimers from '@sinonjs/fake-timers'
import type { Random } from '../property/random.js'

/** The same for every history, so that ids, which hold the time, are the same too. */
export const EPOCH_MS = Date.UTC(2026, 0, 5, 8, 59, 40)

/** Runs the callback of a timer, now, later, or never: a process that is frozen, or has ended. */
export interface Host { name: string, onTimer: (callback: () => void) => void }

export interface VirtualTime {
  /** ms since the epoch. */
  now: () => number
  after: (ms: number, work: () => void) => void
  /** What `work` starts, and all that follows from it, belongs to this host. */
  within: <Result>(host: Host, work: () => Result) => Result
  /** Virtual time does not pass before this real promise is settled. It must not reject. */
  hold: (real: Promise<unknown>) => void
  sleep: (ms: number) => Promise<void>
  /** Runs until `isOver`; false if virtual time reached the limit before. */
  run: (isOver: () => boolean, limitMs: number) => Promise<boolean>
  end: () => void
}

const hosts = new AsyncLocalStorage<Host>()

export function startVirtualTime (random: Random): VirtualTime {
  const real = {
    setTimeout, setInterval, setImmediate, clearImmediate, random: Math.random, randomBytes: crypto.randomBytes
  }
  const clock = FakeTimers.install({
    now: EPOCH_MS, toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance']
  })
  const fake = { setTimeout, setInterval }
  const held = new Set<Promise<unknown>>()
  const immediates = new Set<NodeJS.Immediate>()

  const hosted = <Args extends unknown[]>(callback: (...args: Args) => void): ((...args: Args) => void) => {
    const host = hosts.getStore()
    return host === undefined ? callback : (...args) => host.onTimer(() => callback(...args))
  }
  Object.assign(globalThis, {
    setTimeout: (callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => fake.setTimeout(hosted(callback), ms, ...args),
    setInterval: (callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => fake.setInterval(hosted(callback), ms, ...args),
    setImmediate (callback: (...args: unknown[]) => void, ...args: unknown[]) {
      const immediate = real.setImmediate(() => {
        immediates.delete(immediate)
        callback(...args)
      })
      immediates.add(immediate)
      return immediate
    },
    clearImmediate (immediate: NodeJS.Immediate) {
      immediates.delete(immediate)
      real.clearImmediate(immediate)
    }
  })
  Math.random = random.fork().next
  const bytes = random.fork()
  crypto.randomBytes = ((count: number) => Buffer.from(Array.from({ length: count }, () => bytes.int(0, 255)))) as typeof crypto.randomBytes
  syncBuiltinESMExports()

  async function rest (): Promise<void> {
    for (;;) {
      await new Promise(resolve => real.setImmediate(resolve))
      if (held.size > 0) await Promise.all(held)
      else if (immediates.size === 0) return
    }
  }

  const after = (ms: number, work: () => void): void => { hosts.exit(() => fake.setTimeout(work, ms)) }
  return {
    now: () => clock.now,
    after,
    within: (host, work) => hosts.run(host, work),
    hold (promise) {
      held.add(promise)
      promise.finally(() => held.delete(promise)).catch(() => undefined)
    },
    sleep: async ms => await new Promise(resolve => after(ms, resolve)),
    async run (isOver, limitMs) {
      await rest()
      while (!isOver()) {
        if (clock.now - EPOCH_MS > limitMs) return false
        clock.next()
        await rest()
      }
      return true
    },
    end () {
      clock.uninstall()
      Object.assign(globalThis, {
        setTimeout: real.setTimeout, setInterval: real.setInterval, setImmediate: real.setImmediate, clearImmediate: real.clearImmediate
      })
      Math.random = real.random
      crypto.randomBytes = real.randomBytes
      syncBuiltinESMExports()
    }
  }
}
