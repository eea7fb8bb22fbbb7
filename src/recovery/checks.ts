import type { Bus } from '../events.js'
import { within } from '../parallel.js'
import { isUnavailable } from '../redis/unavailable.js'

/** Time until a sender is checked again whose server did not respond. Without jitter: one node recovers at a time. */
export const UNAVAILABLE_MS = 1000
/** Longest wait for one check. Settling repeats its call until the sender's server is back, and other senders must not wait for that. */
const WITHIN_MS = 3000

/** Runs the checks of senders in isolation: some may be on a server of the cluster that is down. */
export interface Checks {
  /** Whether not to check this sender now: its server has just not responded, or its last check has not ended. */
  isPostponed: (sender: string) => boolean
  /** Runs a check and returns its result; null where Redis did not respond in time. Never rejects: an error of the sender is reported. */
  run: (sender: string, check: () => Promise<number>) => Promise<number | null>
  /** Waits for the checks that have not ended. */
  end: () => Promise<void>
}

export function createChecks (events: Bus): Checks {
  const unavailableUntil = new Map<string, number>()
  const underway = new Map<string, Promise<number | null>>()

  async function attempt (sender: string, check: () => Promise<number>): Promise<number | null> {
    try {
      const result = await check()
      unavailableUntil.delete(sender)
      return result
    } catch (error) {
      if (!isUnavailable(error)) {
        events.emit('unexpected-error', { location: `recovery of ${sender}`, error })
        return 0
      }
      // The connection reports it.
      unavailableUntil.set(sender, performance.now() + UNAVAILABLE_MS)
      return null
    } finally {
      underway.delete(sender)
    }
  }

  return {
    isPostponed: sender => underway.has(sender) || (unavailableUntil.get(sender) ?? 0) > performance.now(),
    async run (sender, check) {
      const attempted = attempt(sender, check)
      underway.set(sender, attempted)
      return await within(WITHIN_MS, attempted)
    },
    async end () {
      await Promise.all(underway.values())
    }
  }
}
