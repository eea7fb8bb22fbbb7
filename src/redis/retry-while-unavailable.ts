import { setTimeout as sleep } from 'node:timers/promises'
import { SluiceError } from '../errors.js'
import { isUnavailable } from './unavailable.js'

const WITHIN_MS = 30_000

/**
 * Repeats what a start needs of Redis while it is away or too slow, for at most 30 s: where many processes start at once
 * an answer may take longer than a request may wait for it, and a process that gives up then only makes it worse.
 */
export async function retryWhileUnavailable<Result> (work: () => Promise<Result>): Promise<Result> {
  const deadline = performance.now() + WITHIN_MS
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const passes = isUnavailable(error) || (error instanceof SluiceError && error.code === 'UNAVAILABLE')
      if (!passes || performance.now() > deadline) throw error
      await sleep(100)
    }
  }
}
