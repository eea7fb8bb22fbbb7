import type { Bus } from '../events.js'

/** Does `work` every `ms`, never twice at once; what goes wrong is told and the next time is another chance. `stop` waits for what is under way. */
export function every (ms: number, events: Bus, where: string, work: () => Promise<void>): { stop: () => Promise<void> } {
  let running: Promise<void> | null = null
  const timer = setInterval(() => {
    running ??= work()
      .catch(error => { events.emit('fault', { where, error }) })
      .finally(() => { running = null })
  }, ms)
  return {
    async stop () {
      clearInterval(timer)
      await running
    }
  }
}
