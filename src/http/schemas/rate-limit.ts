import { Type } from '@sinclair/typebox'
import type { WaitingFor } from '../../message.js'
import { waitingForMeanings } from './answer.js'
import { count, flag, laneMeanings, momentOrNull, oneOf, senderName, text } from './common.js'

export const RecipientParamsSchema = Type.Object({ recipient: Type.String({ minLength: 1, maxLength: 160, description: 'The recipient: a number written as in `to`, a business-scoped user id, or `group:<id>`' }) })

export const RateLimitQuerySchema = Type.Object({
  sender: senderName,
  priority: oneOf(laneMeanings, 'The lane that a new message would join', { default: 'normal' })
}, { additionalProperties: false })

export const FindRateLimitSchema = Type.Object({
  recipient: RecipientParamsSchema.properties.recipient,
  ...RateLimitQuerySchema.properties
}, { $id: 'FindRateLimit', additionalProperties: false, description: 'Whose pace' })

export const RateLimitSchema = Type.Object({
  recipient: text('As asked for'),
  sender: text('Phone number id of the sender'),
  rule: Type.Object({ intervalMs: Type.Number({ description: 'Least time between two messages' }), burst: count('Messages that a rested recipient may get one right after the other') }, { description: 'What is allowed' }),
  delayMs: Type.Unsafe<number | null>({ type: ['integer', 'null'], minimum: 0, description: 'What a message posted now would wait; null where no end is known' }),
  nextSlotAt: momentOrNull('When it would go'),
  waitingFor: oneOf<WaitingFor>(waitingForMeanings, 'What it would wait for'),
  waiting: Type.Object({ urgent: count('In the urgent lane'), normal: count('In the normal lane'), bulk: count('In the bulk lane') }, { description: 'Messages in the recipient\'s line' }),
  sending: flag('One is under way now'),
  limited: flag('The pace binds now')
}, { $id: 'RateLimit', description: 'One recipient\'s pace with one sender' })

export const ClearedSchema = Type.Object({
  recipient: text('As asked for'), sender: text('Phone number id of the sender'), cleared: flag('There was a pace to forget')
}, { $id: 'RateLimitCleared', description: 'A pace that was forgotten' })

export const EraseQuerySchema = Type.Object({
  sender: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$', description: 'Phone number id of the sender, served now or formerly; all senders if left out' }))
}, { additionalProperties: false })

export const ErasedSchema = Type.Object({
  complete: flag('Nothing is left; if not, repeat once what remains has ended'),
  erased: Type.Object({
    waiting: count('Messages that waited, were tried again or had an unknown outcome, and were taken out'), results: count('Results of settled messages'), failures: count('Failures that were kept')
  }, { description: 'What there was' }),
  remaining: Type.Array(Type.String(), { description: 'Ids of messages that are under way, and end by themselves' })
}, { $id: 'Erased', description: 'What was erased' })
