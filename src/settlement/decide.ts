import type { Grant, Outcome, UnknownPolicy } from '../message.js'
import { clampRetryAfter } from '../message.js'
import type { HistoryEntry } from './record.js'

export interface SettlementSettings {
  /** Milliseconds until the next attempt after `attempt` failed; null if there is none. */
  backoff: (attempt: number) => number | null
  unknownOutcome: UnknownPolicy
  /** The sender's own policy; it overrides `unknownOutcome`. */
  unknownOf?: (sender: string) => UnknownPolicy | null
  /** How long an unknown outcome is held, ms; 0 for the default, see `holdMs`. */
  unknownHoldMs: number
  /** How long a sent message can be found by its provider id, ms; 0 keeps no index. */
  findMs: number
  /** Whether webhooks report the statuses of a sender's messages. */
  webhooksEnabledFor?: (sender: string) => boolean
  callbacksEnabled?: boolean
}

/** What is written of an outcome: arguments of settle.lua. `stop`: settle.lua decides whether the message fails or waits. */
export interface Settlement {
  status: 'sent' | 'failed' | 'retry' | 'unknown' | 'wait' | 'stop'
  /** `retry`: until the next attempt; `unknown`: how long the outcome is held. */
  afterMs: number
  /** What cools down: `sender` stops the sender, `marketing` opts the recipient out. */
  bucket: '' | 'pair' | 'sender-rate' | 'sender' | 'marketing'
  coolMs: number
  reason?: NonNullable<HistoryEntry['reason']>
}

/** Cool-down of the sender rate after no connection could be made, so that a dead endpoint is not called at full rate. */
const UNREACHABLE_COOL_DOWN_MS = 1000

/** The only place that maps an outcome to a settlement. */
export function decide (outcome: Outcome, grant: Pick<Grant, 'attempt' | 'sender'>, settings: SettlementSettings): Settlement {
  switch (outcome.status) {
    case 'sent': return to('sent')
    case 'retryable': {
      const afterMs = isLast(grant.attempt, outcome) ? null : settings.backoff(grant.attempt)
      return afterMs === null ? to('failed', { reason: 'exhausted' }) : to('retry', { afterMs: clampRetryAfter(afterMs, outcome.retryAfterMs) })
    }
    case 'limited': return to('wait', { bucket: outcome.bucket, coolMs: outcome.coolDownMs })
    case 'rejected': return to('failed', { reason: 'rejected', bucket: outcome.optsOut === true ? 'marketing' : '' })
    case 'sender-stopped':
      // Only settle.lua knows whether the sender was active. A message that stops an active sender for the second time fails.
      return to('stop', { bucket: 'sender', coolMs: outcome.probeMs, reason: 'rejected' })
    case 'unsent': return outcome.code === 'NOT_STARTED' || outcome.code === 'GIVEN_BACK'
      ? to('wait')
      : to('wait', { bucket: 'sender-rate', coolMs: UNREACHABLE_COOL_DOWN_MS })
    case 'unknown': return to('unknown', { afterMs: holdMs(settings, grant) })
    default: return outcome satisfies never
  }
}

/** Meta usually reports a status by webhook within seconds. Without webhooks no status comes, and the hold is one step of the retry schedule. */
const WEBHOOK_HOLD_MS = 15 * 60_000

function holdMs (settings: SettlementSettings, { attempt, sender }: Pick<Grant, 'attempt' | 'sender'>): number {
  if (settings.unknownHoldMs > 0) return settings.unknownHoldMs
  return settings.webhooksEnabledFor?.(sender) === true ? WEBHOOK_HOLD_MS : settings.backoff(attempt) ?? settings.backoff(1) ?? 60_000
}

/**
 * The settlement of a message that was accepted and then failed. Unlike in `decide`, a rate limit or a stopped sender also uses up an attempt:
 * no caller waits for the message, and the status does not say how long ago its cause was.
 */
export function decideBounce (
  outcome: Pick<Outcome, 'status'> & {
    coolDownMs?: number
    bucket?: 'pair' | 'sender-rate'
    probeMs?: number
    optsOut?: true
    mostAttempts?: number
  },
  attempt: number,
  settings: SettlementSettings
): Settlement {
  if (outcome.status === 'rejected') return to('failed', { reason: 'rejected', bucket: outcome.optsOut === true ? 'marketing' : '' })
  const afterMs = isLast(attempt, outcome) ? null : settings.backoff(attempt)
  const bucket = outcome.probeMs === undefined
    ? { bucket: outcome.bucket ?? '' as const, coolMs: outcome.coolDownMs ?? 0 }
    : { bucket: 'sender' as const, coolMs: outcome.probeMs }
  return afterMs === null ? to('failed', { ...bucket, reason: 'exhausted' }) : to('retry', { ...bucket, afterMs })
}

/** The settlement of an unknown outcome whose hold is over without a receipt. */
export function decideUnknown (attempts: number, policy: UnknownPolicy, settings: SettlementSettings): Settlement {
  return policy === 'retry' && settings.backoff(attempts) !== null
    ? to('retry', { afterMs: 0 })
    : to('failed', { reason: 'unknown' })
}

/** Some codes allow fewer attempts than the retry schedule. */
function isLast (attempt: number, { mostAttempts = Infinity }: { mostAttempts?: number }): boolean {
  return attempt >= mostAttempts
}

function to (status: Settlement['status'], more: Partial<Settlement> = {}): Settlement {
  return { status, afterMs: 0, bucket: '', coolMs: 0, ...more }
}
