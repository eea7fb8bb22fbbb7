import type { Grant, Outcome, UnknownPolicy } from '../message.js'
import type { StoryLine } from './record.js'

export interface SettlementSettings {
  /** Milliseconds until the next attempt after `attempt` failed; null where there is none. */
  backoff: (attempt: number) => number | null
  unknownOutcome: UnknownPolicy
  /** The sender's own policy, which goes before that. */
  unknownOf?: (sender: string) => UnknownPolicy | null
  /** How long an unknown outcome is held, ms; 0 for one step of the retry schedule. */
  unknownHoldMs: number
  /** How long a stopped sender rests before the next try, ms. */
  probeMs: number
  /** How long a sent message can be found by its provider id, ms; 0 for not at all. */
  findMs: number
}

/** What is written of an outcome; the arguments of settle.lua. */
export interface Verdict {
  verdict: 'sent' | 'failed' | 'retry' | 'unknown' | 'wait' | 'stop'
  afterMs: number
  bucket: '' | 'pair' | 'flow' | 'sender'
  coolMs: number
  reason?: NonNullable<StoryLine['reason']>
}

/** After a connection could not even be made, the sender's flow rests this long, so that a dead line is not hammered. */
const UNREACHABLE_REST_MS = 1000

/** The one place that decides between sent, later, back in line, and given up; settle.lua alone knows who is to blame for a stop. */
export function decide (outcome: Outcome, grant: Pick<Grant, 'attempt'>, settings: SettlementSettings): Verdict {
  switch (outcome.status) {
    case 'sent': return to('sent')
    case 'retryable': {
      const afterMs = settings.backoff(grant.attempt)
      return afterMs === null ? to('failed', { reason: 'exhausted' }) : to('retry', { afterMs })
    }
    case 'limited': return to('wait', { bucket: outcome.bucket, coolMs: outcome.coolDownMs })
    case 'rejected': return to('failed', { reason: 'rejected' })
    case 'sender-stopped':
      // settle.lua knows whether the sender was open, and then whether it is the message that is at fault.
      return to('stop', { bucket: 'sender', coolMs: settings.probeMs, reason: 'rejected' })
    case 'unsent': return outcome.code === 'NOT_STARTED' || outcome.code === 'GIVEN_BACK'
      ? to('wait')
      : to('wait', { bucket: 'flow', coolMs: UNREACHABLE_REST_MS })
    case 'unknown': return to('unknown', { afterMs: settings.unknownHoldMs || (settings.backoff(grant.attempt) ?? settings.backoff(1) ?? 60_000) })
    default: return outcome satisfies never
  }
}

/** An unknown outcome whose hold is over without a receipt. */
export function decideUnknown (attempts: number, policy: UnknownPolicy, settings: SettlementSettings): Verdict {
  return policy === 'retry' && settings.backoff(attempts) !== null
    ? to('retry', { afterMs: 0 })
    : to('failed', { reason: 'unknown' })
}

function to (verdict: Verdict['verdict'], more: Partial<Verdict> = {}): Verdict {
  return { verdict, afterMs: 0, bucket: '', coolMs: 0, ...more }
}
