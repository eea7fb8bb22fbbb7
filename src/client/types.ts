import type { components, operations } from './openapi.js'

/** The schemas of the gateway's OpenAPI document, by their names there. */
type Schemas = components['schemas']

/** Exactly one of `to`, `recipient` and `group` names the recipient of a message. */
type Named =
  | { to: string, recipient?: never, group?: never }
  | { recipient: string, to?: never, group?: never }
  | { group: string, to?: never, recipient?: never }

/**
 * A message to send, a row of `sendBatch`.
 *
 * @example
 * const message: PostMessage = { to: '+15550101234', message: 'Hello', metadata: { orderId: 'ORD123' } }
 */
export type PostMessage = Omit<Schemas['PostMessage'], 'to' | 'recipient' | 'group'> & Named
export type Message = Schemas['Message']
export type Failure = Schemas['Failure']
export type Failures = Schemas['Failures']
export type RetryCounts = Schemas['RetryCounts']
export type RetryWorkerStatus = Schemas['RetryWorkerStatus']
export type RateLimit = Schemas['RateLimit']
export type Sender = Schemas['Sender']
export type Templates = Schemas['Templates']
export type Rates = Schemas['Rates']
export type Campaign = Schemas['Campaign']
export type CallerState = Schemas['CallerState']
export type BulkJob = Schemas['BulkJob']
/** Where waiting messages go. */
export type MoveMessage = Schemas['MoveMessage']
/** A bulk job to start. */
export type StartJob = Omit<Schemas['StartJob'], 'dryRun'> & { dryRun?: boolean }
export type Rules = Schemas['Rules']
export type Quota = Schemas['Quota']
export type Stats = Schemas['Stats']
export type QueueStats = Schemas['QueueStats']
export type AuditEntry = Schemas['AuditEntry']
export type OptOuts = Schemas['OptOuts']
export type EraseResult = Schemas['Erased']
export type { Schemas }

/** `Base` without the fields of `More`, and these. */
type With<Base, More> = Omit<Base, keyof More> & More
type Waiting = 'scheduled' | 'queued' | 'sending' | 'retrying' | 'unknown'

/**
 * WhatsApp accepted the message within the call. `providerMessageId` is null in one rare case: the response was lost, and a webhook or a repeat
 * has proved the send.
 */
export type Sent = With<Schemas['Sent'], { immediate: true, queued: false, duplicate: false, status: 'sent' | 'delivered' | 'read' }>
/** The message waits, for `delayMs` at least: null if no end is known, and for an attempt under way or a retry, whose time is `nextRetryAt`. */
export type Accepted = With<Schemas['Accepted'], { immediate: false, queued: true, duplicate: false, status: Waiting, delayMs: number | null }>
/** The key is known: the state of the first message. Nothing was sent. */
export type Duplicate = With<Schemas['Duplicate'], { immediate: false, queued: false, duplicate: true }>
/** The result of `sendMessage`. Exactly one of `immediate`, `queued` and `duplicate` is true. */
export type SendResult = Sent | Accepted | Duplicate
/** The result of one row of a batch, with the HTTP status of a single request. A rejected row has a `code`. */
export type BatchResult = Accepted & { httpStatus: number } | Duplicate & { httpStatus: number } | Rejected
/** A row of a batch that the gateway rejected. */
export type Rejected = Schemas['ProblemRow'] & { immediate?: never, queued?: never, duplicate?: never }

export interface ClientOptions {
  /** Address of the gateway, such as `http://localhost:3000`; may have a path, and may end in `/api/v1`. */
  baseUrl: string
  /** One of the gateway's API keys; not needed if the gateway has none. */
  apiKey?: string
  /** Longest duration of a call in ms, with all tries and the delays between them; 30,000 by default. */
  timeoutMs?: number
  /** Longest duration of one try in ms before it is retried; 10,000 by default. */
  tryTimeoutMs?: number
  /** Most open connections; 16 by default. */
  connections?: number
  /** Whether `sendMessage` calls with `respondAsync` that are made at the same time share requests; true by default. */
  batching?: boolean
}

/** Options of every call. */
export interface CallOptions {
  /** Aborts the call: it rejects with the signal's reason. */
  signal?: AbortSignal
  /** Longest duration of the call in ms, with all tries and the delays between them; the client's `timeoutMs` by default. */
  timeoutMs?: number
}

/** A phone number, a business-scoped user id (`recipient`), or a group id (`group`). */
export type Recipient = string | { recipient: string } | { group: string }

/** The fields of a message except recipient and content. */
export type MessageOptions = Omit<Schemas['PostMessage'], 'to' | 'recipient' | 'group' | 'message'>

export type SendOptions = MessageOptions & CallOptions & {
  /**
   * Do not send within the call: it returns at once with a `queued` message. Such calls share requests where they are made at the same time, unless
   * the client has `batching: false`.
   */
  respondAsync?: boolean
}

/** The query of an API operation, with the options of every call. */
export type QueryOptions<Id extends keyof operations> = NonNullable<operations[Id]['parameters']['query']> & CallOptions

/** CallOptions after destructuring: an absent option is undefined. */
export type UndefinedCallOptions = { [Key in keyof CallOptions]: CallOptions[Key] | undefined }
