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
  const waiting = new Set<() => void>()
  let taken = 0

  async function wait (withinMs: number): Promise<void> {
    await new Promise<void>(resolve => {
      const wake = (): void => {
        clearTimeout(timer)
        waiting.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, withinMs)
      waiting.add(wake)
    })
  }

  const starting: Starting = {
    async reserve (want, withinMs) {
      if (want > 0 && most - taken < Math.min(want, few)) await wait(withinMs)
      const places = Math.max(0, Math.min(want, most - taken))
      taken += places
      return places
    },
    async reserveOne (withinMs) {
      return await starting.reserve(1, withinMs) === 0 ? null : once(() => starting.free(1))
    },
    free (places) {
      taken -= places
      if (most - taken < few) return
      // The drain run that has waited longest; it passes on what it does not take.
      const [wake] = waiting
      wake?.()
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
