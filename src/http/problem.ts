import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify'
import type { Bus } from '../events.js'
import { errors as codes, type ErrorCode } from '../error-codes.js'
import type { FieldError } from '../values/invalid.js'
import { SluiceError } from '../errors.js'
import { isUnavailable } from '../redis/unavailable.js'
import type { Problem } from './schemas/problem.js'

declare module 'fastify' {
  interface FastifyReply {
    /** The error of this response, for the log. */
    errorCode?: ErrorCode
    /** The message that the request is about, by its id in the log. */
    messageId?: string
  }
}

/** RFC 9457: every error response is a problem document with a stable `code`, and the invalid field if there is one. */
export function sendProblem (reply: FastifyReply, error: SluiceError): FastifyReply {
  const { retryAfterMs } = error.facts
  reply.errorCode = error.code
  if (error.facts.headers !== undefined) reply.headers(error.facts.headers)
  if (retryAfterMs !== undefined) reply.header('retry-after', Math.max(1, Math.ceil(retryAfterMs / 1000)))
  if (error.status === 401 && !reply.hasHeader('www-authenticate')) reply.header('www-authenticate', 'Bearer')
  return reply.status(error.status).type('application/problem+json').send(JSON.stringify(problem(error, reply.request.id)))
}

/** The members of a problem document. Without a request id where there was no request that could be parsed. */
export function problem (error: SluiceError, requestId?: string): Problem {
  const { detail, field, extra } = error.facts
  const errors = errorsOf(error)
  return {
    type: `urn:sluice:error:${error.code}`,
    title: codes[error.code].title,
    status: error.status,
    code: error.code,
    // Details of an internal error are for the log, not for the caller.
    ...(detail === undefined || error.status === 500 ? {} : { detail }),
    ...(field === undefined ? {} : { field }),
    ...(errors === undefined ? {} : { errors }),
    ...(requestId === undefined ? {} : { requestId }),
    ...extra as Pick<Problem, 'id' | 'error' | 'messageStatus' | 'waitMs'>
  }
}

/** Every 400 about a field has the list, also where a check finds one problem only. */
function errorsOf ({ code, status, facts: { detail, field, errors } }: SluiceError): FieldError[] | undefined {
  if (errors !== undefined || status !== 400 || field === undefined) return errors
  return [{ field, detail: detail ?? codes[code].title }]
}

/** Any error as one of the list: ours unchanged, those of Fastify and of the Redis client by their meaning, an unexpected one as INTERNAL. */
export function toKnown (error: unknown): SluiceError {
  if (error instanceof SluiceError) return error
  return isUnavailable(error) ? new SluiceError('UNAVAILABLE', { retryAfterMs: 1000, cause: error }) : translate(error as FastifyError)
}

/** Sends an error as a response. */
export type SendError = (reply: FastifyReply, error: SluiceError) => FastifyReply

/** One error handler for all routes. */
export function handleErrors (app: FastifyInstance, events: Bus, send: SendError): void {
  app.setErrorHandler((error: FastifyError | SluiceError, request, reply) => {
    const known = error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' ? unsupportedMediaType(request.headers) : toKnown(error)
    const location = `${request.method} ${request.routeOptions.url ?? ''}`
    if (known.status === 500) events.emit('unexpected-error', { location, error: known.facts.cause ?? error })
    return send(reply, known)
  })
}

/** 415, with what was sent and what is read. */
export function unsupportedMediaType ({ 'content-type': type = 'missing', 'content-encoding': encoding }: IncomingHttpHeaders): SluiceError {
  const [field, sent] = encoding === undefined ? ['Content-Type', type] : ['Content-Encoding', encoding]
  return new SluiceError('UNSUPPORTED_MEDIA_TYPE', {
    detail: `send uncompressed JSON with "Content-Type: application/json"; ${field} is ${sent.slice(0, 60)}`,
    field,
    headers: { accept: 'application/json', 'accept-encoding': 'identity' }
  })
}

/** 403: Fastify's code for a path outside a folder of static files. */
const byStatus: Record<number, ErrorCode> = {
  403: 'NOT_FOUND', 404: 'NOT_FOUND', 413: 'TOO_LARGE', 415: 'UNSUPPORTED_MEDIA_TYPE', 503: 'SHUTTING_DOWN'
}

function translate (error: FastifyError): SluiceError {
  const status = error.statusCode ?? 500
  const code = byStatus[status] ?? (status >= 400 && status < 500 ? 'INVALID_REQUEST' : undefined)
  if (code === undefined) return new SluiceError('INTERNAL', { cause: error })
  const detail = error.code === 'FST_ERR_BAD_URL' ? 'invalid percent-encoding in the path' : error.message
  return new SluiceError(code, { detail, ...(code === 'SHUTTING_DOWN' ? { retryAfterMs: 1000 } : {}) })
}
