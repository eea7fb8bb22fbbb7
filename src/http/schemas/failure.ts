import { Type } from '@sinclair/typebox'
import type { FailureStatus, PendingState } from '../../failure/failure.js'
import { formatted } from '../formats.js'
import {
  anyObjectOrNull, count, defaulted, flag, listOf, oneOf, oneOfOrNull, optionalSender, text, textOrNull, timestamp, timestampOrNull, unavailable
} from './common.js'
import { criteria, reasons } from './filter.js'
import { AttemptSchema, contentSchema, states, waitingFor } from './message.js'

const statuses: Record<FailureStatus, string> = {
  PENDING: 'waits for a retry, or its retry has begun', RESOLVED: 'a retry succeeded', FAILED: 'failed permanently'
}

const sender = optionalSender('Only those of this sender, by phone number id; default: all senders')
const cursor = Type.Optional(Type.String({ maxLength: 400, ...formatted('failures-cursor'), description: '`nextCursor` of the previous page' }))
const idempotencyKey = Type.Optional(Type.String({ minLength: 1, maxLength: 300, description: 'Only the one with this key' }))
const limit = (maximum: number, byDefault: number) =>
  defaulted(Type.Integer({ minimum: 1, maximum, default: byDefault, description: 'Maximum number of failures' }))
const note = Type.Optional(Type.String({ minLength: 1, maxLength: 500, pattern: '^[^\\x00-\\x1f]*$', description: 'Stored in its history' }))

export const ListFailuresSchema = Type.Object({
  status: Type.Optional(oneOf(statuses, 'Only those with this status')),
  due: Type.Optional(Type.Boolean({ description: 'Only PENDING ones whose retry is due or has begun' })),
  sender,
  idempotencyKey,
  ...criteria,
  cursor,
  limit: limit(200, 50)
}, { additionalProperties: false })

const unsettled = { PENDING: statuses.PENDING, FAILED: statuses.FAILED }
export const RetryFailuresSchema = Type.Object({
  limit: limit(1000, 10),
  force: defaulted(Type.Boolean({ default: false, description: 'Also PENDING failures whose retry is not due yet' })),
  status: defaulted(oneOf<'PENDING' | 'FAILED'>(unsettled, 'Only those with this status', { default: 'PENDING' })),
  sender,
  idempotencyKey,
  ...criteria,
  cursor
}, { $id: 'RetryFailures', additionalProperties: false, description: 'The failures to retry now' })

export const AcknowledgeSchema = Type.Object({ note }, {
  $id: 'Acknowledge', additionalProperties: false, description: 'The acknowledgement of a failure'
})

export const AcknowledgeAllSchema = Type.Object({
  status: defaulted(oneOf<'PENDING' | 'FAILED'>(unsettled, 'Only those with this status', { default: 'FAILED' })),
  sender,
  idempotencyKey,
  ...criteria,
  cursor,
  limit: limit(10_000, 1000),
  note
}, { $id: 'AcknowledgeAll', additionalProperties: false, description: 'The failures to acknowledge' })

export const FailureParamsSchema = Type.Object({ id: Type.String({ minLength: 1, maxLength: 300, description: 'Id of the failed message' }) })

const { retrying, queued, sending, unknown } = states
const stages: Record<PendingState, string> = { retrying, queued, sending, unknown }

