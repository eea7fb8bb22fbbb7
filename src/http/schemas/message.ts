import type { Static } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import type { KeySource, State, WaitingFor } from '../../message.js'
import type { Warning } from '../../recipient.js'
import {
  anyObjectOrNull, categoryMeanings, count, countOrNull, either, flag, laneMeanings, listOf, oneOf, oneOfOrNull, ref, sandboxFlag, senderIdText, text,
  textOrNull, timestamp, timestampOrNull, unavailable
} from './common.js'

export const states: Record<State, string> = {
  scheduled: 'waits for its `scheduledFor`',
  queued: 'waits in its recipient\'s queue',
  sending: 'is being sent to WhatsApp',
  sent: 'WhatsApp accepted it',
  delivered: 'it reached the recipient\'s phone',
  read: 'the recipient read it',
  retrying: 'failed for a temporary reason and waits for its next attempt',
  unknown: 'was sent and got no response; held until its outcome is known or the hold time ends',
  failed: 'failed permanently',
  cancelled: 'cancelled before it was sent',
  expired: 'its lifetime ended before it could be sent'
}

export const waitingForMeanings: Record<WaitingFor, string> = {
  'pair-rate': 'the rate limit of its recipient',
  'sender-rate': 'the rate limit of its sender',
  'turn-in-queue': 'earlier messages, or a free place in flight',
  'cool-down': 'the end of a cool-down: WhatsApp asked to slow down',
  pause: 'an operator paused the sender',
  'sender-stopped': 'WhatsApp rejects the sender: token, permission, account or payment',
  outage: 'WhatsApp is down, or works again and the backlog is sent in stages; of the lane `bulk` also while WhatsApp reports no statuses',
  'template-paused': 'its template is not approved at WhatsApp now; it is sent once it is approved again',
  'campaign-paused': 'its campaign is paused; it is sent once that is resumed',
  'campaign-start': 'its campaign has not begun',
  'campaign-rate': 'as many messages of its campaign have started as its plan allows',
  'template-rate': 'as many messages of its template have started as an operator allows',
  'category-rate': 'as many messages of its category have started as an operator allows',
  'templates-stopped': 'WhatsApp sends no template of the sender: payment, quality or policy',
  window: 'its recipient to write or call: WhatsApp accepts it only within 24 hours after that',
  'daily-limit': 'the daily limit: so many people have got a message outside of their windows in the last 24 hours',
  schedule: 'its own `scheduledFor`',
  retry: 'the retry schedule'
}

const keySources: Record<KeySource, string> = {
  header: 'the header `Idempotency-Key`',
  field: 'the field `idempotencyKey`',
  derived: 'derived from recipient, content, type, `timestamp` and `scheduledFor`',
  none: 'it has none'
}

/** A string for a text, else a Cloud API message object. */
export const contentSchema = Type.Unsafe<string | Record<string, unknown>>({
  type: ['string', 'object'], additionalProperties: true, description: 'A text, or a Cloud API message object'
})
const contentOrNull = Type.Unsafe<string | Record<string, unknown> | null>({
  ...contentSchema,
  type: ['string', 'object', 'null'],
  description: 'A text or a Cloud API message object; null once the message is settled and its content deleted'
})

export const DeliveryErrorSchema = Type.Object({
  code: text('WhatsApp\'s error code, or a code of the gateway such as `TIMEOUT`'),
  message: textOrNull('The error text of WhatsApp or of the connection'),
  explanation: text('What the code means'),
  remedy: text('What to do about it')
}, { $id: 'DeliveryError', description: 'Why an attempt failed' })

export const AttemptSchema = Type.Object({
  attempt: count('Counted from 1'),
  at: timestamp('When it was settled'),
  durationMs: countOrNull('From the start of the request to its outcome'),
  outcome: text('Its outcome: `sent`, `retryable`, `limited`, `rejected`, `sender-stopped`, `unsent` or `unknown`'),
  code: textOrNull('The error code'),
  error: textOrNull('The error text')
}, { $id: 'Attempt', description: 'One attempt to send a message' })

