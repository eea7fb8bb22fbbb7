import type { Static } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import { categoryMeanings, laneMeanings, oneOf, recipientText, senderName } from './common.js'

const DAY_MS = 86_400_000

const content = Type.Union([
  Type.String({ minLength: 1, maxLength: 4096 }),
  Type.Record(Type.String(), Type.Unknown(), { minProperties: 1 })
], { description: 'A text, or a Cloud API message object, which is passed on unchanged' })

const metadata = Type.Record(Type.String({ maxLength: 128 }), Type.Unknown(), {
  maxProperties: 50, description: 'Stored with the message and returned with it; never sent. Entries can be searched for (`tag`)'
})

const idempotencyKey = Type.String({
  minLength: 1,
  maxLength: 256,
  description: 'Your name for the message: a repeat within 24 h is a duplicate. The header `Idempotency-Key` takes precedence. ' +
    'Without either, a key is derived from recipient, content, type and `timestamp`'
})

const scheduledFor = Type.Union([Type.String({ minLength: 10, maxLength: 40 }), Type.Integer({ minimum: 0 })], {
  description: 'ISO 8601, or ms since the epoch; a time in the past means now'
})

/** What a caller posts. Strict: an unknown field is more likely a typing error than intended. */
export const PostMessageSchema = Type.Object({
  to: Type.Optional(recipientText('The recipient\'s number: 7 to 15 digits, + - ( ) and spaces allowed')),
  recipient: Type.Optional(recipientText('Instead of `to`: the recipient\'s business-scoped user id, such as `US.13491208655302741918`')),
  group: Type.Optional(recipientText('Instead of `to`: the id of a group')),
  message: content,
  type: Type.Optional(Type.String({ pattern: '^[a-z_]{1,32}$', description: 'The Cloud API message type; `text` for a string' })),
  metadata: Type.Optional(metadata),
  idempotencyKey: Type.Optional(idempotencyKey),
  timestamp: Type.Optional(Type.Union([Type.String({ minLength: 1, maxLength: 64 }), Type.Number()], { description: 'Makes a derived key differ' })),
  deduplicate: Type.Optional(Type.Boolean({ description: 'false: no key is derived where none is given' })),
  priority: Type.Optional(oneOf(laneMeanings, 'The lane that the message joins')),
  category: Type.Optional(oneOf(categoryMeanings, 'WhatsApp\'s category of the message')),
  sender: senderName,
  whenLimited: Type.Optional(oneOf(
    { wait: 'it joins the queue, the default', reject: 'it is refused with LIMITED' }, 'What to do with a message that cannot be sent at once')),
  expiresInMs: Type.Optional(Type.Integer({ minimum: 1000, maximum: 30 * DAY_MS, description: 'How long it may wait before it expires' })),
  scheduledFor: Type.Optional(scheduledFor),
  onUnknown: Type.Optional(oneOf(
    { retry: 'it is sent again, so perhaps twice', fail: 'it is given up, although it may have been sent' },
    'What to do if its outcome stays unknown'))
}, {
  $id: 'PostMessage',
  additionalProperties: false,
  oneOf: ['to', 'recipient', 'group'].map(name => ({ required: [name] })),
  description: 'A message to send; exactly one of `to`, `recipient` and `group` names its recipient'
})

export type PostMessage = Static<typeof PostMessageSchema>
