import type { Grant, Outcome, UnknownPolicy } from '../message.js'
import { clampRetryAfter } from '../message.js'
import type { HistoryEntry } from './record.js'

export interface SettlementSettings {
  /** Milliseconds until the next attempt after `attempt` failed; null where there is none. */
  backoff: (attempt: number) => number | null
  unknownOutcome: UnknownPolicy
  /** The sender's own policy, which goes before that. */
  unknownOf?: (sender: string) => UnknownPolicy | null
  /** How long an unknown outcome is held, ms; 0 for one step of the retry schedule. */
  unknownHoldMs: number
  /** How long a sent message can be found by its provider id, ms; 0 for not at all. */
  findMs: number
  /** Whether webhooks tell what becomes of a sender's messages. */
  webhooksEnabledFor?: (sender: string) => boolean
  /** Whether callbacks tell what becomes of messages. */
  callbacksEnabled?: boolean
}

/** What is written of an outcome; the arguments of settle.lua. */
export interface Verdict {
  verdict: 'sent' | 'failed' | 'retry' | 'unknown' | 'wait' | 'stop'
  afterMs: number
  bucket: '' | 'pair' | 'sender-rate' | 'sender' | 'marketing'
  coolMs: number
  reason?: NonNullable<HistoryEntry['reason']>
}

/** After a connection could not even be made, the sender's flow rests this long, so that a dead line is not hammered. */
const UNREACHABLE_REST_MS = 1000

/** The one place that decides between sent, later, back in line, and given up; settle.lua alone knows who is to blame for a stop. */
export function decide (outcome: Outcome, grant: Pick<Grant, 'attempt' | 'sender'>, settings: SettlementSettings): Verdict {
  switch (outcome.status) {
    case 'sent': return to('sent')
    case 'retryable': {
      const afterMs = isLast(grant.attempt, outcome) ? null : settings.backoff(grant.attempt)
      return afterMs === null ? to('failed', { reason: 'exhausted' }) : to('retry', { afterMs: clampRetryAfter(afterMs, outcome.retryAfterMs) })
    }
    case 'limited': return to('wait', { bucket: outcome.bucket, coolMs: outcome.coolDownMs })
    case 'rejected': return to('failed', { reason: 'rejected', bucket: outcome.optsOut === true ? 'marketing' : '' })
    case 'sender-stopped':
      // settle.lua knows whether the sender was open, and then whether it is the message that is at fault.
      return to('stop', { bucket: 'sender', coolMs: outcome.probeMs, reason: 'rejected' })
    case 'unsent': return outcome.code === 'NOT_STARTED' || outcome.code === 'GIVEN_BACK'
      ? to('wait')
      : to('wait', { bucket: 'sender-rate', coolMs: UNREACHABLE_REST_MS })
    case 'unknown': return to('unknown', { afterMs: holdMs(settings, grant) })
    default: return outcome satisfies never
  }
}

/** Meta tells by webhook within seconds, as a rule; where nobody listens there is nothing to wait for. */
const HEARING_HOLD_MS = 15 * 60_000

function holdMs (settings: SettlementSettings, { attempt, sender }: Pick<Grant, 'attempt' | 'sender'>): number {
  if (settings.unknownHoldMs > 0) return settings.unknownHoldMs
  return settings.webhooksEnabledFor?.(sender) === true ? HEARING_HOLD_MS : settings.backoff(attempt) ?? settings.backoff(1) ?? 60_000
}

/**
 * What becomes of a message that was accepted and then failed. Every code that may pass uses up an attempt here: nobody waits
 * for it in line, and nothing says how long ago its cause was.
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
): Verdict {
  if (outcome.status === 'rejected') return to('failed', { reason: 'rejected', bucket: outcome.optsOut === true ? 'marketing' : '' })
  const afterMs = isLast(attempt, outcome) ? null : settings.backoff(attempt)
  const bucket = outcome.probeMs === undefined
    ? { bucket: outcome.bucket ?? '' as const, coolMs: outcome.coolDownMs ?? 0 }
    : { bucket: 'sender' as const, coolMs: outcome.probeMs }
  return afterMs === null ? to('failed', { ...bucket, reason: 'exhausted' }) : to('retry', { ...bucket, afterMs })
}

/** An unknown outcome whose hold is over without a receipt. */
export function decideUnknown (attempts: number, policy: UnknownPolicy, settings: SettlementSettings): Verdict {
  return policy === 'retry' && settings.backoff(attempts) !== null
    ? to('retry', { afterMs: 0 })
    : to('failed', { reason: 'unknown' })
}

/** Some codes are worth fewer tries than the schedule has. */
function isLast (attempt: number, { mostAttempts = Infinity }: { mostAttempts?: number }): boolean {
  return attempt >= mostAttempts
}

function to (verdict: Verdict['verdict'], more: Partial<Verdict> = {}): Verdict {
  return { verdict, afterMs: 0, bucket: '', coolMs: 0, ...more }
}
