import type { Bus } from '../events.js'
import { isUnavailable } from '../redis/unavailable.js'
import { reportError } from '../redis/report-error.js'

/**
 * Runs `work` every `ms`, never twice at once. An error is reported, and the next run comes; of an outage of Redis the first error is reported.
 * `stop` waits for a run in progress.
 */
export function every (ms: number, events: Bus, location: string, work: () => Promise<void>): { stop: () => Promise<void> } {
  let running: Promise<void> | null = null
  let isOutage = false
  async function run (): Promise<void> {
    try {
      await work()
      isOutage = false
    } catch (error) {
      if (!isOutage || !isUnavailable(error)) reportError(events, location, error)
      isOutage = isUnavailable(error)
    }
  }
  const timer = setInterval(() => { running ??= run().finally(() => { running = null }) }, ms)
  return {
    async stop () {
      clearInterval(timer)
      await running
    }
  }
}
