/** How many grants of a node may wait for their start at once. */
export interface Starting {
  /** Takes up to `want` places, for grants that are about to be asked for; waits for some where hardly any is free, `withinMs` at most. */
  reserve: (want: number, withinMs: number) => Promise<number>
  /** Gives places back: their grants have started, are over, or never came. */
  free: (places: number) => void
}

/**
 * A grant has to start within START_WITHIN_MS, and starting one costs this process a part of a ms. Shifts of many senders together could take so
 * many that the last ones come too late, are given back, and each wait an interval for it: the busier the node, the less it would send.
 */
export function createStarting (most: number): Starting {
  /** Fewer than this are not worth a claim while others wait. */
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
      // The one that has waited longest; what it leaves is for the next.
      const [wake] = waiting
      wake?.()
    }
  }
}
