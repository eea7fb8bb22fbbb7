import { Type } from '@sinclair/typebox'
import type { Failure, FailureStatus } from '../../failure/failure.js'
import { AttemptSchema, contentSchema } from './answer.js'
import { count, flag, listOf, moment, momentOrNull, oneOf, oneOfOrNull, openOrNull, senderName, text, textOrNull } from './common.js'

const statuses: Record<FailureStatus, string> = { PENDING: 'waits for its next retry', RESOLVED: 'a retry succeeded', FAILED: 'given up' }

const recipient = Type.Optional(Type.String({ minLength: 1, maxLength: 160, description: 'Only those of this recipient: a number, a business-scoped user id, or `group:<id>`' }))
const idempotencyKey = Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: 'Only the one of this key' }))

export const ListFailuresSchema = Type.Object({
  status: Type.Optional(oneOf(statuses, 'Only those that stand so')),
  due: Type.Optional(Type.Boolean({ description: 'Only PENDING ones whose retry is due' })),
  sender: senderName,
  recipient,
  idempotencyKey,
  cursor: Type.Optional(Type.String({ maxLength: 400, description: '`nextCursor` of the page before' })),
  limit: Type.Integer({ minimum: 1, maximum: 200, default: 50, description: 'How many at most' })
}, { additionalProperties: false })

export const RetryFailuresSchema = Type.Object({
  limit: Type.Integer({ minimum: 1, maximum: 1000, default: 10, description: 'How many at most' }),
  force: Type.Boolean({ default: false, description: 'Also failures whose retry is not yet due' }),
  sender: senderName
}, { $id: 'RetryFailures', additionalProperties: false, description: 'Which failures to retry now' })

const note = Type.Optional(Type.String({ minLength: 1, maxLength: 500, pattern: '^[^\\x00-\\x1f]*$', description: 'Kept in its story' }))

export const AcknowledgeSchema = Type.Object({ note }, { $id: 'Acknowledge', additionalProperties: false, description: 'What to note with a failure that somebody has seen' })

export const AcknowledgeAllSchema = Type.Object({
  status: oneOf<'PENDING' | 'FAILED'>({ PENDING: statuses.PENDING, FAILED: statuses.FAILED }, 'Only those that stand so', { default: 'FAILED' }),
  sender: senderName,
  recipient,
  idempotencyKey,
  limit: Type.Integer({ minimum: 1, maximum: 10_000, default: 1000, description: 'How many at most' }),
  note
}, { $id: 'AcknowledgeAll', additionalProperties: false, description: 'Which failures somebody has seen' })

export const FailureParamsSchema = Type.Object({ id: Type.String({ minLength: 1, maxLength: 300, description: 'Id of the failed message' }) })

const reasons: Record<NonNullable<Failure['reason']>, string> = {
  rejected: 'WhatsApp will never take it', exhausted: 'every retry was used up', expired: 'its life was over', unknown: 'its outcome stayed unknown', cancelled: 'somebody took it out'
}

export const FailureSchema = Type.Object({
  id: text('Id of the message'),
  phoneNumber: text('The recipient as the caller wrote it'),
  message: contentSchema,
  idempotencyKey: textOrNull('The message\'s key'),
  errorMessage: textOrNull('What the last error said'),
  errorCode: textOrNull('The last error\'s code'),
  attemptCount: count('Attempts so far'),
  status: oneOf(statuses, 'How it stands'),
  metadata: openOrNull('As the caller gave it'),
  nextRetryAt: momentOrNull('When it is tried again; null unless PENDING'),
  lastAttemptAt: momentOrNull('When the last attempt was settled'),
  resolvedAt: momentOrNull('When a retry succeeded; null unless RESOLVED'),
  createdAt: moment('When the message was accepted'),
  updatedAt: moment('When something last happened to it'),
  reason: oneOfOrNull(reasons, 'Why it was given up; null unless FAILED'),
  explanation: textOrNull('What the last error means'),
  remedy: textOrNull('What to do about it'),
  retryNotBefore: momentOrNull('Before this moment another try makes no sense'),
  acknowledgedAt: momentOrNull('When somebody acknowledged it'),
  acknowledgedBy: textOrNull('The API key that did'),
  attempts: listOf(AttemptSchema, 'Oldest first')
}, { $id: 'Failure', description: 'A message that was not taken' })

export const FailuresSchema = Type.Object({
  failures: listOf(FailureSchema, 'PENDING by next retry, then FAILED and RESOLVED newest first'),
  nextCursor: textOrNull('For `cursor` of the next page; null at the end')
}, { $id: 'Failures', description: 'A page of failures' })

export const RetryCountsSchema = Type.Object({
  total: count('Failures taken up'),
  succeeded: count('Sent'),
  failed: count('Refused again, or unknown: a later retry follows'),
  permanentlyFailed: count('Given up'),
  deferred: count('Back in line, since their slot was not free')
}, { $id: 'RetryCounts', description: 'What became of the failures of one run; the four are disjoint and sum to `total`' })

export const AcknowledgedSchema = Type.Object({ id: text('Id of the failed message'), acknowledgedBy: text('The API key that did') }, { $id: 'Acknowledged', description: 'A failure that somebody has seen' })
export const AcknowledgedAllSchema = Type.Object({ acknowledged: count('How many were acknowledged by this'), more: flag('There may be others: repeat') }, { $id: 'AcknowledgedAll', description: 'How many failures somebody has seen' })
