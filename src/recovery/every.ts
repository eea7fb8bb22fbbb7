import type { Bus } from '../events.js'

/**
 * Runs `work` every `ms`, never twice at once. An error becomes an `unexpected-error` event, and the next run comes. `stop` waits for a run
 * in progress.
 */
export function every (ms: number, events: Bus, location: string, work: () => Promise<void>): { stop: () => Promise<void> } {
  let running: Promise<void> | null = null
  const timer = setInterval(() => {
    running ??= work()
      .catch(error => { events.emit('unexpected-error', { location, error }) })
      .finally(() => { running = null })
  }, ms)
  return {
    async stop () {
      clearInterval(timer)
      await running
    }
  }
}
