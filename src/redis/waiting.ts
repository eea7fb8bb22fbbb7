/** The calls that wait for a reply of Redis, in the order in which they were made. */
export interface Waiting {
  /** Adds a call; `end` removes it. */
  begin: () => number
  end: (call: number) => void
  /** How long the oldest of them has waited, ms; 0 where none waits. */
  longestMs: () => number
}

/**
 * Measures how far this process is behind. A reply is late while Redis is slow, and also while this process has not come to read it: one
 * figure for both, at any moment, on a machine of any speed.
 */
export function createWaiting (): Waiting {
  const since = new Map<number, number>()
  let calls = 0
  return {
    begin () {
      since.set(++calls, performance.now())
      return calls
    },
    end (call) {
      since.delete(call)
    },
    longestMs () {
      // A Map keeps the order of its entries, so the first is the oldest.
      const oldest = since.values().next().value
      return oldest === undefined ? 0 : performance.now() - oldest
    }
  }
}