export const MovedSchema = Type.Object({
  at: timestamp('When it was moved'),
  by: text('The API key that moved it'),
  priority: Type.Optional(oneOf(laneMeanings, 'The lane that it joined')),
  scheduledFor: Type.Optional(timestamp('When it was to be sent at the earliest')),
  expiresAt: Type.Optional(timestamp('When it was to expire'))
}, { $id: 'Moved', description: 'A waiting message was moved to another lane, time or end of its life' })

export const delayMs = countOrNull('How long it waits at least; null if no end is known')
export const expectedAt = timestampOrNull('The earliest time at which it can be sent; null if no end is known')
export const position = count('Its position in the recipient\'s queue, from 1')
export const waitingFor = oneOfOrNull(waitingForMeanings, 'What it waits for')
export const nextRetryAt = timestampOrNull('When the next attempt, or the decision on its unknown outcome, is due')

/** Present together, and only while the message waits. */
const wait = {
  delayMs: Type.Optional(delayMs), expectedAt: Type.Optional(expectedAt), position: Type.Optional(position), waitingFor: Type.Optional(waitingFor)
}
const waId = Type.Optional(text('WhatsApp\'s id of the recipient, if it differs from what the caller wrote'))
const error = Type.Optional(ref(DeliveryErrorSchema, 'Why the last attempt failed'))
const providerMessageId = textOrNull('WhatsApp\'s id of the message')

const identity = {
  id: text('The gateway\'s id of the message'),
  jobId: text('The idempotency key, or the id if there is none'),
  idempotencyKey: textOrNull('The idempotency key in force'),
  keySource: oneOf(keySources, 'Where the key came from')
}
const warningCodes: Record<Warning['code'], string> = {
  NUMBER_IMPOSSIBLE: 'no number of this country has so many digits; numbering plans change, so the message is accepted'
}
export const WarningSchema = Type.Object({
  code: oneOf(warningCodes, 'What is unusual; stable'), field: text('The field'), detail: text('What is unusual, as a sentence')
}, { $id: 'Warning', description: 'Something unusual about an accepted message' })

/** What a response repeats of its request. */
export const understood = {
  scheduledFor: Type.Optional(timestamp('`scheduledFor` as understood; of a duplicate that of the first message, while that is scheduled')),
  warnings: Type.Optional(listOf([WarningSchema], 'Present if the message is accepted although something about it is unusual'))
}

const posted = {
  ...identity,
  status: oneOf(states, 'The state of the message'),
  immediate: flag('It was sent within this request'),
  queued: flag('It waits'),
  duplicate: flag('It repeats an earlier message: nothing is sent'),
  ...understood,
  sandbox: sandboxFlag
}

const replaced = Type.Optional(flag('The recipient\'s window was closed, and `otherwise` was sent in place of the message; absent otherwise'))

