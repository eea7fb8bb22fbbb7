/** All errors of the gateway: code, HTTP status and sentence. docs/errors.md explains each one. */

export const errors = {
  INVALID_REQUEST: [400, 'The request is invalid'],
  INVALID_RECIPIENT: [400, 'Invalid recipient: use 7 to 15 digits; + - ( ) and spaces are allowed'],
  RECIPIENT_IS_USER_ID: [400, '"to" holds a business-scoped user id, which WhatsApp drops silently; send it in "recipient"'],
  INVALID_KEY: [400, 'Invalid idempotency key: use 1 to 256 printable ASCII characters'],
  UNAUTHENTICATED: [401, 'Missing or unknown API key: send "Authorization: Bearer <key>"'],
  WEBHOOK_SIGNATURE: [401, 'The webhook signature matches no configured app secret'],
  FORBIDDEN: [403, 'The API key\'s role does not permit this operation'],
  NOT_FOUND: [404, 'No such message, failure or route'],
  SENDER_UNKNOWN: [404, 'No sender with this id is configured'],
  NOT_SUPPORTED: [405, 'Operation not supported: the dashboard is read-only'],
  TOO_SLOW: [408, 'The request took too long to arrive'],
  NOT_SENT_YET: [409, 'The quoted message has not been sent yet'],
  NOT_CANCELLABLE: [409, 'Only a waiting message can be cancelled'],
  NOT_RETRYABLE: [409, 'This failure cannot be retried now'],
  TOO_LARGE: [413, 'The request body is too large'],
  IDEMPOTENCY_KEY_REUSED: [422, 'This idempotency key belongs to a message with different content'],
  RECIPIENT_OPTED_OUT: [422, 'The recipient has opted out of marketing from this sender'],
  PROVIDER_REJECTED: [422, 'WhatsApp rejected this message permanently'],
  ENDED_UNSENT: [422, 'The message with this idempotency key ended without being sent'],
  LIMITED: [429, 'The message cannot be sent immediately, and whenLimited is "reject"'],
  RECIPIENT_QUEUE_FULL: [429, 'The recipient\'s queue is full; retry later'],
  BACKLOG_FULL: [429, 'The sender\'s backlog is full; retry later'],
  WOULD_EXPIRE: [429, 'The message would expire before it could be sent'],
  HEADERS_TOO_LARGE: [431, 'The request headers are too large'],
  INTERNAL: [500, 'Unexpected error in the gateway'],
  UNAVAILABLE: [503, 'Redis is unavailable or nearly full; retry with the same idempotency key'],
  OVERLOADED: [503, 'Node overloaded; retry later or on another node with the same idempotency key'],
  PROVIDER_UNAVAILABLE: [503, 'WhatsApp did not respond; the request was not repeated'],
  SHUTTING_DOWN: [503, 'Node is shutting down; retry on another node with the same idempotency key'],
  CONFIG_INVALID: [500, 'Invalid setting'],
  SCRIPT_INVALID: [500, 'A Lua script does not match its header'],
  LAYOUT_NEWER: [500, 'Redis holds data written by a newer version of the gateway'],
  SETUP_FAILED: [500, 'A port or program required at start is not available'],
} as const satisfies Record<string, readonly [status: number, sentence: string]>

export type ErrorCode = keyof typeof errors

export interface ErrorFacts {
  /** What exactly is wrong. Default: the sentence of the code. */
  detail?: string
  /** The invalid field. */
  field?: string
  retryAfterMs?: number
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
    super(facts.detail ?? errors[code][1], facts.cause === undefined ? {} : { cause: facts.cause })
    this.name = 'SluiceError'
    this.code = code
    this.status = errors[code][0]
    this.facts = facts
  }
}
