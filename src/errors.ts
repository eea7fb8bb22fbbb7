import { errors, type ErrorCode } from './error-codes.js'
import { describeInvalid, sentenceOf, toFieldError, type FieldError, type Invalid } from './values/invalid.js'

export interface ErrorFacts {
  /** What exactly is wrong. Default: the title of the code. */
  detail?: string
  field?: string
  /** All problems of the request, where there may be several. */
  errors?: FieldError[]
  /** Meta's code and sentence for the same problem, for the drop-in surface. Default: by the code. */
  meta?: { code: number, details: string }
  retryAfterMs?: number
  headers?: Record<string, string>
  /** Additional members of the problem document. */
  extra?: Record<string, unknown>
  cause?: unknown
}

/** The only error class of the gateway. Expected outcomes are returned as values, not thrown. */
export class SluiceError extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly facts: ErrorFacts

  constructor (code: ErrorCode, facts: ErrorFacts = {}) {
    super(facts.detail ?? errors[code].title, facts.cause === undefined ? {} : { cause: facts.cause })
    this.name = 'SluiceError'
    this.code = code
    this.status = errors[code].status
    this.facts = facts
  }
}

/** The error of one field. */
export function invalidField (code: ErrorCode, error: FieldError): SluiceError {
  return new SluiceError(code, { detail: sentenceOf(error), field: error.field, errors: [error] })
}

/** The error of a value. A recipient is not repeated: callers log errors. */
export function invalidValue (invalid: Invalid, code: 'INVALID_REQUEST' | 'INVALID_RECIPIENT' = 'INVALID_REQUEST'): SluiceError {
  const { value: _, ...hidden } = invalid
  const shown = code === 'INVALID_RECIPIENT' ? hidden : invalid
  return new SluiceError(code, { detail: describeInvalid(shown), field: invalid.field, errors: [toFieldError(shown)] })
}