export const MessageSchema = Type.Object({
  ...identity,
  jobId: textOrNull('The idempotency key, or the id if there is none; null once the message is settled, unless it was requested by its key'),
  idempotencyKey: textOrNull('The idempotency key in force; null once the message is settled, unless it was requested by its key'),
  keySource: oneOfOrNull(keySources, 'Where the key came from'),
  status: posted.status,
  sender: senderIdText,
  to: textOrNull('The recipient as it is sent: `+` and the digits of a number, a business-scoped user id or a group; null once it is settled'),
  recipient: textOrNull('The recipient in canonical form: a number in digits, a business-scoped user id, or `group:<id>`; null once erased'),
  caller: text('The API key that posted it'),
  message: contentOrNull,
  type: textOrNull('The Cloud API message type; null once the message is settled'),
  metadata: anyObjectOrNull('As the caller gave it'),
  priority: Type.Optional(oneOf(laneMeanings, 'Its lane, while the message is stored')),
  category: Type.Optional(oneOf(categoryMeanings, 'As the caller gave it, while the message is stored')),
  cancelledFor: Type.Optional(oneOf<string>({
    'opted-out': 'marketing to a recipient who has opted out', campaign: 'its campaign was cancelled'
  }, 'Why it was cancelled without a request for this message')),
  campaign: Type.Optional(text('Its campaign, if the caller gave one')),
  template: Type.Optional(text('Name of its template, if it is made of one')),
  callbackData: Type.Optional(text('The caller\'s own `biz_opaque_callback_data`, if the message had one')),
  createdAt: timestamp('When it was accepted'),
  scheduledFor: Type.Optional(timestamp('When it is to be sent at the earliest, while it is scheduled')),
  settledAt: timestampOrNull('When it ended'),
  expiresAt: timestampOrNull('When it expires if it still waits'),
  attemptCount: count('Attempts that count against the retry schedule'),
  providerMessageId,
  waId,
  replaced,
  deliveredAt: timestampOrNull('When it was delivered, from a webhook'),
  readAt: timestampOrNull('When it was read, from a webhook'),
  deliveryError: Type.Optional(ref(DeliveryErrorSchema, 'A failure that a webhook reported after WhatsApp accepted the message')),
  ...wait,
  nextRetryAt: Type.Optional(nextRetryAt),
  error,
  acknowledgedAt: Type.Optional(timestamp('When its failure was acknowledged')),
  acknowledgedBy: Type.Optional(text('The API key that acknowledged it')),
  note: Type.Optional(text('The note of the acknowledgement')),
  attempts: listOf([AttemptSchema], 'Attempts that did not succeed at once, oldest first'),
  moves: Type.Optional(listOf([MovedSchema], 'How it was moved while it waited, oldest first; absent if it was not, or once it is sent')),
  sandbox: sandboxFlag
}, { $id: 'Message', description: 'A message with its state and its history' })

export const SentSchema = Type.Object({
  ...posted,
  providerMessageId,
  waId,
  replaced,
  messageStatus: Type.Optional(text(
    'WhatsApp\'s status of the message, if given: `accepted`, or `held_for_quality_assessment` for a paced template'))
}, { $id: 'Sent', description: 'The message was sent within the request (`immediate`)' })

export const AcceptedSchema = Type.Object({ ...posted, ...wait, error, nextRetryAt: Type.Optional(nextRetryAt) }, {
  $id: 'Accepted', description: 'The message is accepted and waits (`queued`)'
})

export const DuplicateSchema = Type.Object({ ...MessageSchema.properties, ...posted }, {
  $id: 'Duplicate', description: 'The idempotency key is known: the state of the first message; nothing is sent (`duplicate`)'
})

export const PostResponseSchema = Type.Unsafe<Static<typeof SentSchema> | Static<typeof AcceptedSchema> | Static<typeof DuplicateSchema>>({
  ...either(SentSchema, AcceptedSchema, DuplicateSchema),
  $id: 'PostResponse',
  description: 'Every 2xx response of POST /messages; exactly one of `immediate`, `queued` and `duplicate` is true'
})

export const MessagesSchema = Type.Object({
  messages: listOf([MessageSchema], 'Newest first'),
  nextCursor: textOrNull('`cursor` of the next page; null at the end'),
  unavailable
}, {
  $id: 'Messages', description: 'A page of the messages found'
})

const httpStatus = Type.Integer({ description: 'The HTTP status that the message alone would have had' })
export const AcceptedRowSchema = Type.Object({ httpStatus, ...AcceptedSchema.properties }, {
  $id: 'AcceptedRow', description: 'A row of a batch that is accepted'
})
export const DuplicateRowSchema = Type.Object({ httpStatus, ...DuplicateSchema.properties }, {
  $id: 'DuplicateRow', description: 'A row of a batch whose idempotency key is known'
})

export type DeliveryError = Static<typeof DeliveryErrorSchema>
export type Message = Static<typeof MessageSchema>
export type Sent = Static<typeof SentSchema>
export type Accepted = Static<typeof AcceptedSchema>
export type Duplicate = Static<typeof DuplicateSchema>
