import { setTimeout as sleep } from 'node:timers/promises'

const FIRST_REST_MS = 100
const LONGEST_REST_MS = 5000

/** How long one call may take in all its tries, and the rests between them. */
export interface RetryBudget {
  readonly signal: AbortSignal | undefined
  /** Until the call's deadline. */
  leftMs: () => number
  /**
   * Rests before the next try, at least `retryAfterMs`; false at once where the deadline would pass meanwhile. Rejects with the reason of
   * the caller's signal.
   */
  rest: (tries: number, retryAfterMs: number | undefined) => Promise<boolean>
}

export function createRetryBudget (timeoutMs: number, signal: AbortSignal | undefined): RetryBudget {
  const deadline = performance.now() + timeoutMs
  const leftMs = (): number => deadline - performance.now()
  return {
    signal,
    leftMs,
    async rest (tries, retryAfterMs = 0) {
      // The random part keeps those who were turned away together from coming back together.
      const retryInMs = retryAfterMs + Math.random() * Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** (tries - 1))
      if (retryInMs >= leftMs()) return false
      await sleep(retryInMs, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
        signal?.throwIfAborted()
        throw error
      })
      return true
    }
  }
}
