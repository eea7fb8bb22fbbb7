import type { Static } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import { categoryMeanings, laneMeanings, oneOf, senderName } from './common.js'

const DAY_MS = 86_400_000

/** What a caller posts. Strict: an unknown field is more often a typing error than a wish. */
export const PostMessageSchema = Type.Object({
  to: Type.Optional(Type.String({ minLength: 1, maxLength: 160, description: 'The recipient\'s number: 7 to 15 digits, + - ( ) and spaces allowed' })),
  recipient: Type.Optional(Type.String({ minLength: 1, maxLength: 160, description: 'Instead of `to`: the recipient\'s business-scoped user id, such as `US.13491208655302741918`' })),
  group: Type.Optional(Type.String({ minLength: 1, maxLength: 160, description: 'Instead of `to`: a group\'s id' })),
  message: Type.Union([
    Type.String({ minLength: 1, maxLength: 4096 }),
    Type.Record(Type.String(), Type.Unknown(), { minProperties: 1 })
  ], { description: 'A text, or a Cloud API message object, passed on as it is' }),
  type: Type.Optional(Type.String({ pattern: '^[a-z_]{1,32}$', description: 'The Cloud API message type; `text` for a string' })),
  metadata: Type.Optional(Type.Record(Type.String({ maxLength: 128 }), Type.Unknown(), { maxProperties: 50, description: 'Kept with the message and told with it; never sent. Entries can be searched for (`tag`)' })),
  idempotencyKey: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: 'Your name for the message: a repeat within 24 h is a duplicate. The header `Idempotency-Key` wins. Without either a key is derived from recipient, content, type and `timestamp`' })),
  timestamp: Type.Optional(Type.Union([Type.String({ minLength: 1, maxLength: 64 }), Type.Number()], { description: 'Makes a derived key differ' })),
  deduplicate: Type.Optional(Type.Boolean({ description: 'false: without a key, none is derived' })),
  priority: Type.Optional(oneOf(laneMeanings, 'The lane of the line')),
  category: Type.Optional(oneOf(categoryMeanings, 'What kind of message it is, in WhatsApp\'s words')),
  sender: senderName,
  whenLimited: Type.Optional(oneOf({ wait: 'it joins its line, the default', reject: 'it is refused with LIMITED' }, 'What to do with a message that can not be sent at once')),
  expiresInMs: Type.Optional(Type.Integer({ minimum: 1000, maximum: 30 * DAY_MS, description: 'How long it may wait before it is expired' })),
  scheduledFor: Type.Optional(Type.Union([Type.String({ minLength: 10, maxLength: 40 }), Type.Integer({ minimum: 0 })], { description: 'ISO 8601, or ms since the epoch; a moment in the past is now' })),
  onUnknown: Type.Optional(oneOf({ retry: 'it is sent again, perhaps twice in all', fail: 'it is given up, perhaps sent' }, 'What becomes of it if its outcome stays unknown'))
}, {
  $id: 'PostMessage',
  additionalProperties: false,
  oneOf: ['to', 'recipient', 'group'].map(name => ({ required: [name] })),
  description: 'A message to be sent; to one of `to`, `recipient` and `group`'
})

export type PostMessage = Static<typeof PostMessageSchema>

/** Rows of one batch at most. */
const MOST_ROWS = 1000
const rows = Type.Array(Type.Unknown(), { minItems: 1, maxItems: MOST_ROWS, description: 'The messages, each as in POST /messages; a bad one does not hurt the others' })

export const BatchSchema = Type.Union([rows, Type.Object({ messages: rows }, { additionalProperties: false })], {
  $id: 'Batch', description: 'An array of messages, or an object that holds it'
})

export const MessageParamsSchema = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 300, description: 'Id of the message, or your own idempotency key' })
})
export const MessageQuerySchema = Type.Object({ sender: senderName }, { additionalProperties: false })

const wanted = {
  recipient: Type.Optional(Type.String({ minLength: 1, maxLength: 160, description: 'Whom it is for: a number, a business-scoped user id, or `group:<id>`' })),
  idempotencyKey: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: 'What its caller called it' })),
  providerMessageId: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'What WhatsApp called it' })),
  tag: Type.Optional(Type.String({ pattern: '^[^:]{1,128}:.{1,512}$', description: 'An entry of the metadata as `key:value`' })),
}
const limit = Type.Integer({ minimum: 1, maximum: 100, default: 20, description: 'How many at most' })

export const FindMessagesSchema = Type.Object({ ...wanted, sender: senderName, limit }, { additionalProperties: false })

export const FindAllMessagesSchema = Type.Object({
  ...wanted,
  sender: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$', description: 'Phone number id of the sender; all senders if left out' })),
  limit
}, { $id: 'FindMessages', additionalProperties: false, description: 'What to look for' })
