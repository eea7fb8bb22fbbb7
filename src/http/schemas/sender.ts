import { Type } from '@sinclair/typebox'
import type { SenderView } from '../../throttle/inspect.js'
import { count, flag, listOf, momentOrNull, oneOf, ref, text, textOrNull } from './common.js'

export const SenderParamsSchema = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64, description: 'Phone number id of the sender' }) })

export const PauseSchema = Type.Object({
  forMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 366 * 86_400_000, description: 'How long; without it until somebody resumes' }))
}, { $id: 'Pause', additionalProperties: false, description: 'How long to pause' })

const pairIntervalMs = 'Least time between two messages to one recipient'
const pairBurst = 'Messages that a rested recipient may get one right after the other'
const perSecond = 'Most messages in any second'
const maxInFlight = 'Sends under way at once, over all nodes'

export const QuotaSchema = Type.Partial(Type.Object({
  pairIntervalMs: Type.Integer({ minimum: 1, maximum: 86_400_000, description: pairIntervalMs }),
  pairBurst: Type.Integer({ minimum: 1, maximum: 1000, description: pairBurst }),
  perSecond: Type.Integer({ minimum: 1, maximum: 1000, description: perSecond }),
  maxInFlight: Type.Integer({ minimum: 1, maximum: 100_000, description: maxInFlight })
}), { $id: 'Quota', additionalProperties: false, minProperties: 1, description: 'What to change of a sender\'s rules; what is left out stays' })

export const RulesSchema = Type.Object({
  pairIntervalMs: Type.Number({ description: pairIntervalMs }),
  pairBurst: count(pairBurst),
  perSecond: count(perSecond),
  maxInFlight: count(maxInFlight),
  version: count('Grows with each change')
}, { $id: 'Rules', description: 'What the throttle keeps to' })

export const FailureCountsSchema = Type.Object({
  pending: count('Wait for a retry'), resolved: count('Sent by a retry'), failed: count('Given up')
}, { $id: 'FailureCounts', description: 'Delivery failures by status' })

const conditions: Record<SenderView['state'], string> = { active: 'sends', paused: 'an operator paused it', stopped: 'WhatsApp refuses all it sends' }

export const SenderSchema = Type.Object({
  id: text('Phone number id'),
  state: oneOf(conditions, 'Whether it sends'),
  reason: textOrNull('Who paused it, or the code that stopped it'),
  resumesAt: momentOrNull('When it opens by itself, or is tried again; null where no end is known'),
  rules: ref(RulesSchema, 'Its rules'),
  queued: count('Messages in line'),
  due: count('Those of them whose turn has come'),
  inFlight: count('Under way to WhatsApp'),
  scheduled: count('Wait for their moment'),
  unknown: count('Held with an unknown outcome'),
  failures: ref(FailureCountsSchema, 'Its delivery failures'),
  sentLast24h: count('Sent in the last 24 h'),
  activeRateLimits: count('Recipients whose pace binds now'),
  unsettled: count('Accepted and not ended'),
  oldestDueSeconds: Type.Number({ minimum: 0, description: 'How long the longest due message has waited beyond its turn' }),
  hasWorker: flag('A worker drains it now')
}, { $id: 'Sender', description: 'A sending number with its counts and rules' })

export const SendersSchema = Type.Object({ senders: listOf(SenderSchema, 'All that are configured') }, { $id: 'Senders', description: 'The sending numbers' })
