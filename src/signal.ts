/** A bell that is not missed: rung between `reset` and `heard`, it is heard at once. */
export interface Signal { set: () => void, reset: () => void, wait: (withinMs: number) => Promise<void> }

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
