import type { components } from './openapi.js'

export type Problem = components['schemas']['Problem']

/** Codes of the gateway, and what befalls a call on its way there and back. */
export type ErrorCode = Problem['code'] | 'UNREACHABLE' | 'TIMEOUT' | 'UNEXPECTED_ANSWER'

export interface ErrorFacts {
  /** HTTP status; absent where no answer came. */
  status?: number
  /** The field, parameter or header at fault. */
  field?: string
  /** When the gateway thinks a repeat makes sense. */
  retryAfterMs?: number
  /** The whole problem document of the gateway, with its further members. */
  problem?: Problem
  /** The key of the message that was to be sent: a later call with it can't send the message twice. */
  idempotencyKey?: string
  cause?: unknown
}

/**
 * Every failure of a call, but for an abort by the caller's own signal, which rejects with that signal's reason. `code` is stable;
 * nothing in it holds a key, a number or a text.
 */
export class SluiceClientError extends Error {
  readonly code: ErrorCode
  readonly status?: number
  readonly field?: string
  readonly retryAfterMs?: number
  readonly problem?: Problem
  readonly idempotencyKey?: string

  constructor (code: ErrorCode, sentence: string, { cause, ...facts }: ErrorFacts = {}) {
    super(`${code}: ${sentence}${facts.field === undefined ? '' : ` (${facts.field})`}`, cause === undefined ? {} : { cause })
    this.name = 'SluiceClientError'
    this.code = code
    Object.assign(this, facts)
  }
}

/** The error that a problem document tells of. */
export function toError (problem: Problem, status: number, retryAfterMs?: number): SluiceClientError {
  return new SluiceClientError(problem.code, problem.detail ?? problem.title, {
    status, problem, ...(problem.field === undefined ? {} : { field: problem.field }), ...(retryAfterMs === undefined ? {} : { retryAfterMs })
  })
}
