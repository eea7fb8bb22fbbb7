let works: Array<() => void> = []

/**
 * Does some work once everything else of this turn of the event loop is done: all sockets that had something have been read. What is asked for
 * meanwhile is done too, in order, before the next turn.
 */
export function atEndOfTurn (work: () => void): void {
  if (works.length === 0) setImmediate(doAll)
  works.push(work)
}

function doAll (): void {
  // The list may grow on the way.
  for (let at = 0; at < works.length; at++) works[at]?.()
  works = []
}
