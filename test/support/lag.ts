import { monitorEventLoopDelay } from 'node:perf_hooks'

/**
 * Where many processes share few cores an observer reads its clock late, and what came in time looks late or too close to what came
 * after. Answers by how many ms at most, by a timer of this process, since it was created; never more than `mostMs`.
 */
export function watchLag (mostMs: number): () => number {
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  // The timer's own 10 ms are no lag.
  return () => Math.min(mostMs, Math.max(0, delay.max / 1e6 - 10))
}
