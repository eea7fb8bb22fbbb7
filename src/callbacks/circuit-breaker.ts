import { backoffMs } from '../values/backoff.js'

/** Consecutive failures before the circuit opens. */
const FAILURES_TO_OPEN = 5
const OPEN_FOR = { firstMs: 500, longestMs: 15_000 }

/** `half-open`: few requests at a time, to find out whether the endpoint is up again. */
export type CircuitState = 'closed' | 'open' | 'half-open'

/** Stops calling an endpoint that fails, so that it gets one request now and then instead of all that wait. */
export interface CircuitBreaker {
  /** Records whether a request found the endpoint up, which closes the circuit. A response that rejects one request is proof that it is up. */
  record: (isUp: boolean) => void
  state: () => CircuitState
  /** Time until an open circuit is half-open, ms; 0 unless it is open. */
  retryInMs: () => number
}

/** `now`: a monotonic clock, ms. */
export function createCircuitBreaker (now = (): number => performance.now()): CircuitBreaker {
  let failures = 0
  let timesOpened = 0
  let openUntil = 0
  const retryInMs = (): number => failures < FAILURES_TO_OPEN ? 0 : Math.max(0, openUntil - now())
  return {
    record (isUp) {
      if (isUp) {
        failures = timesOpened = openUntil = 0
        return
      }
      failures++
      // Requests that were in flight when the circuit opened say nothing new.
      if (failures < FAILURES_TO_OPEN || now() < openUntil) return
      openUntil = now() + backoffMs(timesOpened++, OPEN_FOR)
    },
    state: () => failures < FAILURES_TO_OPEN ? 'closed' : retryInMs() > 0 ? 'open' : 'half-open',
    retryInMs
  }
}
