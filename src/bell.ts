/** A bell that is not missed: rung between `reset` and `heard`, it is heard at once. */
export interface Bell { ring: () => void, reset: () => void, heard: (withinMs: number) => Promise<void> }

export function createBell (): Bell {
  let rung = false
  let wake: (() => void) | null = null
  return {
    ring () {
      rung = true
      wake?.()
    },
    reset () { rung = false },
    async heard (withinMs) {
      if (rung) return
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
