import type { components, operations } from './openapi.js'

/** The shapes of the gateway's OpenAPI document, by the names they have there. */
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
/** Exactly one of `immediate`, `queued` and `duplicate` is true. */
export type Answer = Sent | Accepted | Duplicate
/** What became of one message of a batch, with the HTTP status that it alone would have had; refused where there is a `code`. */
export type BatchAnswer = (Schemas['AcceptedRow'] & Queued) | (Schemas['DuplicateRow'] & Repeated) | Schemas['ProblemRow']

/** What goes for every call. */
export interface CallOptions {
  /** Ends the call: it rejects with the signal's reason. */
  signal?: AbortSignal
  /** How long the call may take, all its tries and the rests between them. */
  timeoutMs?: number
}

/** A number, a business-scoped user id, or a group's id. */
export type To = string | { recipient: string } | { group: string }

/** All that a message can have besides recipient and content. */
export type MessageOptions = Omit<PostMessage, 'to' | 'recipient' | 'group' | 'message'>

export type SendOptions = MessageOptions & CallOptions & {
  /** Never send within the call, so that it answers at once: the message is `queued`. */
  respondAsync?: boolean
}

/** The query of an operation of the document, with what goes for every call. */
export type QueryOptions<Id extends keyof operations> = NonNullable<operations[Id]['parameters']['query']> & CallOptions
