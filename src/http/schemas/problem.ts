import { Type } from '@sinclair/typebox'
import type { ErrorCode } from '../../errors.js'
import { errors } from '../../errors.js'
import { AcceptedRowSchema, DeliveryErrorSchema, DuplicateRowSchema, httpStatus, states } from './answer.js'
import { count, oneOf, ref, text } from './common.js'

const meanings = Object.fromEntries(Object.entries(errors).map(([code, [status, sentence]]) => [code, `${status}, ${sentence}`])) as Record<ErrorCode, string>

/** RFC 9457. The members after `field` stand there for some codes only. */
export const ProblemSchema = Type.Object({
  type: text('`urn:sluice:error:<code>`'),
  title: text('The sentence of the code'),
  status: Type.Integer({ description: 'The HTTP status' }),
  code: oneOf(meanings, 'What went wrong; stable'),
  detail: Type.Optional(text('What exactly is wrong')),
  field: Type.Optional(text('The field, parameter or header at fault')),
  id: Type.Optional(text('IDEMPOTENCY_KEY_REUSED, PROVIDER_REJECTED: the message that the key belongs to')),
  error: Type.Optional(ref(DeliveryErrorSchema, 'PROVIDER_REJECTED: why')),
  messageStatus: Type.Optional(oneOf(states, 'NOT_CANCELLABLE, NOT_SENT_YET: where the message stands')),
  waitMs: Type.Optional(Type.Unsafe<number | null>({ type: ['integer', 'null'], minimum: 0, description: 'LIMITED, WOULD_EXPIRE, RECIPIENT_QUEUE_FULL, BACKLOG_FULL: the wait there would have been; null where no end is known' }))
}, { $id: 'Problem', description: 'Why a request was not done' })

export const ProblemRowSchema = Type.Object({
  httpStatus, ...ProblemSchema.properties, retryAfterMs: Type.Optional(count('When a repeat makes sense, as `Retry-After` tells it'))
}, { $id: 'ProblemRow', description: 'A row of a batch that is not accepted' })

export const BatchAnswersSchema = Type.Object({
  results: Type.Unsafe<unknown[]>({
    type: 'array', items: { anyOf: [ref(AcceptedRowSchema), ref(DuplicateRowSchema), ref(ProblemRowSchema)] }, description: 'One for each message, in the same order'
  })
}, { $id: 'BatchAnswers', description: 'What became of each message of a batch' })

export const HealthSchema = Type.Object({ status: Type.Unsafe<'ok'>({ type: 'string', const: 'ok', description: 'The node is well' }) }, { $id: 'Health', description: 'A node that is well' })