export const FailureSchema = Type.Object({
  id: text('Id of the message'),
  sender: text('Phone number id of its sender'),
  phoneNumber: text('The recipient as the caller wrote it'),
  message: contentSchema,
  idempotencyKey: textOrNull('The idempotency key of the message'),
  errorMessage: textOrNull('The text of the last error'),
  errorCode: textOrNull('The code of the last error'),
  attemptCount: count('Attempts so far'),
  status: oneOf(statuses, 'Its status'),
  messageStatus: oneOfOrNull(stages, 'Where a PENDING one is; null otherwise'),
  waitingFor,
  metadata: anyObjectOrNull('As the caller gave it'),
  nextRetryAt: timestampOrNull('When a PENDING one is retried at the earliest; null if it is in flight or no time is known'),
  lastAttemptAt: timestampOrNull('When the last attempt was settled'),
  resolvedAt: timestampOrNull('When a retry succeeded; null unless RESOLVED'),
  createdAt: timestamp('When the message was accepted'),
  updatedAt: timestamp('When it last changed'),
  reason: oneOfOrNull(reasons, 'Why it failed permanently; null unless FAILED'),
  explanation: textOrNull('What the last error means'),
  remedy: textOrNull('What to do about it'),
  retryNotBefore: timestampOrNull('A retry before this time would fail too'),
  acknowledgedAt: timestampOrNull('When it was acknowledged'),
  acknowledgedBy: textOrNull('The API key that acknowledged it'),
  attempts: listOf([AttemptSchema], 'Oldest first')
}, { $id: 'Failure', description: 'A message that WhatsApp did not accept' })

export const FailuresSchema = Type.Object({
  failures: listOf([FailureSchema], 'PENDING by next retry, then FAILED and RESOLVED, newest first'),
  nextCursor: textOrNull('`cursor` of the next page; null at the end'),
  unavailable
}, { $id: 'Failures', description: 'A page of failures' })

const FailureGroupSchema = Type.Object({
  status: oneOf(statuses, 'Their status'),
  errorCode: textOrNull('The code of their last error'),
  reason: oneOfOrNull(reasons, 'Why they failed permanently; null unless FAILED'),
  acknowledged: flag('They are acknowledged'),
  count: count('How many they are'),
  recipients: count('To how many recipients'),
  firstAt: timestamp('When the earliest of their last attempts was settled'),
  lastAt: timestamp('When the latest of their last attempts was settled'),
  nextRetryAt: timestampOrNull('When the first of them is retried; null unless PENDING'),
  hours: Type.Array(Type.Integer({ minimum: 0 }), { description: 'Last attempts in each of the last 24 hours, the current one last' }),
  title: textOrNull('Title of the code'),
  explanation: textOrNull('What the code means'),
  remedy: textOrNull('What to do about it'),
  cursor: textOrNull('`cursor` of the first page of its list, so that older causes are found at once; null for the start')
}, { $id: 'FailureGroup', description: 'Failures with one cause' })

export const FailureSummarySchema = Type.Object({
  groups: listOf([FailureGroupSchema], 'The largest first'), unavailable
}, { $id: 'FailureSummary', description: 'All PENDING and FAILED failures, by cause' })
export const summarySchemas = [FailureGroupSchema, FailureSummarySchema]

export const SummarizeFailuresSchema = Type.Object({ sender }, { additionalProperties: false })

export const RetryCountsSchema = Type.Object({
  total: count('Failures retried'),
  succeeded: count('Sent'),
  failed: count('Failed again, or of unknown outcome: a later retry follows'),
  permanentlyFailed: count('Failed permanently'),
  deferred: count('Returned to the queue because no slot was free'),
  nextCursor: Type.Optional(textOrNull('`cursor` of the next request with the same filter; null at the end; absent without a filter')),
  unavailable
}, { $id: 'RetryCounts', description: 'The results of one run of retries; the four are disjoint and sum to `total`' })

export const AcknowledgedSchema = Type.Object({ id: text('Id of the failed message'), acknowledgedBy: text('The API key that acknowledged it') }, {
  $id: 'Acknowledged', description: 'An acknowledged failure'
})
export const AcknowledgedAllSchema = Type.Object({
  acknowledged: count('Failures acknowledged by this request'),
  more: flag('There may be others: repeat the request with `nextCursor`'),
  nextCursor: textOrNull('`cursor` of the next request; null at the end'),
  unavailable
}, { $id: 'AcknowledgedAll', description: 'The number of acknowledged failures' })
