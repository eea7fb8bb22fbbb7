/** What a soak waits for, and what it notes of the machine. */
import { pass } from '../support/until.js'
import { monotonicNow, type Fact } from './history.js'
import type { Servers } from './servers.js'

/** After the faults: how long what is left may stay the same before it counts as unsettled: leases, holds, five retries, parked statuses. */
export const STILL_WITHIN_S = 150

/** Notes when this process, which gets as much of the processors as any other, was late by more than this. */
const STALL_MS = 500

export function watchMachine (record: (fact: Fact) => void): () => void {
  let last = monotonicNow()
  const timer = setInterval(() => {
    const now = monotonicNow()
    // What was late then is made up for within seconds.
    if (now - last > STALL_MS + 100) record({ fact: 'trouble', of: 'machine', node: null, from: last, to: now + 3000 })
    last = now
  }, 100)
  return () => clearInterval(timer)
}

/** Callbacks that are not delivered yet, and parked statuses. */
export async function waitingIn (servers: Servers, prefix: string, senders: string[]): Promise<number> {
  let count = 0
  for (const client of await servers.masters()) {
    for (const sender of senders) {
      const key = (name: string): string => `{${prefix}:${sender}}:${name}`
      const counts = await Promise.all([client.llen(key('outbox')), client.hlen(key('callbacks')), client.zcard(key('parked'))]).catch(() => [0])
      count += counts.reduce((sum, one) => sum + one, 0)
    }
  }
  return count
}

/** Waits until nothing is left, or until the number has not changed for STILL_WITHIN_S. */
export async function untilStill (left: () => Promise<number>): Promise<void> {
  let last = -1
  let changedAt = performance.now()
  while (last !== 0 && performance.now() - changedAt < STILL_WITHIN_S * 1000) {
    const now = await left()
    if (now !== last) changedAt = performance.now()
    last = now
    await pass(200)
  }
}

export function sum (counts: Map<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}
