/**
 * Unix time in ms with a fraction. Monotonic within the process, so two moments may be subtracted even if the wall
 * clock is set in between, which `Date.now` doesn't allow.
 */
export function now (): number {
  return performance.timeOrigin + performance.now()
}
