/** Limits the grants of a node that wait for their start. */
export interface Starting {
  /** Reserves up to `want` places for grants that are about to be requested; waits up to `withinMs` if hardly any is free. Returns their number. */
  reserve: (want: number, withinMs: number) => Promise<number>
  /** Reserves one place; waits up to `withinMs`. Returns a function that frees it, at its first call; null if none is free by then. */
  reserveOne: (withinMs: number) => Promise<(() => void) | null>
  /** Frees places whose grants have started, have ended or were never issued. */
  free: (places: number) => void
}

/**
 * A grant has to start within START_WITHIN_MS, and each start costs this process a part of a ms. Drain runs of many senders together could
 * claim so many that the last ones start too late, are given back, and each cost its pair an interval: the busier the node, the less it would
 * send.
 */
export function createStarting (most: number): Starting {
  /** With fewer free places than this a claim is not worth its cost while other drain runs wait. */
  const few = most / 4
  const waiting = new Set<{ least: number, wake: () => void }>()
  let taken = 0

  /** Until at least so many places are free, and no reservation before this one waits for fewer or as many. */
  async function wait (least: number, withinMs: number): Promise<void> {
    await new Promise<void>(resolve => {
      const reservation = {
        least,
        wake () {
          clearTimeout(timer)
          waiting.delete(reservation)
          resolve()
        }
      }
      const timer = setTimeout(reservation.wake, withinMs)
      waiting.add(reservation)
    })
  }

  const starting: Starting = {
    async reserve (want, withinMs) {
      const least = Math.min(want, few)
      if (want > 0 && most - taken < least) await wait(least, withinMs)
      const places = Math.max(0, Math.min(want, most - taken))
      taken += places
      return places
    },
    async reserveOne (withinMs) {
      return await starting.reserve(1, withinMs) === 0 ? null : once(() => starting.free(1))
    },
    free (places) {
      taken -= places
      // The one that has waited longest of those that go on with what is free; it passes on what it does not take.
      for (const { least, wake } of waiting) {
        if (most - taken >= least) return wake()
      }
    }
  }
  return starting
}

/** A function that does its work at the first call only. */
export function once (work: () => void): () => void {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    work()
  }
}
