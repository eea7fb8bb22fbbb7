import { monitorEventLoopDelay } from 'node:perf_hooks'

/**
 * When many processes share few cores, an observer reads its clock late, so what came in time seems late or too close to what came
 * next. Returns the maximum delay of this process's event loop since the call, in ms, never more than `mostMs`.
 */
export function measureLag (mostMs: number): () => number {
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  // The timer's own 10 ms are not lag.
  return () => Math.min(mostMs, Math.max(0, delay.max / 1e6 - 10))
}
