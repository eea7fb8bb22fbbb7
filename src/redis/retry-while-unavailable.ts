import { setTimeout as sleep } from 'node:timers/promises'
import { backoffMs } from '../backoff.js'
import { isUnavailable } from './unavailable.js'

const WITHIN_MS = 30_000
const BACKOFF = { firstMs: 100, longestMs: 500 }

/**
 * Repeats a call while Redis is unavailable, and rethrows the last error after `withinMs`. By default that is 30 s, for the calls of a
 * start: where many processes start at once a reply may take longer than the command timeout, and a process that gives up and is
 * restarted only adds load.
 */
export async function retryWhileUnavailable<Result> (call: () => Promise<Result>, { withinMs = WITHIN_MS } = {}): Promise<Result> {
  const deadline = performance.now() + withinMs
  for (let retry = 0; ; retry++) {
    try {
      return await call()
    } catch (error) {
      if (!isUnavailable(error) || performance.now() > deadline) throw error
      await sleep(backoffMs(retry, BACKOFF))
    }
  }
}
