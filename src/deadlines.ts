/** A difference between the clocks up to this is jitter of their readings or slewing of the wall clock, ms. */
const TOLERANCE_MS = 20

/**
 * A clock in ms that never falls behind the monotonic clock nor the wall clock. The monotonic clock stops while the machine is suspended,
 * as a laptop or a virtual machine may be: a grant would continue in time by it after its lease has ended. The wall clock goes on, but may be set.
 * So whatever the wall clock gains on the monotonic one counts as time that has passed; what it loses counts as nothing.
 */
export function createElapsed (monotonic: () => number, wall: () => number): () => number {
  const read = (): number => wall() - monotonic()
  let lead = read()
  let gainedMs = 0
  return () => {
    let latest = read()
    // Once more: the process may have been interrupted between its two readings.
    if (Math.abs(latest - lead) > TOLERANCE_MS) latest = read()
    if (latest - lead > TOLERANCE_MS) gainedMs += latest - lead
    lead = latest
    return monotonic() + gainedMs
  }
}

/** The clock of grants and their deadlines. Equal to `performance.now()` until the machine is suspended or its wall clock is set forward. */
export const elapsedNow = createElapsed(() => performance.now(), () => Date.now())

/**
 * Calls `expire` once `ms` have passed and the sockets have been read since. A process that was blocked for longer than a time limit runs its
 * timers before it reads what arrived meanwhile: a plain timer would then report a response as missing that is already in the socket.
 * Returns a function that cancels it.
 */
export function startReadTimeout (ms: number, expire: () => void): () => void {
  let lastRead: NodeJS.Immediate | undefined
  const timer = setTimeout(() => { lastRead = setImmediate(expire) }, ms)
  return () => {
    clearTimeout(timer)
    clearImmediate(lastRead)
  }
}
