/** What the rooms hand to each other: the message, its grant, and the outcome of an attempt. */

export const lanes = ['urgent', 'normal', 'bulk'] as const
export type Lane = typeof lanes[number]

export type KeySource = 'header' | 'field' | 'derived' | 'none'
export type UnknownPolicy = 'retry' | 'fail'

/** States a caller can see. `delivered` and `read` come later by webhook. */
export type State =
  'scheduled' | 'queued' | 'sending' | 'sent' | 'delivered' | 'read' |
  'retrying' | 'unknown' | 'failed' | 'cancelled' | 'expired'

/** What binds a message that waits. `line`: only the order and the free places in flight. */
export type WaitingFor = 'pair-rate' | 'sender-rate' | 'turn-in-queue' | 'cool-down' | 'pause' | 'sender-stopped' | 'schedule' | 'retry'

/** How a recipient is named: by its number, by a business-scoped user id, or it is a group. */
export type Addressing = 'phone' | 'user' | 'group'

/** Where WhatsApp takes messages: `/<phone number id>/<edge>`. */
export const edges = ['messages', 'marketing_messages'] as const
export type Edge = typeof edges[number]

/** What kind of message its caller says it is, in Meta's words. Only marketing is treated otherwise: a recipient can refuse it. */
export const categories = ['marketing', 'utility', 'authentication', 'service'] as const
export type Category = typeof categories[number]

/** What is sent and what is kept with it until it is settled. Stored as JSON, opaque to Lua. */
export interface Payload {
  /** The recipient as the caller wrote it; what the provider gets. */
  to: string
  /** Left out for a number. */
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
  category?: Category
  /** The message is a whole body of the Cloud API for this edge, to be sent as it is; left out where it came by the gateway's own API. */
  edge?: Edge
  /** The caller's own `biz_opaque_callback_data`: ours goes in its place, and callers get theirs back. */
  callbackData?: string
}

/** Permission to start one send. `startBy` is a reading of `performance.now()`, taken before the granting call. */
export interface Grant {
  sender: string
  /** `<digest>.<generation>`: the message's name within its sender. */
  id: string
  recipient: string
  /** The attempt that this grant is for, counted from 1. */
  attempt: number
  /** Names the node and the call that got the grant; settlement must show it. */
  holder: string
  /** How often this message has stopped its sender. */
  stops: number
  /** How often in a row the pair's limit at WhatsApp has met it. */
  pairHits: number
  lane: Lane
  payload: Payload
  /** `performance.now()` before the granting call: the earliest moment at which Redis can have granted. */
  askedAt: number
  /** `performance.now()` by which the request must be on a connection. */
  startBy: number
  /** Microseconds that the grant came after its turn had become possible. */
  lateUs: number
}

/** What one attempt came to. A closed set: whoever handles it handles all of it. */
export type Outcome = {
  /** Milliseconds from `Grant.askedAt` to the start of the request on a connection; null where it never started. */
  startedAfterMs: number | null
  /** Milliseconds from the start to the verdict. */
  durationMs: number
} & (
  /** `recipientId`: whom WhatsApp took the recipient for. `messageStatus`: its word on the message, such as `held_for_quality_assessment`. */
  | { status: 'sent', providerMessageId: string, recipientId?: string, messageStatus?: string }
  /** `retryAfterMs`: what the other side asks for, which the schedule may heed. `mostAttempts`: fewer than it has. */
  | { status: 'retryable', code: string, error: string, retryAfterMs?: number, mostAttempts?: number }
  | { status: 'limited', bucket: 'pair' | 'sender-rate', code: string, error: string, coolDownMs: number }
  /** `optsOut`: the recipient wants no more marketing. */
  | { status: 'rejected', code: string, error: string, retryNotBeforeMs?: number, optsOut?: true }
  /** `probeMs`: between two tries of the stopped sender. */
  | { status: 'sender-stopped', code: string, error: string, probeMs: number }
  | { status: 'unsent', code: string, error: string }
  | { status: 'unknown', code: string, error: string }
)

/**
 * A wait of our own plan, lengthened to what the other side asks for. At least the plan, for `Retry-After: 0` would hammer; at
 * most twice, for a wrong header must not silence a sender.
 */
export function clampRetryAfter (planMs: number, askedMs = planMs): number {
  return Math.min(Math.max(askedMs, planMs), 2 * planMs)
}

/** What became of a request that was passed on: the other side's JSON as it is, or a code of ours. */
export type Passed = { status: 'answered', httpStatus: number, body: string } | { status: 'failed', code: string }

/** The other side of the HTTP call. Never throws: every surprise is an outcome. */
export interface Provider {
  /** `onStart` is called as the request goes on a connection; never where it does not. */
  send: (grant: Grant, onStart?: () => void) => Promise<Outcome>
  /** One request that is no message (mark as read, typing) and so needs no grant: sent at once, once, in bounded time. */
  pass: (sender: string, edge: Edge, body: string) => Promise<Passed>
  close: () => Promise<void>
}
