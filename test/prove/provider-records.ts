/** What the provider records of each request, as facts, a fraction of a second after it arrives. */
import { toFact } from '../crash/ground.js'
import { request } from '../support/request.js'
import { pass } from '../support/until.js'
import type { Arrived } from './history.js'

export interface ProviderRecords {
  count: () => number
  /** Reads for the last time. */
  close: () => Promise<void>
}

const EVERY_MS = 100

export function collect (control: string, onArrival: (arrival: Arrived) => void): ProviderRecords {
  let since = 0
  let count = 0
  let isClosed = false

  async function read (): Promise<void> {
    const { body } = await request(`${control}/messages?since=${since}`)
    for (const record of body['messages']) {
      since = record.seq
      count++
      // The sandbox reset the connection before it read the request, so only the observer in the node knows the recipient.
      if (record.opaque !== null) onArrival(toFact(record))
    }
  }

  async function run (): Promise<void> {
    for (;;) {
      await read().catch(() => undefined)
      if (isClosed) break
      await pass(EVERY_MS)
    }
    await read()
  }

  const running = run()
  return {
    count: () => count,
    async close () {
      isClosed = true
      await running
    }
  }
}
