import { SluiceError } from '../../errors.js'
import { acknowledge, acknowledgeAll } from '../../failure/acknowledge.js'
import type { Explain } from '../../failure/failure.js'
import { listFailures as readFailures } from '../../failure/list.js'
import type { RetryDeps } from '../../failure/retry.js'
import { retryAll, retryMatching, retryOne } from '../../failure/retry.js'
import { shareSummary, summarizeFailures as countFailures } from '../../failure/summary.js'
import { parseId } from '../../redis/keys.js'
import type { Api, ServedSenders } from '../api.js'
import { chooseSender, chooseSenders } from '../api.js'
import { audit } from './audit.js'
import { describeFilter, readFilter } from '../message-filter.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { problems } from '../problem-responses.js'
import { sampleTime, attempt, ID, SENDER } from '../samples.js'
import { notCounted, ref } from '../schemas/common.js'
import {
  AcknowledgeAllSchema, AcknowledgedAllSchema, AcknowledgedSchema, AcknowledgeSchema, FailureParamsSchema, FailureSchema, FailuresSchema,
  FailureSummarySchema, ListFailuresSchema, RetryCountsSchema, RetryFailuresSchema, SummarizeFailuresSchema, summarySchemas
} from '../schemas/failure.js'

const pending = {
  id: ID,
  sender: SENDER,
  phoneNumber: '+1 555 010 4711',
  message: 'Your order has left',
  idempotencyKey: 'order-4711',
  errorMessage: attempt.error,
  errorCode: attempt.code,
  attemptCount: 1,
  status: 'PENDING',
  messageStatus: 'retrying',
  waitingFor: 'retry',
  metadata: { order: 4711 },
  nextRetryAt: sampleTime('09:31:00.412'),
  lastAttemptAt: attempt.at,
  resolvedAt: null,
  createdAt: sampleTime('09:30:00.000'),
  updatedAt: attempt.at,
  reason: null,
  explanation: 'WhatsApp had an internal error.',
  remedy: 'Nothing: the gateway retries it.',
  retryNotBefore: null,
  acknowledgedAt: null,
  acknowledgedBy: null,
  attempts: [attempt]
}
const params = { id: ID }
const ofOne = { tags: ['Failures'], params: FailureParamsSchema }

const listFailures = {
  operationId: 'listFailures',
  tags: ['Failures'],
  summary: 'Lists delivery failures with their attempts, an explanation and a remedy',
  description: 'Of all senders, or of one. PENDING first: those whose retry has begun, then by next retry; then FAILED and RESOLVED, newest first. ' +
    'A failure is PENDING until its retry has ended, and `messageStatus` and `waitingFor` say where it is. ' +
    'With a narrow filter, a page may be empty and have a `nextCursor`.',
  querystring: ListFailuresSchema,
  response: {
    200: json('A page of failures', ref(FailuresSchema), { examples: { pending: { failures: [pending], nextCursor: null } } }),
    ...problems('INVALID_REQUEST', 'SENDER_UNKNOWN', 'INVALID_RECIPIENT', 'RECIPIENT_IS_USER_ID')
  },
  'x-requests': {
    all: { summary: 'The first page' },
    failed: { summary: 'Permanent failures', query: { status: 'FAILED', limit: '20' } },
    cause: { summary: 'Of one cause, not acknowledged yet', query: { status: 'FAILED', errorCode: '131026', acknowledged: 'false' } },
    due: { summary: 'Due retries of one recipient', query: { due: 'true', recipient: '+15550104711' } }
  }
}

const group = {
  status: 'FAILED',
  errorCode: '131026',
  reason: 'rejected',
  acknowledged: false,
  count: 275,
  recipients: 271,
  firstAt: sampleTime('04:12:00.000'),
  lastAt: sampleTime('09:30:00.000'),
  nextRetryAt: null,
  hours: Array.from({ length: 24 }, (_, hour) => hour < 18 ? 0 : hour),
  title: 'Message undeliverable',
  explanation: 'WhatsApp cannot deliver to this number.',
  remedy: 'Check the number.',
  cursor: null
}
const summarizeFailures = {
  operationId: 'summarizeFailures',
  tags: ['Failures'],
  summary: 'Counts all PENDING and FAILED failures by cause',
  description: 'Of all senders, or of one. `status`, `errorCode`, `reason` and `acknowledged` of a group are the filter that lists it, from its ' +
    '`cursor` on.',
  querystring: SummarizeFailuresSchema,
  response: {
    200: json('The groups, the largest first', ref(FailureSummarySchema), { examples: { one: { groups: [group] } } }),
    ...problems('INVALID_REQUEST', 'SENDER_UNKNOWN')
  },
  'x-requests': { all: { summary: 'All senders' } }
}

