import { AcknowledgedAllSchema, AcknowledgedSchema, FailuresSchema, RetryCountsSchema } from '../schemas/failure.js'
import type { Operation } from './operation.js'
import { at, attempt, ID } from './samples.js'

const counts = { total: 3, succeeded: 1, failed: 0, permanentlyFailed: 1, deferred: 1 }
const failure = {
  id: ID, phoneNumber: '+1 555 010 4711', message: 'Your order has left', idempotencyKey: 'order-4711', errorMessage: attempt.error, errorCode: attempt.code, attemptCount: 1, status: 'PENDING', metadata: { order: 4711 }, nextRetryAt: at('09:31:00.412'), lastAttemptAt: attempt.at, resolvedAt: null, createdAt: at('09:30:00.000'), updatedAt: attempt.at, reason: null, explanation: 'WhatsApp had an error of its own.', remedy: 'Nothing: it is tried again.', retryNotBefore: null, acknowledgedAt: null, acknowledgedBy: null, attempts: [attempt]
}

export const listFailures: Operation = {
  id: 'listFailures',
  tag: 'Failures',
  summary: 'Lists delivery failures with every attempt, an explanation and a remedy',
  description: 'PENDING by next retry, then FAILED and RESOLVED newest first. A narrow filter may give an empty page with a `nextCursor`: go on.',
  examples: {
    all: { summary: 'The first page' },
    failed: { summary: 'What was given up', query: { status: 'FAILED', limit: '20' } },
    due: { summary: 'Retries that are due, of one recipient', query: { due: 'true', recipient: '+15550104711' } }
  },
  answers: { 200: { is: 'A page of failures', schema: FailuresSchema, examples: { pending: { failures: [failure], nextCursor: null } } } },
  errors: ['SENDER_UNKNOWN', 'INVALID_RECIPIENT', 'RECIPIENT_IS_USER_ID']
}

export const retryFailures: Operation = {
  id: 'retryFailures',
  tag: 'Failures',
  summary: 'Retries due failures now',
  description: 'Oldest first. They pass the same gate as new messages: what has no free slot goes back to its line (`deferred`).',
  examples: {
    due: { summary: 'What is due', body: { limit: 10 } },
    forced: { summary: 'Also what is not due', body: { limit: 100, force: true } }
  },
  answers: { 200: { is: 'What became of them', schema: RetryCountsSchema, examples: { counts } } },
  errors: ['SENDER_UNKNOWN']
}

export const retryFailure: Operation = {
  id: 'retryFailure',
  tag: 'Failures',
  summary: 'Retries one failure, due or not; reopens a FAILED one',
  examples: { one: { summary: 'A failure by its id', params: { id: ID } } },
  answers: { 200: { is: 'What became of it', schema: RetryCountsSchema, examples: { succeeded: { total: 1, succeeded: 1, failed: 0, permanentlyFailed: 0, deferred: 0 } } } },
  errors: ['NOT_FOUND', 'SENDER_UNKNOWN', 'NOT_RETRYABLE']
}

export const acknowledgeFailure: Operation = {
  id: 'acknowledgeFailure',
  tag: 'Failures',
  summary: 'Notes that somebody has seen a failure',
  description: 'Changes nothing about its retries.',
  examples: { noted: { summary: 'With a note', params: { id: ID }, body: { note: 'Called the customer' } } },
  answers: { 200: { is: 'Acknowledged', schema: AcknowledgedSchema, examples: { acknowledged: { id: ID, acknowledgedBy: 'operator' } } } },
  errors: ['NOT_FOUND', 'SENDER_UNKNOWN']
}

export const acknowledgeFailures: Operation = {
  id: 'acknowledgeFailures',
  tag: 'Failures',
  summary: 'Notes that somebody has seen all failures that fit and nobody has acknowledged',
  examples: {
    failed: { summary: 'All that were given up', body: { status: 'FAILED', note: 'Known outage' } },
    pending: { summary: 'What waits, of one recipient', body: { status: 'PENDING', recipient: '+15550104711', limit: 100 } }
  },
  answers: { 200: { is: 'How many', schema: AcknowledgedAllSchema, examples: { some: { acknowledged: 12, more: false } } } },
  errors: ['SENDER_UNKNOWN', 'INVALID_RECIPIENT', 'RECIPIENT_IS_USER_ID']
}
