import { Type } from '@sinclair/typebox'
import type { WaitingFor, KeySource, State } from '../../message.js'
import { categoryMeanings, count, either, flag, listOf, moment, momentOrNull, oneOf, oneOfOrNull, openOrNull, ref, sandboxFlag, text, textOrNull } from './common.js'

export const states: Record<State, string> = {
  scheduled: 'waits for its moment',
  queued: 'waits for its turn',
  sending: 'is under way to WhatsApp',
  sent: 'WhatsApp has taken it',
  delivered: 'the recipient\'s phone has it',
  read: 'the recipient has seen it',
  retrying: 'was refused for a reason that passes and waits for its next attempt',
  unknown: 'was written to WhatsApp and never answered; held before it is decided on',
  failed: 'given up',
  cancelled: 'taken out by somebody',
  expired: 'its life was over before its turn'
}

export const waitingForMeanings: Record<WaitingFor, string> = {
  'pair-rate': 'the rate limit of its recipient',
  'sender-rate': 'the rate limit of its sender',
  'turn-in-queue': 'messages before it, or a free place in flight',
  'cool-down': 'WhatsApp asked to slow down',
  pause: 'an operator paused the sender',
  'sender-stopped': 'WhatsApp rejects the sender: token, permission, account or payment',
  schedule: 'its own `scheduledFor`',
  retry: 'the retry schedule'
}

const keySources: Record<KeySource, string> = {
  header: 'the header `Idempotency-Key`', field: 'the field `idempotencyKey`', derived: 'made from recipient, content, type and timestamp', none: 'it has none'
}

/** A string for a text, else a Cloud API message object. */
export const contentSchema = Type.Unsafe<string | Record<string, unknown>>({ type: ['string', 'object'], additionalProperties: true, description: 'A text, or a Cloud API message object' })
const contentOrNull = Type.Unsafe<string | Record<string, unknown> | null>({ ...contentSchema, type: ['string', 'object', 'null'], description: 'A text or a Cloud API message object; null once the message is settled and its content forgotten' })

export const DeliveryErrorSchema = Type.Object({
  code: text('WhatsApp\'s error code, or a code of the gateway\'s own such as `TIMEOUT`'),
  message: textOrNull('What WhatsApp, or the connection, said'),
  explanation: text('What it means'),
  remedy: text('What to do about it')
}, { $id: 'DeliveryError', description: 'Why an attempt was not taken' })

export const AttemptSchema = Type.Object({
  attempt: count('Counted from 1'),
  at: moment('When it was settled'),
  durationMs: Type.Unsafe<number | null>({ type: ['integer', 'null'], minimum: 0, description: 'From the start to the verdict' }),
  outcome: text('What it came to: `sent`, `retryable`, `limited`, `rejected`, `sender-stopped`, `unsent` or `unknown`'),
  code: textOrNull('The error\'s code'),
  error: textOrNull('What was said')
}, { $id: 'Attempt', description: 'One try at WhatsApp' })

/** What tells a wait: only together, and only while the message waits. */
const wait = {
  delayMs: Type.Optional(Type.Unsafe<number | null>({ type: ['integer', 'null'], minimum: 0, description: 'How long it will wait at least; null where no end is known' })),
  expectedAt: Type.Optional(momentOrNull('The earliest moment at which it goes; null where no end is known')),
  position: Type.Optional(count('Its place in the recipient\'s line, from 1')),
  waitingFor: Type.Optional(oneOfOrNull(waitingForMeanings, 'What it waits for'))
}
const waId = Type.Optional(text('WhatsApp\'s id of the recipient, where it took it for another than the caller wrote'))
const error = Type.Optional(ref(DeliveryErrorSchema, 'Why the last attempt was not taken'))
const nextRetryAt = Type.Optional(momentOrNull('When it is tried again, or decided on'))

