import type { Grant, Outcome, Payload, StopScope, TemplateProblem, UnknownPolicy } from '../message.js'
import { clampRetryAfter } from '../message.js'
import { templateOf } from '../template-name.js'
import type { HistoryEntry } from './record.js'

export interface SettlementSettings {
  /** Milliseconds until the next attempt after `attempt` failed; null if there is none. */
  backoff: (attempt: number) => number | null
  unknownOutcome: UnknownPolicy
  /** The sender's own policy; it overrides `unknownOutcome`. */
  unknownOf?: (sender: string) => UnknownPolicy | null
  /** How long an unknown outcome is held, ms; 0 for the default, see `holdMs`. */
  unknownHoldMs: number
  /** Wait for the first probe of an open circuit, ms; null for no circuit breaker. */
  circuitProbeMs?: number | null
  /** How long a sent message can be found by its provider id, ms; 0 keeps no index. */
  findMs: number
  /** Whether webhooks report the statuses of a sender's messages. */
  webhooksEnabledFor?: (sender: string) => boolean
  callbacksEnabled?: boolean
  /** Whether WINDOW_CHECK is on. */
  windowCheck?: boolean
  /** The WhatsApp Business account of a sender, where the statuses of its templates are read. */
  accountOf?: (sender: string) => string | null
  /** Whether recipients of a sender are counted for the daily limit: then its templates have a mark, and can be stopped alone. */
  countsFor?: (sender: string) => boolean
}

/** What is written of an outcome: arguments of settle.lua. `stop`: settle.lua decides whether the message fails or waits. */
export interface Settlement {
  status: 'sent' | 'failed' | 'retry' | 'unknown' | 'wait' | 'stop'
  /** `retry`: until the next attempt; `unknown`: how long the outcome is held. */
  afterMs: number
  /**
   * What cools down: `throughput` also reduces the sender rate, `sender` stops the sender, `templates` all of its templates, `template` and `window`
   * hold messages, `marketing` opts the recipient out, `outage` counts for the circuit.
   */
  bucket: '' | 'pair' | 'sender-rate' | 'throughput' | 'sender' | 'templates' | 'template' | 'window' | 'marketing' | 'outage'
  coolMs: number
  reason?: NonNullable<HistoryEntry['reason']>
}

/** Cool-down of the sender rate after no connection could be made, so that a dead endpoint is not called at full rate. */
const UNREACHABLE_COOL_DOWN_MS = 1000

/** The only place that maps an outcome to a settlement. */
export function decide (outcome: Outcome, grant: Attempted, settings: SettlementSettings): Settlement {
  const outage = 'outage' in outcome ? circuitOf(settings) : {}
  switch (outcome.status) {
    case 'sent': return to('sent')
    case 'retryable': {
      const used = grant.attempt - grant.spared
      const afterMs = isLast(used, outcome) ? null : settings.backoff(used)
      // settle.lua retries it all the same while all attempts of the sender fail.
      return afterMs === null
        ? to('failed', { reason: 'exhausted', afterMs: lastStep(settings, used), ...outage })
        : to('retry', { afterMs: clampRetryAfter(afterMs, outcome.retryAfterMs), ...outage })
    }
    case 'limited': return to('wait', { bucket: outcome.bucket, coolMs: outcome.coolDownMs })
    case 'rejected': {
      const bucket = outcome.optsOut === true ? 'marketing' : ''
      // settle.lua decides by what is known of the window. Where it was open, Meta may be wrong, and one more attempt follows.
      if (isOfWindow(outcome, settings)) return to('stop', { reason: 'rejected', bucket: 'window', afterMs: REOPENED_MS })
      return to('failed', { reason: 'rejected', bucket, ...rejectionOf(outcome, grant.sender, settings) })
    }
    case 'sender-stopped':
      // Only settle.lua knows whether the sender was active. A message that stops an active sender for the second time fails.
      return to('stop', {
        bucket: outcome.scope !== undefined && isOfTemplate(grant) ? 'templates' : 'sender', coolMs: outcome.probeMs, reason: 'rejected'
      })
    case 'unsent': return outcome.code === 'NOT_STARTED' || outcome.code === 'GIVEN_BACK'
      ? to('wait')
      : to('wait', { bucket: 'sender-rate', coolMs: UNREACHABLE_COOL_DOWN_MS, ...outage })
    case 'unknown': return to('unknown', { afterMs: holdMs(settings, grant), ...outage })
    default: return outcome satisfies never
  }
}

/** Wait before a message is sent once more that was rejected for a closed window although its recipient has written. */
const REOPENED_MS = 60_000

function isOfWindow ({ window }: { window?: true }, { windowCheck }: SettlementSettings): boolean {
  return window === true && windowCheck === true
}

/** How long messages wait for the status of a template that WhatsApp does not find: long enough for a read and a repeat of it. */
export const CHECK_MS = 90_000

