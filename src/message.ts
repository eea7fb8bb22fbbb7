/** Types that all modules share: the message, its grant, and the outcome of an attempt. */

export const lanes = ['urgent', 'normal', 'bulk'] as const
export type Lane = typeof lanes[number]

export type KeySource = 'header' | 'field' | 'derived' | 'none'
export type UnknownPolicy = 'retry' | 'fail'

/** States of a message in the API. `delivered` and `read` are reported by webhook. */
export type State =
  'scheduled' | 'queued' | 'sending' | 'sent' | 'delivered' | 'read' |
  'retrying' | 'unknown' | 'failed' | 'cancelled' | 'expired'

/**
 * Why a message waits. `turn-in-queue`: only for messages ahead of it, or for a slot in flight. `outage`: for WhatsApp to work again, or of the lane
 * `bulk` to report statuses again. `template-paused`: for its template to be approved again. `templates-stopped`: for WhatsApp to send any template
 * of the sender again. `campaign-paused`: for its campaign to be resumed, `campaign-start`: to begin, `campaign-rate`: for its next slot.
 * `template-rate` and `category-rate`: for the next slot of its template or category. `window`: for its recipient to write. `daily-limit`: for
 * another recipient to count no longer.
 */
export type WaitingFor =
  'pair-rate' | 'sender-rate' | 'turn-in-queue' | 'cool-down' | 'pause' | 'sender-stopped' | 'outage' | 'template-paused' | 'templates-stopped' |
  'campaign-paused' | 'campaign-start' | 'campaign-rate' | 'template-rate' | 'category-rate' | 'daily-limit' | 'window' | 'schedule' | 'retry'

/** The kind of a recipient: a phone number, a business-scoped user id, or a group id. */
export type Addressing = 'phone' | 'user' | 'group'

/** Paths of the Cloud API that accept messages: `/<phone number id>/<edge>`. */
export const edges = ['messages', 'marketing_messages'] as const
export type Edge = typeof edges[number]

/** Meta's category of a message, as the caller declares it. A recipient can opt out of marketing, and each may have a rate. */
export const categories = ['marketing', 'utility', 'authentication', 'service'] as const
export type Category = typeof categories[number]

/** What is sent, and what is stored with it until the message is settled. JSON, opaque to Lua. */
export interface Payload {
  /** The recipient as the caller wrote it, and as the provider gets it. */
  to: string
  /** Default: a phone number. */
  addressing?: Addressing
  type: string
  /** A string is a text; an object is a Cloud API message object without its envelope. */
  message: string | Record<string, unknown>
  metadata?: Record<string, unknown>
  idempotencyKey?: string
  keySource: KeySource
  /** Name of the API key that posted it. */
  caller: string
  onUnknown?: UnknownPolicy
  /** Template object that is sent instead where the recipient's window is closed. */
  otherwise?: Record<string, unknown>
  category?: Category
  /** Name of the campaign that counts it, and with which it is paused or cancelled. */
  campaign?: string
  /** If set, the message is a whole body of the Cloud API for this edge and is sent unchanged. Not set by the gateway's own API. */
  edge?: Edge
  /** The caller's own `biz_opaque_callback_data`. The gateway sends its own in this field, and returns the caller's in callbacks. */
  callbackData?: string
}

/** What is sent where the recipient's window is closed. */
export function replacedBy (payload: Payload): Payload {
  return payload.otherwise === undefined ? payload : { ...payload, type: 'template', message: payload.otherwise }
}

/** The deadline of a grant that may not start: it is given back. */
export const NEVER = -Infinity

/** Permission to start one send. `askedAt` and `startBy` are readings of `elapsedNow()`. */
export interface Grant {
  sender: string
  /** `<digest>.<generation>`: id of the message within its sender. */
  id: string
  recipient: string
  /** The attempt that this grant is for, counted from 1. */
  attempt: number
  /** Node and call that hold the grant; part of the fencing token that settlement checks. */
  holder: string
  /** How many attempts of this message have stopped its sender. */
  stops: number
  /** Consecutive attempts that met WhatsApp's pair limit. */
  pairHits: number
  /** Attempts of unknown outcome that an outage of WhatsApp explains: they use up no step of the retry schedule. */
  spared: number
  lane: Lane
  payload: Payload
  /** Before the granting call: Redis cannot have granted earlier. */
  askedAt: number
  /** By when the request must be on a connection; `NEVER` if Redis's clock was in doubt. */
  startBy: number
  /** Delay of the grant after the earliest possible time, µs. */
  lateUs: number
  /** It is a probe of an open circuit: nothing is sent unless WhatsApp responds at all. */
  isProbe?: boolean
  /** Its payload is the caller's other template, since the recipient's window is closed. */
  isReplaced?: boolean
}

