/** Limits the grants of a node that wait for their start. */
export interface Starting {
  /** Reserves up to `want` places for grants that are about to be requested; waits up to `withinMs` if hardly any is free. Returns their number. */
  reserve: (want: number, withinMs: number) => Promise<number>
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

  return {
    async reserve (want, withinMs) {
      if (want > 0 && most - taken < Math.min(want, few)) await wait(withinMs)
      const places = Math.max(0, Math.min(want, most - taken))
      taken += places
      return places
    },
    free (places) {
      taken -= places
      if (most - taken < few) return
      // The drain run that has waited longest; it passes on what it does not take.
      const [wake] = waiting
      wake?.()
    }
  }
}