const retryFailures = {
  operationId: 'retryFailures',
  tags: ['Failures'],
  summary: 'Retries due failures now',
  description: 'Of all senders, or of one, and with a filter only those that match; at most `limit` of all together. Without a filter the oldest ' +
    'first. With `status` FAILED they are reopened. For thousands of failures, use a bulk job (`POST /jobs`). ' +
    'Retries obey the same rate limits as new messages: one without a free slot returns to its queue (`deferred`).',
  body: RetryFailuresSchema,
  response: {
    200: json('The results', ref(RetryCountsSchema), {
      examples: { counts: { total: 3, succeeded: 1, failed: 0, permanentlyFailed: 1, deferred: 1, nextCursor: null } }
    }),
    ...problems('INVALID_REQUEST', 'SENDER_UNKNOWN', 'INVALID_RECIPIENT', 'RECIPIENT_IS_USER_ID')
  },
  'x-requests': {
    due: { summary: 'Due failures', body: { limit: 10 } },
    forced: { summary: 'Also failures that are not due', body: { limit: 100, force: true } },
    failed: { summary: 'Permanent failures with one code', body: { status: 'FAILED', errorCode: '131049', limit: 100 } }
  }
}

const retryFailure = {
  ...ofOne,
  operationId: 'retryFailure',
  summary: 'Retries one failure, due or not; also a FAILED one',
  response: {
    200: json('The result', ref(RetryCountsSchema), {
      examples: { succeeded: { total: 1, succeeded: 1, failed: 0, permanentlyFailed: 0, deferred: 0 } }
    }),
    ...problems('INVALID_REQUEST', 'NOT_FOUND', 'SENDER_UNKNOWN', 'NOT_RETRYABLE')
  },
  'x-requests': { one: { summary: 'A failure by its id', params } }
}

const acknowledgeFailure = {
  ...ofOne,
  operationId: 'acknowledgeFailure',
  summary: 'Acknowledges a failure',
  description: 'Its retries continue.',
  body: AcknowledgeSchema,
  response: {
    200: json('Acknowledged', ref(AcknowledgedSchema), { examples: { acknowledged: { id: ID, acknowledgedBy: 'operator' } } }),
    ...problems('INVALID_REQUEST', 'NOT_FOUND', 'SENDER_UNKNOWN')
  },
  'x-requests': { noted: { summary: 'With a note', params, body: { note: 'Called the customer' } } }
}

const acknowledgeFailures = {
  operationId: 'acknowledgeFailures',
  tags: ['Failures'],
  summary: 'Acknowledges all matching failures that are not acknowledged yet',
  description: 'Of all senders, or of one. Where `more` is true, repeat the request with `nextCursor` as its `cursor`.',
  body: AcknowledgeAllSchema,
  response: {
    200: json('The number of acknowledged failures', ref(AcknowledgedAllSchema), {
      examples: { some: { acknowledged: 12, more: false, nextCursor: null } }
    }),
    ...problems('INVALID_REQUEST', 'SENDER_UNKNOWN', 'INVALID_RECIPIENT', 'RECIPIENT_IS_USER_ID')
  },
  'x-requests': {
    failed: { summary: 'All permanent failures', body: { status: 'FAILED', note: 'Known outage' } },
    pending: { summary: 'Pending failures of one recipient', body: { status: 'PENDING', recipient: '+15550104711', limit: 100 } }
  }
}

/** Names all senders in the audit trail. */
const ALL = 'all'

/** Delivery failures: listing, retrying and acknowledging them. */
export interface FailureDeps extends RetryDeps { senders: ServedSenders, explain: Explain }