/** Where the statuses of templates are read, a message of a paused template waits, and one of a missing template until its status is read. */
function rejectionOf (
  { template }: { template?: TemplateProblem }, sender: string, { accountOf }: SettlementSettings
): Partial<Settlement> {
  if (template === undefined || template === 'doubtful' || (accountOf?.(sender) ?? null) === null) return {}
  if (template === 'disabled') return { bucket: 'template' }
  // settle.lua decides: a second time it may be the message, and not the template.
  return { status: 'stop', bucket: 'template', coolMs: template === 'missing' ? CHECK_MS : 0 }
}

/** What a grant says of the attempts of its message, and what was sent. */
type Attempted = Pick<Grant, 'attempt' | 'spared' | 'sender'> & { payload?: Pick<Payload, 'type' | 'message'> }

function isOfTemplate ({ payload }: Attempted): boolean {
  return payload !== undefined && templateOf(payload.type, payload.message) !== null
}

/** A failure that is not the message's own. With jitter, so that the probes of many senders do not come together. */
function circuitOf ({ circuitProbeMs = null }: SettlementSettings): Partial<Settlement> {
  return circuitProbeMs === null ? {} : { bucket: 'outage', coolMs: Math.round(circuitProbeMs * (0.8 + 0.4 * Math.random())) }
}

/** The longest step of the retry schedule so far. */
function lastStep (settings: SettlementSettings, used: number): number {
  for (let attempt = used - 1; attempt > 0; attempt--) {
    const afterMs = settings.backoff(attempt)
    if (afterMs !== null) return afterMs
  }
  return 60_000
}

/** Meta usually reports a status by webhook within seconds. Without webhooks no status comes, and the hold is one step of the retry schedule. */
const WEBHOOK_HOLD_MS = 15 * 60_000

function holdMs (settings: SettlementSettings, { attempt, spared, sender }: Attempted): number {
  if (settings.unknownHoldMs > 0) return settings.unknownHoldMs
  return settings.webhooksEnabledFor?.(sender) === true ? WEBHOOK_HOLD_MS : settings.backoff(attempt - spared) ?? settings.backoff(1) ?? 60_000
}

/**
 * The settlement of a message that was accepted and then failed. Unlike in `decide`, a rate limit or a stopped sender also uses up an attempt:
 * no caller waits for the message, and the status does not say how long ago its cause was.
 */
export function decideBounce (
  outcome: Pick<Outcome, 'status'> & {
    coolDownMs?: number
    bucket?: 'pair' | 'sender-rate' | 'throughput'
    probeMs?: number
    scope?: StopScope
    /** Of a message that is not of a template it must be absent. */
    stopsTemplatesMs?: number | undefined
    optsOut?: true
    template?: TemplateProblem
    window?: true
    mostAttempts?: number
  },
  { attempt, sender }: Pick<Attempted, 'attempt' | 'sender'>,
  settings: SettlementSettings
): Settlement {
  const rejection = rejectionOf(outcome, sender, settings)
  const isWindow = isOfWindow(outcome, settings)
  if (outcome.status === 'rejected' && rejection.status !== 'stop' && !isWindow) {
    if (outcome.stopsTemplatesMs !== undefined) return to('failed', { reason: 'rejected', bucket: 'templates', coolMs: outcome.stopsTemplatesMs })
    return to('failed', { reason: 'rejected', bucket: outcome.optsOut === true ? 'marketing' : '', ...rejection })
  }
  const afterMs = isLast(attempt, outcome) ? null : settings.backoff(attempt)
  // bounce.lua fails it nevertheless, unless it can wait for its recipient or be replaced.
  if (isWindow) {
    const closed = { bucket: 'window' as const, reason: 'rejected' as const }
    return afterMs === null ? to('failed', closed) : to('retry', { ...closed, afterMs })
  }
  const bucket = rejection.status === 'stop'
    ? { bucket: 'template' as const, coolMs: rejection.coolMs ?? 0 }
    : outcome.probeMs === undefined
      ? { bucket: outcome.bucket ?? '' as const, coolMs: outcome.coolDownMs ?? 0 }
      : { bucket: outcome.scope === undefined ? 'sender' as const : 'templates' as const, coolMs: outcome.probeMs }
  return afterMs === null ? to('failed', { ...bucket, reason: 'exhausted' }) : to('retry', { ...bucket, afterMs })
}

/**
 * The settlement of an unknown outcome whose hold is over without a receipt. `afterMs` of a failure: how much longer settle.lua holds it while the
 * circuit is not closed.
 */
export function decideUnknown (grant: Attempted, policy: UnknownPolicy, settings: SettlementSettings): Settlement {
  // Each attempt so far may have met an outage.
  return policy === 'retry' && settings.backoff(Math.max(1, grant.attempt - grant.spared)) !== null
    ? to('retry', { afterMs: 0 })
    : to('failed', { reason: 'unknown', afterMs: holdMs(settings, grant) })
}

/** Some codes allow fewer attempts than the retry schedule. */
function isLast (attempt: number, { mostAttempts = Infinity }: { mostAttempts?: number }): boolean {
  return attempt >= mostAttempts
}

function to (status: Settlement['status'], more: Partial<Settlement> = {}): Settlement {
  return { status, afterMs: 0, bucket: '', coolMs: 0, ...more }
}
