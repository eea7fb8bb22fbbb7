import { createHash } from 'node:crypto'
import { formatAttemptName, parseAttemptName } from '../message.js'
import { PARKED_CAP, senderKey } from '../redis/keys.js'
import { inParallel } from '../parallel.js'
import { isUnavailable } from '../redis/unavailable.js'
import type { ReceiptDeps, Status } from './receipt.js'
import { applyStatus } from './receipt.js'

/** Delay before the first retry: if the status arrived before the response of its attempt, that response is settled by then. */
const FIRST_RETRY_MS = 1000
/** Least delay between two retries; it grows with the age of the status. */
const RETRY_MS = 5000
/** A status that matches no message within this time is dropped. Longer than a lease, so that recovery settles a dead node's attempt first. */
const PARKED_FOR_MS = 10 * 60_000
const BATCH = 200
const CONCURRENCY = 5
/** A run ends after this time, so that a flood of statuses of other systems does not hold up the rest of recovery. */
const RUN_MS = 500

/** Applies a status, or parks it until its message is settled. Throws UNAVAILABLE if Redis is unavailable. */
export async function applyOrPark (deps: ReceiptDeps, sender: string, status: Status): Promise<string> {
  const receipt = await applyStatus(deps, sender, status)
  if (receipt !== 'in-flight' && receipt !== 'unknown') return receipt
  const args = { name: parkedName(status), status: JSON.stringify(status), waitMs: FIRST_RETRY_MS, cap: PARKED_CAP }
  const reply = await deps.store.run('park', { sender }, args)
  if (reply.status === 'parked') {
    if (reply.dropped !== '') deps.events.emit('webhook.status', { sender, kind: kindOf(reply.dropped), result: 'dropped', lagMs: null })
    await deps.store.recoverySchedule.advance([[sender, reply.nextMs]])
  }
  return 'parked'
}

/** Retries the parked statuses that are due. Returns when the next one is due, ms since the epoch; 0 for none. */
export async function retryParked (deps: ReceiptDeps, sender: string): Promise<number> {
  const until = performance.now() + RUN_MS
  let done: string[] = []
  for (;;) {
    // The last call only removes what is done.
    const limit = performance.now() < until ? BATCH : 0
    const { nextMs, due } = await deps.store.run('unpark', { sender }, { done: done.join(' '), waitMs: RETRY_MS, limit })
    if (due.length === 0) return nextMs
    done = []
    await inParallel(byMessage(due), CONCURRENCY, async statuses => {
      for (const { name, ageMs, status: text } of statuses) {
        const status = JSON.parse(text) as Status
        const receipt = await applyStatus(deps, sender, status, true).catch(error => {
          if (isUnavailable(error)) throw error
          // The status is dropped by its age like one that never matches, so that it cannot fail each run for ever.
          deps.events.emit('unexpected-error', { location: `parked status of ${sender}`, error })
          return 'unknown' as const
        })
        const isMatched = receipt !== 'in-flight' && receipt !== 'unknown'
        if (isMatched || ageMs > PARKED_FOR_MS) done.push(name)
        if (!isMatched && ageMs > PARKED_FOR_MS) deps.events.emit('webhook.status', { sender, kind: status.kind, result: 'unmatched', lagMs: null })
      }
    })
  }
}

/**
 * Applies the statuses of one message that are parked, whether they are due or not: its outcome stays unknown without them. They arrived while one
 * of its `attempts` was in flight, and may be due only after the hold of that attempt.
 */
export async function applyParked (deps: ReceiptDeps, sender: string, id: string, attempts: number): Promise<void> {
  if (attempts === 0) return
  const { redis, prefix } = deps.store
  const attemptNames = Array.from({ length: attempts }, (_, i) => formatAttemptName({ id, attempt: i + 1 }))
  const names = attemptNames.flatMap(attempt => kinds.map(kind => `${attempt}:${kind}`))
  const bodies = await redis.hmget(senderKey(prefix, sender, 'parked-bodies'), ...names)
  const done: string[] = []
  for (const [i, body] of bodies.entries()) {
    if (body === null) continue
    const receipt = await applyStatus(deps, sender, JSON.parse(body.slice(body.indexOf(' ') + 1)) as Status)
    if (receipt !== 'in-flight' && receipt !== 'unknown') done.push(names[i] ?? '')
  }
  if (done.length > 0) await deps.store.run('unpark', { sender }, { done: done.join(' '), waitMs: RETRY_MS, limit: 0 })
}

const kinds = ['sent', 'delivered', 'read', 'failed'] as const satisfies ReadonlyArray<Status['kind']>

/** Statuses of one attempt are applied one after the other. */
function byMessage<Parked extends { name: string }> (due: readonly Parked[]): Parked[][] {
  const groups = new Map<string, Parked[]>()
  for (const parked of due) {
    const message = parked.name.slice(0, parked.name.indexOf(':'))
    groups.set(message, [...groups.get(message) ?? [], parked])
  }
  return [...groups.values()]
}

/** Meta repeats statuses; the same one is parked once. By the attempt's name, so that the statuses of a message are found by its id. */
function parkedName ({ wamid, kind, opaque = '' }: Status): string {
  if (parseAttemptName(opaque) !== null) return `${opaque}:${kind}`
  return `${createHash('sha256').update(wamid).digest('base64url').slice(0, 22)}:${kind}`
}

function kindOf (name: string): Status['kind'] {
  return name.slice(name.indexOf(':') + 1) as Status['kind']
}
