import { createHash } from 'node:crypto'
import { SluiceError } from '../errors.js'
import type { ReceiptDeps, Status } from './receipt.js'
import { takeStatus } from './receipt.js'

/** Delay before the first retry: if the status arrived before the response of its attempt, that response is settled by then. */
const FIRST_RETRY_MS = 1000
/** Least delay between two retries; it grows with the age of the status. */
const RETRY_MS = 5000
/** A status that matches no message within this time is dropped. Longer than a lease, so that recovery settles a dead node's attempt first. */
const PARKED_FOR_MS = 10 * 60_000
/** Parked statuses of one sender. Above it the request fails, and the provider repeats the webhook. */
const CAP = 100_000
const BATCH = 200

/** Applies a status, or parks it until its message is settled. Throws UNAVAILABLE if Redis is unavailable or too many are parked. */
export async function takeOrPark (deps: ReceiptDeps, sender: string, status: Status): Promise<string> {
  const receipt = await takeStatus(deps, sender, status)
  if (receipt !== 'early' && receipt !== 'unknown') return receipt
  const reply = await deps.store.run('park', { sender }, { name: nameOf(status), status: JSON.stringify(status), waitMs: FIRST_RETRY_MS, cap: CAP })
  if (reply.status === 'full') throw new SluiceError('UNAVAILABLE', { detail: 'too many statuses are parked', retryAfterMs: 60_000 })
  if (reply.status === 'parked') await deps.store.recoverySchedule.advance([[sender, reply.nextMs]])
  return 'parked'
}

/** Retries the parked statuses that are due. Returns when the next one is due, ms since the epoch; 0 for none. */
export async function retryParked (deps: ReceiptDeps, sender: string): Promise<number> {
  let done: string[] = []
  for (;;) {
    const { nextMs, due } = await deps.store.run('unpark', { sender }, { done: done.join(' '), waitMs: RETRY_MS, limit: BATCH })
    if (due.length === 0) return nextMs
    done = []
    for (const { name, ageMs, status: text } of due) {
      const status = JSON.parse(text) as Status
      const receipt = await takeStatus(deps, sender, status, true)
      const isMatched = receipt !== 'early' && receipt !== 'unknown'
      if (isMatched || ageMs > PARKED_FOR_MS) done.push(name)
      if (!isMatched && ageMs > PARKED_FOR_MS) deps.events.emit('webhook.status', { sender, kind: status.kind, result: 'unmatched', lagMs: null })
    }
  }
}

/** Meta repeats statuses; the same one is parked once. */
function nameOf ({ wamid, kind }: Status): string {
  return `${createHash('sha256').update(wamid).digest('base64url').slice(0, 22)}:${kind}`
}
