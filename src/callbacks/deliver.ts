import { backoffMs } from '../values/backoff.js'
import type { Bus } from '../events.js'
import type { Explain } from '../failure/failure.js'
import { DEAD_LETTERS_CAP } from '../redis/keys.js'
import type { LeasedCallback, Replies } from '../redis/commands.js'
import { isUnavailable, retryWhileUnavailable } from '../redis/unavailable.js'
import type { Store } from '../redis/store.js'
import type { CircuitBreaker } from './circuit-breaker.js'
import type { Callback } from './describe.js'
import { describeEvent } from './describe.js'
import type { Endpoint, Posted } from './post.js'
import { sign } from './post.js'

export interface CallbackDeps {
  store: Store
  events: Bus
  explain: Explain
  endpoint: Endpoint
  callbacks: CallbackSettings
}

export interface CallbackSettings {
  keys: readonly Buffer[]
  /** Duration of the lease of an event, ms. */
  leaseMs: number
  /** Upper bound of the delay before the first retry, ms. */
  retryMs: number
  /** Age at which a failed callback becomes a dead letter, ms. */
  giveUpMs: number
}

/** Long enough for one attempt and the script after it. `timeoutMs`: of an attempt. */
export function leaseFor (timeoutMs: number): number {
  return 2 * timeoutMs + 2000
}

const LONGEST_RETRY_MS = 3_600_000
/** Instead of an attempt, for an event that cannot be read. */
const UNREADABLE: Posted = { status: 'rejected', code: 'UNREADABLE', durationMs: 0 }
/** How long a dead letter is kept. */
const DEAD_KEPT_MS = 30 * 86_400_000

/** When a lease was requested: by `performance.now()`, before the lease began, and by Redis's clock. */
export interface LeasedAt { ms: number, epochMs: number }

/**
 * Delivers a leased event, and then the later events of the same subject in order, until one fails. Returns in how many ms the failed
 * one is due again; null where nothing is due, or another node finds it.
 */
export async function deliverCallbacks (
  deps: CallbackDeps, sender: string, leased: LeasedCallback, leasedAt: LeasedAt, closing: AbortSignal, breaker: CircuitBreaker
): Promise<number | null> {
  const { subject } = leased
  let { leaseEndMs, tries, event } = leased
  // No attempt starts late in a lease, since another node may lease the event soon.
  const withinMs = deps.callbacks.leaseMs / 4
  let startBy = leasedAt.ms + withinMs
  while (!closing.aborted && performance.now() < startBy) {
    const callback = readEvent(deps, sender, subject, event)
    const posted = callback === null ? UNREADABLE : await post(deps, callback, leasedAt)
    if (callback !== null) breaker.record(posted.status !== 'failed')
    startBy = performance.now() + withinMs
    // While the circuit is not closed it sets the pace. Long delays of single messages would only outlast the outage of the endpoint. A
    // rejected callback was not delayed by an outage.
    const retry = posted.status === 'rejected' || breaker.state() === 'closed' ? tries : 0
    const afterMs = backoffMs(retry, { firstMs: deps.callbacks.retryMs, longestMs: LONGEST_RETRY_MS })
    const reply = await settleCallback(deps, sender, subject, leaseEndMs, posted, afterMs)
    if (reply === null || reply.status === 'stale') return null
    deps.events.emit('callback.attempted', {
      sender,
      callback: callback?.id ?? subject,
      type: callback?.type ?? 'unknown',
      result: reply.status,
      tries: tries + 1,
      durationMs: posted.durationMs,
      ...(posted.status === 'accepted' ? {} : { code: posted.code })
    })
    if (reply.status === 'retry-scheduled') return afterMs
    if (reply.leaseEndMs === 0) return null
    ;({ leaseEndMs, event } = reply)
    tries = 0
  }
  return null
}

/** Null for a damaged event: it becomes a dead letter at once, so that the later events of its subject are delivered. */
function readEvent (deps: CallbackDeps, sender: string, subject: string, event: string): Callback | null {
  try {
    return describeEvent(sender, subject, event, deps.explain)
  } catch (error) {
    deps.events.emit('unexpected-error', { location: 'callbacks', error })
    return null
  }
}

async function post (deps: CallbackDeps, { id, body }: Callback, leasedAt: LeasedAt): Promise<Posted> {
  const atS = Math.floor((leasedAt.epochMs + performance.now() - leasedAt.ms) / 1000)
  return await deps.endpoint.post(sign(id, atS, body, deps.callbacks.keys), body)
}

/** Writes the result of an attempt. Null where Redis stays unavailable until the lease is over; the event is then delivered again. */
async function settleCallback (
  deps: CallbackDeps, sender: string, subject: string, leaseEnd: number, posted: Posted, afterMs: number
): Promise<Replies['settle-callback'] | null> {
  const { leaseMs } = deps.callbacks
  const giveUpMs = posted === UNREADABLE ? 0 : deps.callbacks.giveUpMs
  const settle = async (): Promise<Replies['settle-callback']> => await deps.store.run('settle-callback', { sender }, {
    subject, leaseEnd, delivered: posted.status === 'accepted', afterMs, giveUpMs, leaseMs, cap: DEAD_LETTERS_CAP, keepMs: DEAD_KEPT_MS
  })
  try {
    return await retryWhileUnavailable(settle, { withinMs: leaseMs / 2 })
  } catch (error) {
    if (isUnavailable(error)) return null
    throw error
  }
}