/**
 * What a code says of a template. `paused`: it is not sent now. `missing`: it does not exist, or is not approved. `disabled`: it is never sent again.
 * `doubtful`: it may be the template that is wrong, or the message.
 */
export type TemplateProblem = 'paused' | 'missing' | 'disabled' | 'doubtful'

/** What a code stops that is not the whole sender: all templates of the sender, or of all senders of its account. Replies go on. */
export type StopScope = 'templates' | 'account-templates'

/** The outcome of one attempt. A closed union: a `switch` over it handles every status. */
export type Outcome = {
  /** Milliseconds from `Grant.askedAt` to the start of the request on a connection; null if it never started. */
  startedAfterMs: number | null
  /** Milliseconds from the start to the outcome. */
  durationMs: number
} & (
  /** `recipientId`: WhatsApp's id of the recipient. `messageStatus`: from WhatsApp's response, such as `held_for_quality_assessment`. */
  | { status: 'sent', providerMessageId: string, recipientId?: string, messageStatus?: string }
  /**
   * `retryAfterMs`: from WhatsApp's response; see `clampRetryAfter`. `mostAttempts`: fewer than the retry schedule has. `outage`, here and below:
   * the failure is not the message's own, and counts for the circuit breaker.
   */
  | { status: 'retryable', code: string, error: string, retryAfterMs?: number, mostAttempts?: number, outage?: true }
  | { status: 'limited', bucket: 'pair' | 'sender-rate' | 'throughput', code: string, error: string, coolDownMs: number }
  /**
   * `optsOut`: the recipient has opted out of marketing. `template`: the code is about the template, and so about other messages of it. `window`:
   * the recipient's window is closed.
   */
  | {
    status: 'rejected',
    code: string,
    error: string,
    retryNotBeforeMs?: number,
    optsOut?: true,
    template?: TemplateProblem,
    window?: true
    /** Where a webhook reports it of a template, WhatsApp sends no template of the account: interval between two probes. */
    stopsTemplatesMs?: number
  }
  /** `probeMs`: interval between two probes of the stopped sender. `scope`: of a template, it stops less than the sender. */
  | { status: 'sender-stopped', code: string, error: string, probeMs: number, scope?: StopScope }
  | { status: 'unsent', code: string, error: string, outage?: true }
  | { status: 'unknown', code: string, error: string, outage?: true }
)

/**
 * A planned delay, extended to what the provider requests. At least the plan, since `Retry-After: 0` would cause a retry storm; at most twice
 * the plan, since a wrong header must not silence a sender.
 */
export function clampRetryAfter (planMs: number, requestedMs = planMs): number {
  return Math.min(Math.max(requestedMs, planMs), 2 * planMs)
}

/** The result of a request that was passed through: the provider's JSON, unchanged, or an error code of the gateway. */
export type Passed = { status: 'responded', httpStatus: number, body: string } | { status: 'failed', code: string }

/** The API that sends messages. Its methods never throw: every failure is an outcome. */
export interface Provider {
  /** `onStart` is called when the request is written to a connection, and not at all if it never is. */
  send: (grant: Grant, onStart?: () => void) => Promise<Outcome>
  /** Sends a request that is not a message (mark as read, typing) and needs no grant: at once, without a retry, in bounded time. */
  pass: (sender: string, edge: Edge, body: string) => Promise<Passed>
  /** Reads `path` of the API, such as `<account id>/message_templates?limit=100`, with the sender's token; at once and in bounded time. */
  get?: (sender: string, path: string) => Promise<Passed>
  close: () => Promise<void>
}

/** The name that an attempt has at Meta, in `biz_opaque_callback_data`: `<message id>.<attempt>`. */
export function formatAttemptName ({ id, attempt }: Pick<Grant, 'id' | 'attempt'>): string {
  return `${id}.${attempt}`
}

/** Message and attempt of a name that `formatAttemptName` made; null for `biz_opaque_callback_data` of another system. */
export function parseAttemptName (text: string): { id: string, attempt: number } | null {
  const [, id = '', attempt = ''] = /^([A-Za-z0-9_-]{22}\.[0-9a-f]{8,14})\.(\d{1,6})$/.exec(text) ?? []
  return id === '' ? null : { id, attempt: Number(attempt) }
}
