import type { components, operations } from './openapi.js'

/** The schemas of the gateway's OpenAPI document, by their names there. */
type Schemas = components['schemas']

export type PostMessage = Schemas['PostMessage']
export type Message = Schemas['Message']
export type Failure = Schemas['Failure']
export type Failures = Schemas['Failures']
export type RetryCounts = Schemas['RetryCounts']
export type RetryWorkerStatus = Schemas['RetryWorkerStatus']
export type RateLimit = Schemas['RateLimit']
export type Sender = Schemas['Sender']
export type Rules = Schemas['Rules']
export type Quota = Schemas['Quota']
export type Stats = Schemas['Stats']
export type QueueStats = Schemas['QueueStats']
export type AuditEntry = Schemas['AuditEntry']
export type OptOuts = Schemas['OptOuts']
export type EraseResult = Schemas['Erased']
export type { Schemas }

interface Immediate { immediate: true, queued: false, duplicate: false }
interface Queued { immediate: false, queued: true, duplicate: false }
interface Repeated { duplicate: true }

export type Sent = Schemas['Sent'] & Immediate
export type Accepted = Schemas['Accepted'] & Queued
export type Duplicate = Schemas['Duplicate'] & Repeated
/** The result of `sendMessage`. Exactly one of `immediate`, `queued` and `duplicate` is true. */
export type SendResult = Sent | Accepted | Duplicate
/** The result of one row of a batch, with the HTTP status of a single request. A rejected row has a `code`. */
export type BatchResult = (Schemas['AcceptedRow'] & Queued) | (Schemas['DuplicateRow'] & Repeated) | Schemas['ProblemRow']

export interface ClientOptions {
  /** URL of the gateway, such as `http://localhost:3000`; may have a path, which precedes `/api/v1`. */
  baseUrl: string
  /** One of the gateway's API keys; not needed if the gateway has none. */
  apiKey?: string
  /** Longest duration of a call in ms, with all tries and the delays between them; 30,000 by default. */
  timeoutMs?: number
  /** Longest duration of one try in ms before it is retried; 10,000 by default. */
  tryTimeoutMs?: number
  /** Most open connections; 16 by default. */
  connections?: number
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
export type MessageOptions = Omit<PostMessage, 'to' | 'recipient' | 'group' | 'message'>

export type SendOptions = MessageOptions & CallOptions & {
  /** Do not send within the call: it returns at once with a `queued` message. */
  respondAsync?: boolean
}

/** The query of an API operation, with the options of every call. */
export type QueryOptions<Id extends keyof operations> = NonNullable<operations[Id]['parameters']['query']> & CallOptions
