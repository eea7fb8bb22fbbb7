/** All errors of the gateway. `npm run docs` writes the table in docs/errors.md from them. */
export const errors = {
  INVALID_REQUEST: {
    status: 400,
    title: 'The request is invalid',
    meaning: 'fields, parameters or the JSON are invalid; `errors` lists every problem, and `field` is the first',
    retry: 'no: correct the fields'
  },
  INVALID_RECIPIENT: {
    status: 400,
    title: 'Invalid recipient: use the country code and the number, 7 to 15 digits; + - ( ) and spaces are allowed',
    meaning: '`to` does not have the form of a number, or begins with a country code that does not exist',
    retry: 'no: correct the number'
  },
  RECIPIENT_IS_USER_ID: {
    status: 400,
    title: '"to" holds a business-scoped user id, which WhatsApp drops silently; send it in "recipient"',
    meaning: '`to` holds a business-scoped user id',
    retry: 'no: send it in `recipient`'
  },
  SCHEDULED_IN_PAST: {
    status: 400,
    title: '"scheduledFor" is more than a minute in the past',
    meaning: '`scheduledFor` is more than a minute in the past, so a wrong date or unit is likely; nothing is sent',
    retry: 'no: correct the time, or set `whenPast` to `send`'
  },
  INVALID_KEY: {
    status: 400,
    title: 'Invalid idempotency key: use 1 to 256 printable ASCII characters',
    meaning: 'the idempotency key is empty, longer than 256 characters, or not printable ASCII',
    retry: 'no: choose another key'
  },
  UNAUTHENTICATED: {
    status: 401,
    title: 'Missing or unknown API key: send "Authorization: Bearer <key>"',
    meaning: 'the bearer token is missing or unknown to this gateway',
    retry: 'no: send a key of `API_KEYS`'
  },
  WEBHOOK_SIGNATURE: {
    status: 401,
    title: 'The webhook signature matches no configured app secret',
    meaning: 'no configured app secret matches the signature of a webhook',
    retry: 'Meta repeats it; check `WHATSAPP_APP_SECRET`'
  },
  FORBIDDEN: {
    status: 403,
    title: 'The API key\'s role does not permit this operation',
    meaning: 'the role of the key does not permit this; or Meta\'s verify token is wrong',
    retry: 'no: use a key with another role'
  },
  NOT_PERMITTED: {
    status: 403,
    title: 'The API key may not post this message',
    meaning: 'the entry of the key in `API_KEYS_FILE` does not have this sender, lane or category; `errors` has the value and what is allowed',
    retry: 'no: change the field, or have the entry changed: [callers.md](callers.md)'
  },
  NOT_FOUND: {
    status: 404,
    title: 'No such message, failure or route',
    meaning: 'no such path, or no message or failure with this id or key; a `send` key sees its own messages only',
    retry: 'no; `detail` says how long messages and failures are kept'
  },
  SENDER_UNKNOWN: {
    status: 404,
    title: 'No sender with this id is configured',
    meaning: '`sender` is not configured here',
    retry: 'no: see `GET /senders`; while nodes reload their senders, after some seconds'
  },
  NOT_SUPPORTED: {
    status: 405,
    title: 'Operation not supported: the dashboard is read-only',
    meaning: 'a change in the dashboard, which is read-only',
    retry: 'no: use the console, the API or the command line'
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    title: 'This path does not support this method',
    meaning: 'the path exists, with the methods of the header `Allow`',
    retry: 'no: use another method'
  },
  TOO_SLOW: { status: 408, title: 'The request took too long to arrive', meaning: 'the request took too long to arrive', retry: 'yes, at once' },
  NOT_SENT_YET: {
    status: 409,
    title: 'The quoted message has not been sent yet',
    meaning: 'a reply or reaction quotes a message that is still waiting; `messageStatus` is its state',
    retry: 'yes, once the quoted message is sent'
  },
  NOT_CANCELLABLE: {
    status: 409,
    title: 'Only a waiting message can be cancelled',
    meaning: 'the message is sent, in flight, or already settled; `messageStatus` says which',
    retry: 'no; if it was in flight, read its state after some seconds'
  },
  NOT_MOVABLE: {
    status: 409,
    title: 'Only a waiting message can be moved',
    meaning: 'the message is in flight or settled, or it is to have another time and has been attempted; `messageStatus` says which',
    retry: 'no; if it was in flight, read its state after some seconds'
  },
  NOT_RETRYABLE: {
    status: 409, title: 'This failure cannot be retried now', meaning: 'the message is not a failure, or its retry is in progress', retry: 'no'
  },
  TOO_LARGE: {
    status: 413,
    title: 'The request body is too large',
    meaning: 'the body exceeds 256 KiB (batch: 16 MiB, webhook: 4 MB)',
    retry: 'no: split it'
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    title: 'The request body must be uncompressed JSON: send "Content-Type: application/json"',
    meaning: 'the body is not declared as `application/json`, or is compressed; a form, a text and a gzip body are not read',
    retry: 'no: send JSON'
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    title: 'This idempotency key belongs to a message with different content',
    meaning: 'the key belongs to a message with another recipient, type or content; `id` names it',
    retry: 'no: two messages share a key, a bug of the caller'
  },
  RECIPIENT_OPTED_OUT: {
    status: 422,
    title: 'The recipient has opted out of marketing from this sender',
    meaning: 'the message is marketing, and its recipient has opted out',
    retry: 'no, until the recipient opts in again'
  },
  CAMPAIGN_CANCELLED: { status: 422, title: 'The campaign is cancelled', meaning: 'it takes no more messages', retry: 'no: use another name' },
  TEMPLATE_REJECTED: {
    status: 422,
    title: 'WhatsApp has rejected, disabled or deleted the template of this message',
    meaning: 'the template is rejected, disabled or deleted at WhatsApp, or does not exist in this language',
    retry: 'no: use another template, or wait until it is approved; see `GET /senders/:id/templates`'
  },
  WINDOW_CLOSED: {
    status: 422,
    title: 'The recipient has not written or called in the last 24 hours, so that WhatsApp accepts only templates',
    meaning: 'the message needs an open customer service window, and its recipient\'s is closed; `closedAt` says since when, if that is known',
    retry: 'no, until the recipient writes: send a template, add one as `otherwise`, or set `"whenClosed": "wait"`'
  },
  PROVIDER_REJECTED: {
    status: 422,
    title: 'WhatsApp rejected this message permanently',
    meaning: 'WhatsApp rejected it permanently; it is kept as FAILED. `id` names the failure, `error` has WhatsApp\'s code, explanation and remedy',
    retry: 'no: follow `error.remedy`'
  },
  ENDED_UNSENT: {
    status: 422,
    title: 'The message with this idempotency key ended without being sent',
    meaning: 'drop-in surface: the message with this key was cancelled, expired, or failed',
    retry: 'with another key, if it is still wanted'
  },
  LIMITED: {
    status: 429,
    title: 'The message cannot be sent immediately, and whenLimited is "reject"',
    meaning: '`whenLimited` is `reject` and the message would have to wait; `waitMs` says how long',
    retry: 'after `Retry-After`, or let it wait'
  },
  CALLER_RATE_LIMITED: {
    status: 429,
    title: 'The API key posts faster than its rate allows; retry later',
    meaning: 'the `rate` of the key in `API_KEYS_FILE` is used up; the headers `RateLimit` and `RateLimit-Policy` describe it',
    retry: 'after `Retry-After`'
  },
  RECIPIENT_QUEUE_FULL: {
    status: 429,
    title: 'The recipient\'s queue is full; retry later',
    meaning: '`MAX_QUEUE_PER_RECIPIENT` messages are queued for this recipient',
    retry: 'after `Retry-After`; better, send fewer'
  },
  BACKLOG_FULL: {
    status: 429,
    title: 'The sender\'s backlog is full; retry later',
    meaning: '`MAX_BACKLOG_PER_SENDER` messages of this sender are unsettled',
    retry: 'after `Retry-After`'
  },
  CALLER_BACKLOG_FULL: {
    status: 429,
    title: 'The API key has too many messages waiting at this sender; retry later',
    meaning: 'the `backlog` of the key in `API_KEYS_FILE` is used up: so many of its messages have not ended; `RateLimit-Policy` has the number',
    retry: 'after `Retry-After`'
  },
  WOULD_EXPIRE: {
    status: 429,
    title: 'The message would expire before it could be sent',
    meaning: 'the message would have to wait longer than `expiresInMs`; `waitMs` says how long',
    retry: 'after `Retry-After`, or with a longer `expiresInMs`'
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    title: 'The request headers are too large',
    meaning: 'the request headers exceed 16 KiB',
    retry: 'no: same result'
  },
  INTERNAL: {
    status: 500,
    title: 'Unexpected error in the gateway',
    meaning: 'a bug of the gateway, logged as `unexpected error`',
    retry: 'yes, a few times with increasing delays; report it'
  },
  UNAVAILABLE: {
    status: 503,
    title: 'Redis is unavailable or nearly full; retry with the same idempotency key',
    meaning: 'Redis is unavailable, slow or nearly full; the request may have been accepted all the same',
    retry: 'yes, after `Retry-After`'
  },
  OVERLOADED: {
    status: 503,
    title: 'Node overloaded; retry later or on another node with the same idempotency key',
    meaning: 'load shedding: this node is behind its work; the request had no effect',
    retry: 'yes: on another node at once, on this one after `Retry-After`'
  },
  PROVIDER_UNAVAILABLE: {
    status: 503,
    title: 'WhatsApp did not respond; the request was not repeated',
    meaning: 'drop-in surface: WhatsApp did not respond to a request that is only passed on (read marks, typing)',
    retry: 'yes, after `Retry-After`'
  },
  SHUTTING_DOWN: {
    status: 503,
    title: 'Node is shutting down; retry on another node with the same idempotency key',
    meaning: 'graceful shutdown: this node is going down; the request had no effect',
    retry: 'yes, on another node at once'
  },
  CONFIG_INVALID: {
    status: 500,
    title: 'Invalid setting',
    meaning: 'never a response: the node does not start and names the invalid setting',
    retry: 'correct the setting: [settings.md](settings.md)'
  },
  SCRIPT_INVALID: {
    status: 500,
    title: 'A Lua script does not match its header',
    meaning: 'never a response: the node does not start because a Lua script does not match its header',
    retry: 'the installation is damaged: install it again'
  },
  LAYOUT_NEWER: {
    status: 500,
    title: 'Redis holds data written by a newer version of the gateway',
    meaning: 'never a response: the node does not start because a newer version has written to this Redis',
    retry: 'start that version: [upgrading.md](upgrading.md)'
  },
  SETUP_FAILED: {
    status: 500,
    title: 'A port or program required at start is not available',
    meaning: 'never a response: the node does not start because a port is in use or a program is missing',
    retry: 'the message says what is missing'
  }
} as const satisfies Record<string, ErrorRow>

interface ErrorRow {
  status: number
  /** One sentence for the caller: the `title` of the problem document. */
  title: string
  /** For docs/errors.md: when it occurs. */
  meaning: string
  /** For docs/errors.md: whether the caller should repeat the request, and what else to do. */
  retry: string
}

export type ErrorCode = keyof typeof errors
