let works: Array<() => void> = []

/**
 * Does some work at the end of this tick of the event loop, when all sockets that had data have been read. Work that is added meanwhile is
 * done too, in order, before the next tick.
 */
export function atEndOfTick (work: () => void): void {
  if (works.length === 0) setImmediate(doAll)
  works.push(work)
}

function doAll (): void {
  const failures: unknown[] = []
  // The list may grow meanwhile. An error does not keep the rest from being done.
  for (let at = 0; at < works.length; at++) {
    try {
      works[at]?.()
    } catch (error) {
      failures.push(error)
    }
  }
  works = []
  if (failures.length > 0) throw failures[0]
}
