/** So many refusals in a row, and it is the receiver's trouble and not a message's. */
const IN_A_ROW = 5
const FIRST_REST_MS = 500
const LONGEST_REST_MS = 15_000

/** Spares a receiver that is down: one try now and then instead of all that waits, until one is taken. */
export interface CircuitBreaker {
  note: (isTaken: boolean) => void
  /** ms until anything may be tried again. */
  retryInMs: () => number
  /** Only one at a time, to see whether it is up again. */
  isHalfOpen: () => boolean
}

export function createCircuitBreaker (): CircuitBreaker {
  let refusals = 0
  let rests = 0
  let restsUntil = 0
  return {
    note (isTaken) {
      refusals = isTaken ? 0 : refusals + 1
      if (isTaken) rests = 0
      // What was under way when a rest began tells nothing new.
      if (refusals < IN_A_ROW || performance.now() < restsUntil) return
      restsUntil = performance.now() + Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** Math.min(rests++, 10)) * (0.75 + Math.random() / 4)
    },
    retryInMs: () => refusals < IN_A_ROW ? 0 : Math.max(0, restsUntil - performance.now()),
    isHalfOpen: () => refusals >= IN_A_ROW
  }
}
