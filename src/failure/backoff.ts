/**
 * Milliseconds until the next attempt after `attempt` (counted from 1) failed, or null where the schedule is used up. The
 * delays are exact, without jitter: the pair's and the flow's buckets spread what falls due together.
 */
export function createBackoff (scheduleMs: number[]): (attempt: number) => number | null {
  return attempt => scheduleMs[attempt - 1] ?? null
}
