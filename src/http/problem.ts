import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify'
import type { Bus } from '../events.js'
import type { ErrorCode } from '../errors.js'
import { SluiceError, errors } from '../errors.js'
import { isUnavailable } from '../redis/unavailable.js'
import { invalidRequest } from './validate.js'

declare module 'fastify' {
  interface FastifyReply {
    /** The error that it tells of; for the log. */
    told?: ErrorCode
    /** The message that the request is about, by the id that all lines of the log have of it. */
    about?: string
  }
}

/** RFC 9457: every error answer is a problem document with a stable `code`, and the field at fault where there is one. */
export function sendProblem (reply: FastifyReply, error: SluiceError): FastifyReply {
  const { retryAfterMs } = error.facts
  reply.told = error.code
  if (retryAfterMs !== undefined) reply.header('retry-after', Math.max(1, Math.ceil(retryAfterMs / 1000)))
  if (error.status === 401 && !reply.hasHeader('www-authenticate')) reply.header('www-authenticate', 'Bearer')
  return reply.status(error.status).type('application/problem+json').send(JSON.stringify(problem(error)))
}

/** The members of a problem document. */
export function problem (error: SluiceError): Record<string, unknown> {
  const { detail, field, extra } = error.facts
  return {
    type: `urn:sluice:error:${error.code}`,
    title: errors[error.code][1],
    status: error.status,
    code: error.code,
    // What went wrong inside is for the log, not for the caller.
    ...(detail === undefined || error.status === 500 ? {} : { detail }),
    ...(field === undefined ? {} : { field }),
    ...extra
  }
}

/** An error as the list knows it: ours as it is, the framework's and the Redis client's by their meaning, a surprise as INTERNAL. */
export function toKnown (error: unknown): SluiceError {
  if (error instanceof SluiceError) return error
  return isUnavailable(error) ? new SluiceError('UNAVAILABLE', { retryAfterMs: 1000, cause: error }) : translate(error as FastifyError)
}

/** Writes an error as an answer. */
export type SendError = (reply: FastifyReply, error: SluiceError) => FastifyReply

/** One error handler for all routes: our errors as they are, the framework's by their meaning, surprises as INTERNAL. */
export function handleErrors (app: FastifyInstance, events: Bus, send: SendError): void {
  app.setErrorHandler((error: FastifyError | SluiceError, request, reply) => {
    const known = toKnown(error)
    if (known.status === 500) events.emit('unexpected-error', { location: `${request.method} ${request.routeOptions.url ?? ''}`, error: known.facts.cause ?? error })
    return send(reply, known)
  })
}

/** The same for paths that nobody serves. */
export function handleNotFound (app: FastifyInstance, send: SendError): void {
  // The path is not repeated: it may hold a telephone number, and answers are logged on their way.
  app.setNotFoundHandler((request, reply) => send(reply, new SluiceError('NOT_FOUND', { detail: `there is no such path for ${request.method}` })))
}

function translate (error: FastifyError): SluiceError {
  const first = error.validation?.[0]
  if (first !== undefined) return invalidRequest({ ...first, message: first.message ?? '' }, error.validationContext ?? 'request')
  const status = error.statusCode ?? 500
  // 403 is a path that leads out of a folder of pages.
  const codes: Record<number, ErrorCode> = { 403: 'NOT_FOUND', 404: 'NOT_FOUND', 413: 'TOO_LARGE', 503: 'SHUTTING_DOWN' }
  const code = codes[status] ?? (status >= 400 && status < 500 ? 'INVALID_REQUEST' : undefined)
  return code === undefined ? new SluiceError('INTERNAL', { cause: error }) : new SluiceError(code, { detail: error.code === 'FST_ERR_BAD_URL' ? 'the path is not well escaped' : error.message, ...(code === 'SHUTTING_DOWN' ? { retryAfterMs: 1000 } : {}) })
}
