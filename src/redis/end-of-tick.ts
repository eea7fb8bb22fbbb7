let works: Array<() => void> = []

/**
 * Does some work once everything else of this turn of the event loop is done: all sockets that had something have been read. What is asked for
 * meanwhile is done too, in order, before the next turn.
 */
export function atEndOfTick (work: () => void): void {
  if (works.length === 0) setImmediate(doAll)
  works.push(work)
}

function doAll (): void {
  const failures: unknown[] = []
  // The list may grow on the way; what fails takes nobody along.
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
