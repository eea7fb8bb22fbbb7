import type { Static } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import type { ErrorCode } from '../../errors.js'
import { errors } from '../../errors.js'
import { count, countOrNull, oneOf, ref, text } from './common.js'
import { DeliveryErrorSchema, states } from './message.js'

const entries = Object.entries(errors).map(([code, { status, title }]) => [code, `${status}, ${title}`])
const meanings = Object.fromEntries(entries) as Record<ErrorCode, string>

/** RFC 9457. The members after `field` are present for some codes only. */
export const ProblemSchema = Type.Object({
  type: text('`urn:sluice:error:<code>`'),
  title: text('The title of the code'),
  status: Type.Integer({ description: 'The HTTP status' }),
  code: oneOf(meanings, 'What went wrong; stable'),
  detail: Type.Optional(text('What exactly is wrong')),
  field: Type.Optional(text('The invalid field, parameter or header')),
  id: Type.Optional(text('IDEMPOTENCY_KEY_REUSED, PROVIDER_REJECTED: the message that the key belongs to')),
  error: Type.Optional(ref(DeliveryErrorSchema, 'PROVIDER_REJECTED: why WhatsApp rejected it')),
  messageStatus: Type.Optional(oneOf(states, 'NOT_CANCELLABLE, NOT_SENT_YET: the state of the message')),
  waitMs: Type.Optional(countOrNull(
    'LIMITED, WOULD_EXPIRE, RECIPIENT_QUEUE_FULL, BACKLOG_FULL: how long the message would have waited; null if no end is known'))
}, { $id: 'Problem', description: 'Why a request failed' })

export const ProblemRowSchema = Type.Object({
  httpStatus: Type.Integer({ description: 'The HTTP status that the message alone would have had' }),
  ...ProblemSchema.properties,
  retryAfterMs: Type.Optional(count('When to retry, as in `Retry-After`'))
}, { $id: 'ProblemRow', description: 'A row of a batch that is not accepted' })

export type Problem = Static<typeof ProblemSchema>
