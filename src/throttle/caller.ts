import type { Caller } from '../callers.js'
import { SluiceError } from '../errors.js'
import type { Bus } from '../events.js'
import type { Store } from '../redis/store.js'

/** Slots of a caller's own rate. `headers` as in the IETF draft: see docs/callers.md. */
export interface CallerSlots {
  /** Messages that it may post now, of those that it wants to post. */
  accepted: number
  /** The rest gets this error; null if there is no rest. */
  error: SluiceError | null
  headers: CallerHeaders
}

export interface CallerHeaders { 'ratelimit-policy': string, ratelimit: string }

/**
 * Takes slots for messages that a caller posts; null for a caller without a rate. Redis counts them, over all senders and nodes. Throws UNAVAILABLE
 * while Redis is unavailable.
 */
export async function takeSlots (
  { store, events }: { store: Store, events: Bus }, { name, limits }: Caller, want: number
): Promise<CallerSlots | null> {
  const rate = limits?.rate ?? null
  if (rate === null || want === 0) return null
  const { perSecond, burst } = rate
  const intervalUs = Math.max(1, Math.round(1_000_000 / perSecond))
  const { accepted, left, waitUs } = await store.run('limit-caller', { sender: '' }, { caller: name, intervalUs, burst, want })
  const retryAfterMs = Math.ceil(waitUs / 1000)
  const headers = {
    'ratelimit-policy': `"caller";q=${burst};w=${Math.max(1, Math.ceil(burst * intervalUs / 1_000_000))}`,
    ratelimit: `"caller";r=${left};t=${Math.ceil(retryAfterMs / 1000)}`
  }
  const detail = `${name} may post ${perSecond} a second, ${burst} at once`
  if (accepted === want) return { accepted, error: null, headers }
  events.emit('caller.limited', { caller: name, count: want - accepted })
  const error = new SluiceError('CALLER_RATE_LIMITED', { detail, retryAfterMs, headers, extra: { waitMs: retryAfterMs } })
  return { accepted, error, headers }
}
