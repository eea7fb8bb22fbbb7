/** An in-process signal for one waiter. A `set` between `reset` and `wait` is not lost: `wait` then returns at once. */
export interface Signal {
  set: () => void
  reset: () => void
  /** Resolves when the signal is set, or after `withinMs`. */
  wait: (withinMs: number) => Promise<void>
}

export function createSignal (): Signal {
  let isSet = false
  let wake: (() => void) | null = null
  return {
    set () {
      isSet = true
      wake?.()
    },
    reset () { isSet = false },
    async wait (withinMs) {
      if (isSet) return
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, withinMs)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      wake = null
    }
  }
}
