import type { components } from './openapi.js'

/** The gateway's problem document (RFC 9457). */
export type Problem = components['schemas']['Problem']

/** The gateway's error codes, and three for a missing or foreign response. */
export type ErrorCode = Problem['code'] | 'UNREACHABLE' | 'TIMEOUT' | 'UNEXPECTED_RESPONSE'

export interface ErrorDetails {
  /** HTTP status; absent without a response. */
  status?: number
  /** The invalid field, parameter or header. */
  field?: string
  /** `Retry-After` of the response, in milliseconds. */
  retryAfterMs?: number
  /** The complete problem document of the gateway. */
  problem?: Problem
  /** The key of the message: a later call with it cannot send the message twice. */
  idempotencyKey?: string
  cause?: unknown
}

/**
 * The error of every failed call. Only an abort by the caller's signal rejects with something else: the signal's reason. `code` is
 * stable. The error contains no API key, no number and no text of a message.
 */
export class SluiceClientError extends Error {
  readonly code: ErrorCode
  readonly status?: number
  readonly field?: string
  readonly retryAfterMs?: number
  readonly problem?: Problem
  readonly idempotencyKey?: string

  constructor (code: ErrorCode, detail: string, { cause, ...details }: ErrorDetails = {}) {
    const { field } = details
    // Most details begin with the field.
    super(`${code}: ${detail}${field === undefined || detail.includes(`${field}: `) ? '' : ` (${field})`}`, cause === undefined ? {} : { cause })
    this.name = 'SluiceClientError'
    this.code = code
    Object.assign(this, details)
  }
}

/** The error for a problem document. */
export function toError (problem: Problem, status: number, retryAfterMs?: number): SluiceClientError {
  return new SluiceClientError(problem.code, problem.detail ?? problem.title, {
    status,
    problem,
    ...(problem.field === undefined ? {} : { field: problem.field }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs })
  })
}

/** The same error for another call. */
export function copyOf (error: SluiceClientError): SluiceClientError {
  const copy = new SluiceClientError(error.code, '', error.cause === undefined ? {} : { cause: error.cause })
  return Object.assign(copy, error, { message: error.message })
}
