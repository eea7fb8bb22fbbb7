/** Every error that a caller or an operator can meet: one list of code, HTTP status and sentence. */

export const errors = {
  INVALID_REQUEST: [400, 'The request is not valid'],
  INVALID_RECIPIENT: [400, 'A recipient is 7 to 15 digits, with or without + - ( ) and spaces'],
  RECIPIENT_IS_USER_ID: [400, 'This is a business-scoped user id; WhatsApp drops it silently in "to"'],
  INVALID_KEY: [400, 'An idempotency key is 1 to 256 printable ASCII characters'],
  UNAUTHENTICATED: [401, 'Send "Authorization: Bearer <key>" with a key that this gateway knows'],
  WEBHOOK_SIGNATURE: [401, 'No app secret that this gateway knows has signed these bytes'],
  FORBIDDEN: [403, 'This key\'s role may not do that'],
  NOT_FOUND: [404, 'Nothing is known by this name'],
  SENDER_UNKNOWN: [404, 'No such sender is configured'],
  NOT_SUPPORTED: [405, 'This queue holds messages, which the dashboard can not treat so'],
  TOO_SLOW: [408, 'The request took too long to arrive'],
  NOT_SENT_YET: [409, 'The message that this one quotes has not been sent yet'],
  NOT_CANCELLABLE: [409, 'Only a message that waits can be cancelled'],
  NOT_RETRYABLE: [409, 'This failure can not be retried now'],
  TOO_LARGE: [413, 'The request body is too large'],
  IDEMPOTENCY_KEY_REUSED: [422, 'This idempotency key belongs to a message with other content'],
  RECIPIENT_OPTED_OUT: [422, 'The recipient wants no marketing from this sender'],
  PROVIDER_REJECTED: [422, 'WhatsApp refused this message for good'],
  ENDED_UNSENT: [422, 'The message that this key belongs to has ended without being sent'],
  LIMITED: [429, 'The message would have had to wait'],
  RECIPIENT_QUEUE_FULL: [429, 'Too many messages wait for this recipient'],
  BACKLOG_FULL: [429, 'Too many messages wait for this sender'],
  WOULD_EXPIRE: [429, 'The wait would be longer than the message may live'],
  HEADERS_TOO_LARGE: [431, 'The head of the request is too large'],
  INTERNAL: [500, 'Something went wrong in the gateway'],
  UNAVAILABLE: [503, 'Redis is away or nearly full; repeat with the same idempotency key'],
  OVERLOADED: [503, 'This node has more to do than it can; repeat with the same idempotency key, here later or at another node now'],
  PROVIDER_UNAVAILABLE: [503, 'WhatsApp does not answer; nothing was repeated'],
  SHUTTING_DOWN: [503, 'This node is closing; repeat with the same idempotency key'],
  CONFIG_INVALID: [500, 'A setting is not valid'],
  SCRIPT_INVALID: [500, 'A Lua script and its header disagree'],
  LAYOUT_NEWER: [500, 'Redis holds data of a newer version of the gateway'],
  SETUP_FAILED: [500, 'Something needed to run is missing'],
} as const satisfies Record<string, readonly [status: number, sentence: string]>

export type ErrorCode = keyof typeof errors

export interface ErrorFacts {
  /** What exactly is wrong; the list's own sentence where nothing more is known. */
  detail?: string
  /** The field at fault. */
  field?: string
  retryAfterMs?: number
  /** Further members of the problem document. */
  extra?: Record<string, unknown>
  cause?: unknown
}

/** The only error class of the gateway. Outcomes that are expected are values, not this. */
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
