let works: Array<() => void> = []

/** Runs work at the end of this tick of the event loop, once all sockets with data have been read. Work added meanwhile runs in the same tick. */
export function atEndOfTick (work: () => void): void {
  if (works.length === 0) setImmediate(runAll)
  works.push(work)
}

function runAll (): void {
  const failures: unknown[] = []
  // The list may grow meanwhile. An error does not stop the rest.
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