export function failureRoutes (api: Api, deps: FailureDeps): void {
  addSchemas(
    api, RetryFailuresSchema, AcknowledgeSchema, AcknowledgeAllSchema, FailureSchema, FailuresSchema, RetryCountsSchema, AcknowledgedSchema,
    AcknowledgedAllSchema, ...summarySchemas)
  const summary = shareSummary(async senders => await countFailures(deps, senders))
  deps.events.on('bulk-job.ended', summary.forget)

  api.get('/failures', { schema: listFailures, config: { roles: ['read', 'admin'] } }, async request => {
    const { sender, status, due, cursor, limit, ...criteria } = request.query
    const filter = { status, due, cursor, limit, match: readFilter(criteria) }
    const { failures, nextCursor, unavailable } = await readFailures(deps, chooseSenders(deps.senders, sender), filter)
    return { failures, nextCursor, ...notCounted(unavailable) }
  })

  api.get('/failures/summary', { schema: summarizeFailures, config: { roles: ['read', 'admin'] } }, async request => {
    const { groups, unavailable } = await summary.read(chooseSenders(deps.senders, request.query.sender))
    return { groups, ...notCounted(unavailable) }
  })

  api.post('/failures/retry', { schema: retryFailures, config: { roles: ['admin'] } }, async request => {
    const { limit, force, status, sender, cursor, ...criteria } = request.body
    const by = request.caller.name
    const senders = chooseSenders(deps.senders, sender)
    const isPlain = status === 'PENDING' && cursor === undefined && Object.keys(criteria).length === 0
    const { counts, nextCursor, unavailable } = isPlain
      ? { ...await retryAll(deps, senders, { limit, force, by }), nextCursor: undefined }
      : await retryMatching(deps, senders, { status, due: status === 'PENDING' && !force, match: readFilter(criteria), cursor, limit }, by)
    summary.forget()
    const detail = [...(force ? ['forced'] : []), ...(isPlain ? [] : [describeFilter({ status, ...criteria })])].join(' ')
    await audit(deps, { by, action: 'retry', sender: sender ?? ALL, subject: `${counts.total} failures`, ...(detail === '' ? {} : { detail }) })
    return { ...counts, ...(nextCursor === undefined ? {} : { nextCursor }), ...notCounted(unavailable) }
  })

  api.post('/failures/:id/retry', { schema: retryFailure, config: { roles: ['admin'] } }, async request => {
    const by = request.caller.name
    const { sender, id } = parseFailureId(deps.senders, request.params.id)
    const result = await retryOne(deps, sender, id, { force: true, by })
    if (result === 'gone') throw new SluiceError('NOT_RETRYABLE', { detail: 'not a failure, or already being retried', field: 'id' })
    summary.forget()
    await audit(deps, { by, action: 'retry', sender, subject: request.params.id, detail: result })
    return { total: 1, succeeded: 0, failed: 0, permanentlyFailed: 0, deferred: 0, [result]: 1 }
  })

  api.post('/failures/:id/acknowledge', { schema: acknowledgeFailure, config: { roles: ['admin'] } }, async request => {
    const by = request.caller.name
    const { sender, id } = parseFailureId(deps.senders, request.params.id)
    const { note } = request.body
    const isAcknowledged = await acknowledge(deps.store, sender, id, by, note)
    if (!isAcknowledged) throw new SluiceError('NOT_FOUND', { detail: 'no failure has this id; GET /api/v1/failures lists them', field: 'id' })
    summary.forget()
    await audit(deps, { by, action: 'acknowledge', sender, subject: request.params.id, ...(note === undefined ? {} : { detail: note }) })
    return { id: request.params.id, acknowledgedBy: by }
  })

  api.post('/failures/acknowledge', { schema: acknowledgeFailures, config: { roles: ['admin'] } }, async request => {
    const { sender: name, note, status, cursor, limit, ...criteria } = request.body
    const by = request.caller.name
    const filter = { status, cursor, limit, match: readFilter(criteria) }
    const { unavailable, ...result } = await acknowledgeAll(deps, chooseSenders(deps.senders, name), filter, by, note)
    summary.forget()
    const subject = `${result.acknowledged} failures`
    await audit(deps, { by, action: 'acknowledge', sender: name ?? ALL, subject, ...(note === undefined ? {} : { detail: note }) })
    return { ...result, ...notCounted(unavailable) }
  })
}

function parseFailureId (senders: ServedSenders, name: string): { sender: string, id: string } {
  const parts = parseId(name)
  if (parts === null) throw new SluiceError('NOT_FOUND', { field: 'id', detail: 'this is not the id of a failure; GET /api/v1/failures lists them' })
  return { sender: chooseSender(senders, parts.sender), id: parts.id }
}
