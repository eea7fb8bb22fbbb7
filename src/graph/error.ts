import type { Static } from '@sinclair/typebox'
import type { FastifyReply } from 'fastify'
import { errors, type ErrorCode } from '../error-codes.js'
import type { SluiceError } from '../errors.js'
import { sentenceOf } from '../values/invalid.js'
import type { GraphErrorSchema } from './schemas.js'

interface MetaCode { code: number, subcode?: number }

/** Meta's closest codes, so that clients react as they do to Meta. By HTTP status, with exceptions by error code. */
const byStatus: Record<number, MetaCode> = {
  400: { code: 100 }, // invalid parameter
  401: { code: 190 }, // the access token is not valid
  403: { code: 10 }, // permission denied
  404: { code: 100, subcode: 33 }, // no such object
  405: { code: 100 },
  409: { code: 131009 }, // the value of a parameter is not valid
  413: { code: 100 },
  415: { code: 100 },
  422: { code: 100 },
  429: { code: 130429 }, // the number's rate limit
  503: { code: 131016 } // service unavailable
}
const exceptions: Partial<Record<ErrorCode, MetaCode>> = {
  INVALID_RECIPIENT: { code: 131009 },
  RECIPIENT_IS_USER_ID: { code: 131009 },
  RECIPIENT_QUEUE_FULL: { code: 131056 }, // the pair's rate limit
  RECIPIENT_OPTED_OUT: { code: 131050 }, // the user stopped marketing messages
  WINDOW_CLOSED: { code: 131047 }, // re-engagement message
  ENDED_UNSENT: { code: 131043 } // message expired
}
const UNEXPECTED: MetaCode = { code: 131000 }

/**
 * Sends an error in the Graph API's shape, which clients parse without checks: `message` is always a string. `error_data.details` starts with
 * our own stable code, and has all problems of the request; a rejection by WhatsApp keeps WhatsApp's code and text.
 */
export function sendGraphError (reply: FastifyReply, error: SluiceError): FastifyReply {
  const { retryAfterMs } = error.facts
  reply.errorCode = error.code
  const id = error.facts.extra?.['id']
  if (typeof id === 'string') reply.header('sluice-message-id', id)
  if (error.facts.headers !== undefined) reply.headers(error.facts.headers)
  if (retryAfterMs !== undefined) reply.header('retry-after', Math.max(1, Math.ceil(retryAfterMs / 1000)))
  if (error.status === 401) reply.header('www-authenticate', 'Bearer')
  return reply.status(httpStatusOf(error)).type('application/json').send(JSON.stringify({ error: describe(error, reply.request.id) }))
}

/** Nearly all of Meta's own rejections have status 400. */
function httpStatusOf (error: SluiceError): number {
  return error.code === 'PROVIDER_REJECTED' || error.code === 'RECIPIENT_OPTED_OUT' || error.code === 'WINDOW_CLOSED' ? 400 : error.status
}

function describe (error: SluiceError, requestId: string): Static<typeof GraphErrorSchema>['error'] {
  const { code, subcode } = metaCodeOf(error)
  const { title } = errors[error.code]
  // Details of an internal error are for the log, not for the caller.
  const detail = error.status === 500 ? undefined : error.facts.errors?.map(problem => sentenceOf(problem)).join('; ') ?? error.facts.detail
  const isRejected = error.code === 'PROVIDER_REJECTED'
  const explained = isRejected ? rejectionOf(error).explanation : detail
  const message = isRejected ? detail ?? title : error.facts.meta?.details ?? title
  return {
    message: message.startsWith('(#') ? message : `(#${code}) ${message}`,
    type: 'OAuthException',
    code,
    ...(subcode === undefined ? {} : { error_subcode: subcode }),
    ...(error.facts.retryAfterMs === undefined ? {} : { is_transient: true }),
    error_data: { messaging_product: 'whatsapp', details: `${error.code}: ${explained ?? title}` },
    fbtrace_id: requestId
  }
}

function metaCodeOf (error: SluiceError): MetaCode {
  if (error.code === 'PROVIDER_REJECTED') {
    // `131026`, `100/33`; a rejection by a proxy in between, such as `HTTP_413`, has no number.
    const [code, subcode] = (rejectionOf(error).code ?? '').split('/').map(Number)
    return Number.isInteger(code) && code !== 0 ? { code: code ?? 100, ...(subcode === undefined ? {} : { subcode }) } : { code: 100 }
  }
  return error.facts.meta ?? exceptions[error.code] ?? byStatus[error.status] ?? UNEXPECTED
}

function rejectionOf ({ facts }: SluiceError): { code?: string, explanation?: string } {
  return (facts.extra?.['error'] ?? {}) as { code?: string, explanation?: string }
}
