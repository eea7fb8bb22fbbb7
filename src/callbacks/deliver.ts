import { setTimeout as sleep } from 'node:timers/promises'
import { SluiceError } from '../errors.js'
import type { Bus } from '../events.js'
import type { Explain } from '../failure/failure.js'
import type { LeasedCallback, Replies } from '../redis/commands.js'
import type { Store } from '../redis/store.js'
import type { CircuitBreaker } from './circuit-breaker.js'
import { describeEvent } from './describe.js'
import type { Post, Posted } from './post.js'
import { sign } from './sign.js'

export interface TellDeps {
  store: Store
  events: Bus
  explain: Explain
  receiver: Post
  callbacks: CallbackSettings
}

export interface CallbackSettings {
  keys: readonly Buffer[]
  /** How long an event is lent out, ms. */
  leaseMs: number
  /** Until the first retry, ms. */
  retryMs: number
  /** How old an event may be to be tried again, ms. */
  giveUpMs: number
  /** Subjects of a sender that may wait. */
  cap: number
}

/** Longer than a try and the script after it take. `timeoutMs`: of a try. */
export function leaseFor (timeoutMs: number): number {
  return 2 * timeoutMs + 2000
}

const LONGEST_RETRY_MS = 3_600_000
/** Events that were given up, kept to be looked at. */
const DEAD_CAP = 1000
const DEAD_KEPT_MS = 30 * 86_400_000
const AGAIN_MS = 500

/** A script's reply as the event says it. */
const results = { delivered: 'told', 'retry-scheduled': 'later', 'dead-lettered': 'dropped' } as const

/** When something was lent out: by `performance.now()`, before the lease began, and by Redis's clock. */
export interface LentAt { ms: number, epochMs: number }

/**
 * Tells what was lent out, and the events of the same subject behind it one after the other, until one is not taken. Answers
 * in how many ms that is due again, null where nothing is, or somebody else will find it.
 */
export async function tellSubject (deps: TellDeps, sender: string, lent: LeasedCallback, at: LentAt, closing: AbortSignal, breaker: CircuitBreaker): Promise<number | null> {
  const { subject } = lent
  let { leaseEndMs, tries, event } = lent
  // Not posted in the latter part of its lease: another node may have it soon.
  const withinMs = deps.callbacks.leaseMs / 4
  let startBy = at.ms + withinMs
  while (!closing.aborted && performance.now() < startBy) {
    const { id, type, body } = describeEvent(sender, subject, event, deps.explain)
    const atS = Math.floor((at.epochMs + performance.now() - at.ms) / 1000)
    const posted = await deps.receiver.post(sign(id, atS, body, deps.callbacks.keys), body)
    breaker.note(posted.status === 'taken')
    startBy = performance.now() + withinMs
    // The brake spares a receiver that is down; once it is up again, no message is to wait for long because of that.
    const afterMs = retryMs(deps.callbacks.retryMs, breaker.isHalfOpen() ? 0 : tries)
    const reply = await note(deps, sender, subject, leaseEndMs, posted, afterMs)
    if (reply === null || reply.status === 'stale') return null
    deps.events.emit('callback.attempted', {
      sender, callback: id, type, result: results[reply.status], tries: tries + 1, durationMs: posted.durationMs, ...(posted.status === 'taken' ? {} : { code: posted.code })
    })
    if (reply.status === 'retry-scheduled') return afterMs
    if (reply.leaseEndMs === 0) return null
    ;({ leaseEndMs, event } = reply)
    tries = 0
  }
  return null
}

/** Doubled each time up to an hour, give or take a fifth. */
function retryMs (firstMs: number, tries: number): number {
  return Math.round(Math.min(LONGEST_RETRY_MS, firstMs * 2 ** Math.min(tries, 30)) * (0.8 + Math.random() * 0.4))
}

/** Writes down what came of it. Null where Redis stays away so long that the lease is over: then it is told again. */
async function note (deps: TellDeps, sender: string, subject: string, leaseEnd: number, posted: Posted, afterMs: number): Promise<Replies['settle-callback'] | null> {
  const { giveUpMs, leaseMs } = deps.callbacks
  const until = performance.now() + leaseMs / 2
  for (;;) {
    try {
      return await deps.store.run('settle-callback', { sender }, { subject, leaseEnd, delivered: posted.status === 'taken', afterMs, giveUpMs, leaseMs, cap: DEAD_CAP, keepMs: DEAD_KEPT_MS })
    } catch (error) {
      if (!(error instanceof SluiceError && error.code === 'UNAVAILABLE')) throw error
      if (performance.now() > until) return null
      await sleep(AGAIN_MS)
    }
  }
}
