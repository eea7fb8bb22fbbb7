/** Meta's two limits on `/messages`: messages of one pair, and messages of one sender. */

import type { Settings } from './settings.js'

export interface Limits {
  /**
   * Lets one message pass, or names the code that refuses it. A message that passes uses up its slot, whatever a fault
   * makes of it later; one that is refused uses up nothing.
   * @param at when the head of its request arrived, ms
   */
  pass: (sender: string, person: string, at: number) => 131056 | 130429 | null
  /** Forgets what has passed, so that a changed rule starts from idle. */
  forget: () => void
}

const PRUNE_FROM = 10_000

export function createLimits (settings: Readonly<Settings>): Limits {
  /** Theoretical arrival time by pair, ms. */
  const tats = new Map<string, number>()
  const recent = new Map<string, { times: Float64Array, count: number }>()
  let pruneAt = PRUNE_FROM

  function prune (at: number): void {
    for (const [pair, tat] of tats) if (tat <= at) tats.delete(pair)
    // Doubling keeps the cost per message constant when many pairs are really at work.
    pruneAt = Math.max(PRUNE_FROM, tats.size * 2)
  }

  /** The last messages of a sender, as many as it may send in a second. */
  function recentOf (sender: string, size: number): { times: Float64Array, count: number } {
    let set = recent.get(sender)
    if (set === undefined) recent.set(sender, set = { times: new Float64Array(size), count: 0 })
    return set
  }

  return {
    pass (sender, person, at) {
      const { pairBurst, pairToleranceMs, throughputPerSecond, throughputToleranceMs } = settings
      const pairIntervalMs = settings.enforcePair ? settings.pairIntervalMs : null
      const set = throughputPerSecond === null ? null : recentOf(sender, throughputPerSecond)
      const next = set === null ? 0 : set.count % set.times.length
      // The place to be written next holds the message that was sent a full second's ration ago.
      if (set !== null && at - (set.times[next] ?? 0) < 1_000 - throughputToleranceMs) return 130429
      if (pairIntervalMs !== null) {
        const pair = `${sender} ${person}`
        const tat = tats.get(pair) ?? 0
        if (at < tat - (pairBurst - 1) * pairIntervalMs - pairToleranceMs) return 131056
        if (tats.size >= pruneAt) prune(at)
        tats.set(pair, Math.max(at, tat) + pairIntervalMs)
      }
      if (set !== null) {
        set.times[next] = at
        set.count++
      }
      return null
    },
    forget () {
      tats.clear()
      recent.clear()
    },
  }
}
