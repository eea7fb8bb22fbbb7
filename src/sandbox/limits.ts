import type { Settings } from './settings.js'

/** Meta's two limits on `/messages`: messages of one pair, and messages of one sender. */
export interface Limits {
  /**
   * Checks a message whose request headers arrived at `nowMs` (Unix time); returns the error code of the exceeded limit, or null. A
   * message that passes uses its slot, even if a fault rejects it later; a rejected message uses none.
   */
  pass: (sender: string, recipientId: string, nowMs: number) => 131056 | 130429 | null
  /** Resets both limits to idle, for changed settings. */
  reset: () => void
}

const PRUNE_FROM = 10_000

export function createLimits (settings: Readonly<Settings>): Limits {
  /** Theoretical arrival time (TAT) by pair, ms. */
  const tats = new Map<string, number>()
  const recent = new Map<string, { times: Float64Array, count: number }>()
  let pruneAt = PRUNE_FROM

  function prune (nowMs: number): void {
    for (const [pair, tat] of tats) if (tat <= nowMs) tats.delete(pair)
    // Doubling keeps the amortized cost per message constant if many pairs are active.
    pruneAt = Math.max(PRUNE_FROM, tats.size * 2)
  }

  /** A ring buffer with the times of a sender's last messages, as many as it may send in a second. */
  function recentOf (sender: string, size: number): { times: Float64Array, count: number } {
    let ring = recent.get(sender)
    if (ring === undefined) recent.set(sender, ring = { times: new Float64Array(size), count: 0 })
    return ring
  }

  return {
    pass (sender, recipientId, nowMs) {
      const { pairBurst, pairToleranceMs, throughputPerSecond, throughputToleranceMs } = settings
      const pairIntervalMs = settings.enforcePair ? settings.pairIntervalMs : null
      const ring = throughputPerSecond === null ? null : recentOf(sender, throughputPerSecond)
      const next = ring === null ? 0 : ring.count % ring.times.length
      // The entry to be overwritten is the oldest: it was sent `throughputPerSecond` messages ago.
      if (ring !== null && nowMs - (ring.times[next] ?? 0) < 1_000 - throughputToleranceMs) return 130429
      if (pairIntervalMs !== null) {
        const pair = `${sender} ${recipientId}`
        const tat = tats.get(pair) ?? 0
        if (nowMs < tat - (pairBurst - 1) * pairIntervalMs - pairToleranceMs) return 131056
        if (tats.size >= pruneAt) prune(nowMs)
        tats.set(pair, Math.max(nowMs, tat) + pairIntervalMs)
      }
      if (ring !== null) {
        ring.times[next] = nowMs
        ring.count++
      }
      return null
    },
    reset () {
      tats.clear()
      recent.clear()
    }
  }
}
