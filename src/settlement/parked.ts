import { createHash } from 'node:crypto'
import { SluiceError } from '../errors.js'
import type { ReceiptDeps, Status } from './receipt.js'
import { takeStatus } from './receipt.js'

/** Until a parked status is looked at again: an answer that it overtook is settled by then. */
const FIRST_LOOK_MS = 1000
/** From look to look at least: the longer it is parked, the longer it takes. */
const NEXT_LOOK_MS = 5000
/** After so long nothing will come that it belongs to. Longer than any lease, so that a dead node's attempt is settled first. */
const PARKED_FOR_MS = 10 * 60_000
/** Of one sender at most; beyond it the provider is asked to tell it again. */
const CAP = 100_000
const AT_ONCE = 200

/** Takes a status, or keeps it until its message is settled. Throws UNAVAILABLE where neither can be done now. */
export async function takeOrPark (deps: ReceiptDeps, sender: string, status: Status): Promise<string> {
  const receipt = await takeStatus(deps, sender, status)
  if (receipt !== 'early' && receipt !== 'unknown') return receipt
  const reply = await deps.store.run('park', { sender }, { name: nameOf(status), status: JSON.stringify(status), waitMs: FIRST_LOOK_MS, cap: CAP })
  if (reply.status === 'full') throw new SluiceError('UNAVAILABLE', { detail: 'too many statuses are parked', retryAfterMs: 60_000 })
  if (reply.status === 'parked') await deps.store.recoverySchedule.advance([[sender, reply.nextMs]])
  return 'parked'
}

/** Looks again at what is parked and due. Returns when to do so next, ms since the epoch, 0 for never. */
export async function lookAgain (deps: ReceiptDeps, sender: string): Promise<number> {
  let done: string[] = []
  for (;;) {
    const { nextMs, due } = await deps.store.run('unpark', { sender }, { done: done.join(' '), waitMs: NEXT_LOOK_MS, limit: AT_ONCE })
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

/** The same status told twice, as Meta does, is parked once. */
function nameOf ({ wamid, kind }: Status): string {
  return `${createHash('sha256').update(wamid).digest('base64url').slice(0, 22)}:${kind}`
}