const head = {
  id: text('Names the message in this gateway'),
  jobId: text('The idempotency key, or the id where there is none'),
  idempotencyKey: textOrNull('The key that counts'),
  keySource: oneOf(keySources, 'Where the key came from')
}
const told = {
  ...head,
  status: oneOf(states, 'Where the message stands'),
  immediate: flag('It was sent within this request'),
  queued: flag('It waits'),
  duplicate: flag('It repeats an earlier one: nothing is sent'),
  sandbox: sandboxFlag
}

export const MessageSchema = Type.Object({
  ...head,
  jobId: textOrNull('The idempotency key, or the id where there is none; null once the message is settled, unless it was asked for by its key'),
  idempotencyKey: textOrNull('The key that counts; null once the message is settled, unless it was asked for by its key'),
  keySource: oneOfOrNull(keySources, 'Where the key came from'),
  status: told.status,
  sender: text('Phone number id of the sender'),
  to: textOrNull('The recipient as the caller wrote it: number, business-scoped user id or group; null once the message is settled'),
  message: contentOrNull,
  type: textOrNull('The Cloud API message type; null once the message is settled'),
  metadata: openOrNull('As the caller gave it'),
  category: Type.Optional(oneOf(categoryMeanings, 'As the caller gave it, while the message is kept')),
  cancelledFor: Type.Optional(oneOf({ 'opted-out': 'it was marketing, and its recipient wants none' }, 'Why it was cancelled, where nobody asked for that')),
  callbackData: Type.Optional(text('The caller\'s own `biz_opaque_callback_data`, where the message came through the drop-in surface with one')),
  createdAt: moment('When it was accepted'),
  settledAt: momentOrNull('When it ended'),
  expiresAt: momentOrNull('When it is dropped if it still waits'),
  attemptCount: count('Attempts that count'),
  providerMessageId: textOrNull('WhatsApp\'s id of the message'),
  waId,
  deliveredAt: momentOrNull('By a webhook'),
  readAt: momentOrNull('By a webhook'),
  deliveryError: Type.Optional(ref(DeliveryErrorSchema, 'A webhook told of a failure after the delivery')),
  ...wait,
  nextRetryAt,
  error,
  acknowledgedAt: Type.Optional(moment('When somebody acknowledged its failure')),
  acknowledgedBy: Type.Optional(text('The API key that did')),
  note: Type.Optional(text('What was noted with it')),
  attempts: listOf(AttemptSchema, 'Those that came to something else than sent at once, oldest first'),
  sandbox: sandboxFlag
}, { $id: 'Message', description: 'A message with its state and its story' })

export const SentSchema = Type.Object({
  ...told,
  providerMessageId: textOrNull('WhatsApp\'s id of the message'),
  waId,
  messageStatus: Type.Optional(text('WhatsApp\'s own word on it, where it said one: `accepted`, or `held_for_quality_assessment` for a template that is paced'))
}, { $id: 'Sent', description: 'The message was sent within the request (`immediate`)' })
export const AcceptedSchema = Type.Object({ ...told, ...wait, error, nextRetryAt }, { $id: 'Accepted', description: 'The message is accepted and waits (`queued`)' })
export const DuplicateSchema = Type.Object({ ...MessageSchema.properties, ...told }, { $id: 'Duplicate', description: 'The key is known: the first message\'s state, and nothing is sent (`duplicate`)' })

export const AnswerSchema = Type.Unsafe({ ...either(SentSchema, AcceptedSchema, DuplicateSchema), $id: 'Answer', description: 'Every 2xx of POST /messages; exactly one of `immediate`, `queued` and `duplicate` is true' })

export const MessagesSchema = Type.Object({ messages: listOf(MessageSchema, 'Newest first') }, { $id: 'Messages', description: 'What was found' })

export const httpStatus = Type.Integer({ description: 'The status that the message alone would have had' })
export const AcceptedRowSchema = Type.Object({ httpStatus, ...AcceptedSchema.properties }, { $id: 'AcceptedRow', description: 'A row of a batch that is accepted' })
export const DuplicateRowSchema = Type.Object({ httpStatus, ...DuplicateSchema.properties }, { $id: 'DuplicateRow', description: 'A row of a batch whose key is known' })
