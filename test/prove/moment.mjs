/**
 * Ms since the epoch by the monotonic clock, the same in all processes of a machine. `performance.timeOrigin` alone is late by as long as a process
 * was interrupted between two clock readings of its start, tens of ms on a busy machine. An interruption between these two only makes it less.
 */
const samples = Array.from({ length: 100 }, () => Date.now() - performance.now())
const least = Math.max(...samples)
// Date.now() is in whole ms.
const origin = Math.min(Math.max(performance.timeOrigin, least), least + 1)

export function moment () {
  return origin + performance.now()
}
