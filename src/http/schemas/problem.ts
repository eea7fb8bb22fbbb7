import type { Static } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import { errors, type ErrorCode } from '../../error-codes.js'
import { count, countOrNull, listOf, oneOf, ref, text } from './common.js'
import { DeliveryErrorSchema, states } from './message.js'

const entries = Object.entries(errors).map(([code, { status, title }]) => [code, `${status}, ${title}`])
const meanings = Object.fromEntries(entries) as Record<ErrorCode, string>

export const FieldErrorSchema = Type.Object({
  field: text('Path of the field, parameter or header, such as `message.text.body`; empty: the whole body'),
  detail: text('What is wrong with it'),
  value: Type.Optional(Type.Union([Type.String(), Type.Number(), Type.Boolean()], {
    description: 'What was sent, cut to 80 characters; absent for lists, objects, and what may be a secret, a phone number or the text of a message'
  })),
  allowed: Type.Optional(Type.Array(Type.Unknown(), { description: 'The allowed values; for an unknown field the known fields' })),
  hint: Type.Optional(text('What to do'))
}, { $id: 'FieldError', description: 'One problem of a request' })

/** RFC 9457. The members after `requestId` are present for some codes only. */
export const ProblemSchema = Type.Object({
  type: text('`urn:sluice:error:<code>`'),
  title: text('The title of the code'),
  status: Type.Integer({ description: 'The HTTP status' }),
  code: oneOf(meanings, 'What went wrong; stable'),
  detail: Type.Optional(text('What exactly is wrong')),
  field: Type.Optional(text('The invalid field, parameter or header; of several the first')),
  errors: Type.Optional(listOf([FieldErrorSchema], 'All problems of the request, at most 20')),
  requestId: Type.Optional(text('The request, as in the header `X-Request-Id` and in the log')),
  id: Type.Optional(text('IDEMPOTENCY_KEY_REUSED, PROVIDER_REJECTED: the message that the key belongs to')),
  error: Type.Optional(ref(DeliveryErrorSchema, 'PROVIDER_REJECTED: why WhatsApp rejected it')),
  messageStatus: Type.Optional(oneOf(states, 'NOT_CANCELLABLE, NOT_MOVABLE, NOT_SENT_YET: the state of the message')),
  waitMs: Type.Optional(countOrNull(
    'LIMITED, WOULD_EXPIRE, CALLER_RATE_LIMITED, RECIPIENT_QUEUE_FULL, BACKLOG_FULL, CALLER_BACKLOG_FULL: ' +
      'how long the message would have waited; null if no end is known'))
}, { $id: 'Problem', description: 'Why a request failed' })

export const ProblemRowSchema = Type.Object({
  httpStatus: Type.Integer({ description: 'The HTTP status that the message alone would have had' }),
  ...ProblemSchema.properties,
  retryAfterMs: Type.Optional(count('When to retry, as in `Retry-After`'))
}, { $id: 'ProblemRow', description: 'A row of a batch that is not accepted' })

export type Problem = Static<typeof ProblemSchema>
