import { setTimeout as sleep } from 'node:timers/promises'

const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 5000

/** The time that one call may take with all its attempts, and the delays between them. */
export interface RetryBudget {
  readonly signal: AbortSignal | undefined
  /** Until the call's deadline. */
  leftMs: () => number
  /**
   * Waits before the next attempt, at least `retryAfterMs`. Returns false at once if the deadline would pass meanwhile. Rejects with the
   * reason of the caller's signal.
   */
  wait: (attempts: number, retryAfterMs: number | undefined) => Promise<boolean>
}

export function createRetryBudget (timeoutMs: number, signal: AbortSignal | undefined): RetryBudget {
  const deadline = performance.now() + timeoutMs
  const leftMs = (): number => deadline - performance.now()
  return {
    signal,
    leftMs,
    async wait (attempts, retryAfterMs = 0) {
      // Full jitter on top of the server's Retry-After, which is the same for all rejected callers: they must not return in lockstep.
      const retryInMs = retryAfterMs + Math.random() * Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempts - 1))
      if (retryInMs >= leftMs()) return false
      await sleep(retryInMs, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
        signal?.throwIfAborted()
        throw error
      })
      return true
    }
  }
}
