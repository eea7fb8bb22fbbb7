/** A simulated process: it runs, freezes for a while, or has ended. */
import type { Host, VirtualTime } from './virtual-time.js'

export interface SimulatedProcess extends Host {
  isDead: () => boolean
  isFrozen: () => boolean
  /** Something from outside reaches it: when it runs again, and never once it has ended. */
  receive: (work: () => void) => void
  kill: () => void
  freeze: (forMs: number) => void
  onDeath: (listener: () => void) => void
}

export function createProcess (time: VirtualTime, name: string): SimulatedProcess {
  let isDead = false
  let frozenUntil = 0
  let missed: Array<() => void> = []
  const listeners: Array<() => void> = []

  function run (work: () => void): void {
    if (isDead) return
    if (time.now() < frozenUntil) missed.push(work)
    else work()
  }

  return {
    name,
    isDead: () => isDead,
    isFrozen: () => time.now() < frozenUntil,
    onTimer: run,
    receive (work) { time.within(this, () => run(work)) },
    kill () {
      isDead = true
      missed = []
      for (const listener of listeners) listener()
    },
    freeze (forMs) {
      frozenUntil = Math.max(frozenUntil, time.now() + forMs)
      time.after(forMs, () => {
        const works = missed
        missed = []
        for (const work of works) time.within(this, () => run(work))
      })
    },
    onDeath (listener) { listeners.push(listener) }
  }
}
