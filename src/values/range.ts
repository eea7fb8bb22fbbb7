/** What a number may be, by its schema: both ends, since with one of them people meet the other one in the next error. */
export function rangeOf ({ minimum, maximum }: { minimum?: number, maximum?: number }): string {
  if (minimum === undefined) return `at most ${maximum}`
  return maximum === undefined ? `at least ${minimum}` : `from ${minimum} to ${maximum}`
}
