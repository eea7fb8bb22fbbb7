/** The calls that wait for Redis's answer, in the order in which they were made. */
export interface Waiting {
  /** Notes a call; to be told when it is answered. */
  begin: () => number
  end: (call: number) => void
  /** For how long the oldest of them has waited, ms; 0 where none waits. */
  longestMs: () => number
}

/**
 * Tells how far this process is behind: an answer waits as long as Redis is slow, and also as long as this process has not
 * come to read it. So one measure sees both, at any moment, on a machine of any speed.
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
