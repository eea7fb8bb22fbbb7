/** The error responses of routes, made from the list of errors. */
import { errors, type ErrorCode } from '../error-codes.js'
import { SluiceError, type ErrorFacts } from '../errors.js'
import { lanes } from '../message.js'
import type { ResponseHeader } from './operation.js'
import { describeHeaders, named } from './operation.js'
import { problem } from './problem.js'
import { ID, REQUEST_ID, undeliverable } from './samples.js'
import { ref } from './schemas/common.js'
import { ProblemSchema } from './schemas/problem.js'

/** Examples show these facts besides the code. */
const facts: Partial<Record<ErrorCode, ErrorFacts>> = {
  INVALID_REQUEST: {
    detail: 'priority: must be one of urgent, normal or bulk (did you mean urgent?); message: is required',
    field: 'priority',
    errors: [
      {
        field: 'priority',
        detail: 'must be one of urgent, normal or bulk',
        value: 'high',
        allowed: [...lanes],
        hint: 'did you mean urgent?'
      },
      { field: 'message', detail: 'is required' }
    ]
  },
  INVALID_RECIPIENT: { field: 'to' },
  RECIPIENT_IS_USER_ID: { field: 'to' },
  INVALID_KEY: { field: 'Idempotency-Key' },
  NOT_PERMITTED: {
    detail: 'priority: must be bulk for the key of marketing',
    field: 'priority',
    errors: [{ field: 'priority', detail: 'must be bulk for the key of marketing', value: 'urgent', allowed: ['bulk'] }]
  },
  NOT_FOUND: {
    detail: 'no message has this id; results are kept for 7 days, failures for 30 days. POST /api/v1/messages/find searches by recipient', field: 'id'
  },
  SENDER_UNKNOWN: { field: 'sender' },
  NOT_MOVABLE: { detail: 'the message is sent', extra: { messageStatus: 'sent' } },
  NOT_CANCELLABLE: { detail: 'the message is sent', extra: { messageStatus: 'sent' } },
  NOT_SENT_YET: {
    detail: 'context.message_id: this message is queued; quote it when it is sent', field: 'context.message_id', extra: { messageStatus: 'queued' }
  },
  IDEMPOTENCY_KEY_REUSED: { field: 'Idempotency-Key', extra: { id: ID } },
  PROVIDER_REJECTED: {
    detail: 'Message undeliverable',
    extra: { id: ID, error: undeliverable }
  },
  RECIPIENT_OPTED_OUT: { field: 'to' },
  LIMITED: { extra: { waitMs: 1948 } },
  WOULD_EXPIRE: { extra: { waitMs: 90_000_000 } },
  CALLER_RATE_LIMITED: { detail: 'shop may post 50 a second, 100 at once', extra: { waitMs: 20 } },
  RECIPIENT_QUEUE_FULL: { extra: { waitMs: 2_000_000 } },
  BACKLOG_FULL: { extra: { waitMs: null } },
  CALLER_BACKLOG_FULL: { detail: 'shop may have 5000 messages at this sender that have not ended', extra: { waitMs: 240 } }
}

/** Errors of every route that needs an API key, by the name of their response in the document. */
const common: Record<string, ErrorCode[]> = {
  Unauthenticated: ['UNAUTHENTICATED'],
  Forbidden: ['FORBIDDEN'],
  TooLarge: ['TOO_LARGE'],
  Internal: ['INTERNAL'],
  Unavailable: ['UNAVAILABLE', 'OVERLOADED', 'SHUTTING_DOWN']
}

/** For `components.responses` of the document. */
export const commonResponses = Object.fromEntries(Object.entries(common).map(([name, codes]) => {
  const response = problemResponse(codes, { $ref: '#/components/schemas/Problem' })
  const headers = Object.entries(response.headers).map(([header, { description, ...schema }]) => [header, { description, schema }])
  return [name, { ...response, headers: Object.fromEntries(headers) }]
}))

/** References to them by status: those of every route with a key, and the one of a request body. */
export function commonReferences ({ hasBody }: { hasBody: boolean }): Record<string, { $ref: string }> {
  return Object.fromEntries(Object.entries(common).filter(([name]) => hasBody || name !== 'TooLarge')
    .map(([name, [code = 'INTERNAL']]) => [errors[code].status, { $ref: `#/components/responses/${name}` }]))
}

/**
 * For `schema.response`: the error responses with these codes, one for each HTTP status, besides the common ones. The type is empty, so that
 * handlers can return success only: errors are thrown.
 */
export function problems (...codes: ErrorCode[]): Record<never, never> {
  const statuses = [...new Set(codes.map(code => errors[code].status))].sort((a, b) => a - b)
  return Object.fromEntries(statuses.map(status => {
    return [status, problemResponse(codes.filter(code => errors[code].status === status), ref(ProblemSchema))]
  }))
}

function problemResponse (codes: ErrorCode[], schema: object) {
  const examples = codes.map(code => [code, problem(new SluiceError(code, facts[code]), REQUEST_ID)])
  return {
    description: codes.map(code => `\`${code}\`: ${errors[code].title}`).join('. '),
    headers: describeHeaders(headersOf(codes.map(code => errors[code].status))),
    content: { 'application/problem+json': { schema, examples: named(Object.fromEntries(examples)) } }
  }
}

/** 422 and 429 are responses of admission, which name the rule of the pair. */
function headersOf (statuses: number[]): ResponseHeader[] {
  return [
    ...(statuses.some(status => status === 429 || status === 503) ? ['Retry-After' as const] : []),
    ...(statuses.some(status => status === 422 || status === 429) ? ['RateLimit' as const, 'RateLimit-Policy' as const] : [])
  ]
}
