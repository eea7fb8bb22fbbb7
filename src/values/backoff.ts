export interface BackoffRange {
  /** Upper bound of the first delay, ms. */
  firstMs: number
  /** Upper bound of every delay, ms. */
  longestMs: number
}

/**
 * Exponential backoff with equal jitter: the upper bound doubles with each retry, and the delay is a random value in its upper half. The
 * random half keeps clients that failed together from retrying in lockstep; the fixed half keeps an unlucky one from retrying at once.
 * `retry` counts from 0.
 *
 * p-retry, cockatiel, exponential-backoff and @lifeomic/attempt run the loop and hide the delay. Most callers need only the delay: ioredis
 * and BullMQ own the loop, the circuit breaker has none, and settle-callback.lua stores when the next attempt is due.
 */
export function backoffMs (retry: number, { firstMs, longestMs }: BackoffRange): number {
  const boundMs = Math.min(longestMs, firstMs * 2 ** retry)
  return Math.round(boundMs * (1 + Math.random()) / 2)
}

/**
 * Delays of a fixed schedule: ms until the next attempt after `attempt` (counted from 1) failed, null after the last one. Without jitter,
 * since the rate limits of pair and sender spread messages that become due together.
 */
export function createSchedule (delaysMs: readonly number[]): (attempt: number) => number | null {
  return attempt => delaysMs[attempt - 1] ?? null
}
