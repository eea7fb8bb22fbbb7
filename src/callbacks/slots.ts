import type { CircuitBreaker } from './circuit-breaker.js'

/** Callbacks in flight per node, probes apart. */
const MAX_IN_FLIGHT = 128
/** Of these, callbacks that failed before: a first try never waits for them. */
const MAX_RETRIES_IN_FLIGHT = 32
/** Callbacks in flight that a half-open circuit started. Many, since those that hang prove nothing about others; few for a receiver that is down. */
const MAX_PROBES = 16
/** What may be in flight at once: probes start while callbacks from before the circuit opened still hang. */
export const MAX_CONNECTIONS = MAX_IN_FLIGHT + MAX_PROBES

interface Count { all: number, retries: number }

/** Distributes the callbacks in flight of a node among its senders. */
export interface Slots {
  /** How many more callbacks of a sender may start now, and how many of them may be retries. */
  free: (sender: string) => Count
  /** Keeps what is free for a sender until it is known how much of that it takes. */
  reserve: (sender: string) => Count & { release: () => void }
  /** Takes a slot; returns a function that releases it. */
  take: (sender: string, isRetry: boolean) => () => void
}

export function createSlots (breaker: Pick<CircuitBreaker, 'state'>): Slots {
  const total = { all: 0, retries: 0 }
  const bySender = new Map<string, Count>()
  let probes = 0

  function add (sender: string, change: Count): void {
    const own = bySender.get(sender) ?? { all: 0, retries: 0 }
    for (const count of [total, own]) {
      count.all += change.all
      count.retries += change.retries
    }
    if (own.all > 0) bySender.set(sender, own)
    else bySender.delete(sender)
  }

  function free (sender: string): Count {
    const state = breaker.state()
    if (state === 'open') return { all: 0, retries: 0 }
    if (state === 'half-open') return probes < MAX_PROBES ? { all: 1, retries: 1 } : { all: 0, retries: 0 }
    const own = bySender.get(sender) ?? { all: 0, retries: 0 }
    const all = share(MAX_IN_FLIGHT - total.all, own.all)
    return { all, retries: Math.min(all, share(MAX_RETRIES_IN_FLIGHT - total.retries, own.retries)) }
  }

  return {
    free,
    reserve (sender) {
      const count = free(sender)
      if (breaker.state() === 'half-open') {
        probes += count.all
        return { ...count, release: () => { probes -= count.all } }
      }
      add(sender, count)
      return { ...count, release: () => add(sender, { all: -count.all, retries: -count.retries }) }
    },
    take (sender, isRetry) {
      if (breaker.state() === 'half-open') {
        probes++
        return () => { probes-- }
      }
      const change = { all: 1, retries: isRetry ? 1 : 0 }
      add(sender, change)
      return () => add(sender, { all: -change.all, retries: -change.retries })
    }
  }
}

/** A sender holds no more slots than it leaves free. So one whose callbacks hang cannot take the slots of others. */
function share (free: number, own: number): number {
  return Math.max(0, Math.floor((free - own) / 2))
}
