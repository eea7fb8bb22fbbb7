import type { Static } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import { formatted } from '../formats.js'
import { campaignName, categoryMeanings, laneMeanings, oneOf, recipientText, senderName } from './common.js'

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
  ...formatted('idempotency-key'),
  description: 'Your name for the message: a repeat within 24 h is a duplicate. The header `Idempotency-Key` takes precedence. ' +
    'Without either, a key is derived from recipient, content, type, `timestamp` and `scheduledFor`'
})

export const time = (description: string) => Type.Union([Type.String({ maxLength: 64 }), Type.Number()], {
  ...formatted('time'),
  description: `${description}. RFC 3339 with a time zone, such as \`2030-01-31T09:30:00Z\`, or ms since the epoch as a number or its digits`
})

/** What a caller posts. Strict: an unknown field is more likely a typing error than intended. */
export const PostMessageSchema = Type.Object({
  to: Type.Optional(recipientText('phone', 'The recipient\'s number with its country code: 7 to 15 digits; + - ( ) and spaces are ignored')),
  recipient: Type.Optional(recipientText('user-id', 'Instead of `to`: the recipient\'s business-scoped user id, such as `US.13491208655302741918`')),
  group: Type.Optional(recipientText('group-id', 'Instead of `to`: the id of a group')),
  message: content,
  type: Type.Optional(Type.String({ pattern: '^[a-z_]{1,32}$', description: 'The Cloud API message type; `text` for a string' })),
  metadata: Type.Optional(metadata),
  idempotencyKey: Type.Optional(idempotencyKey),
  timestamp: Type.Optional(time('Makes a derived key differ')),
  deduplicate: Type.Optional(Type.Boolean({ description: 'false: no key is derived where none is given' })),
  priority: Type.Optional(oneOf(laneMeanings, 'The lane that the message joins')),
  category: Type.Optional(oneOf(categoryMeanings, 'WhatsApp\'s category of the message')),
  campaign: Type.Optional(campaignName),
  sender: senderName,
  whenLimited: Type.Optional(oneOf(
    { wait: 'it joins the queue, the default', reject: 'it is rejected with LIMITED' }, 'What to do with a message that cannot be sent at once')),
  expiresInMs: Type.Optional(Type.Integer({ minimum: 1000, maximum: 30 * DAY_MS, description: 'How long it may wait before it expires' })),
  scheduledFor: Type.Optional(time('When to send it at the earliest')),
  whenPast: Type.Optional(oneOf(
    { reject: 'it is rejected with SCHEDULED_IN_PAST, the default', send: 'it is sent at once' },
    'What to do if `scheduledFor` is more than a minute in the past')),
  onUnknown: Type.Optional(oneOf(
    { retry: 'it is sent again, so perhaps twice', fail: 'it is given up, although it may have been sent' },
    'What to do if its outcome stays unknown')),
  whenClosed: Type.Optional(oneOf(
    { reject: 'it is rejected with WINDOW_CLOSED, the default', wait: 'it waits until the recipient writes' },
    'What to do with a message that WhatsApp accepts only while the recipient\'s window is open, where it is closed; needs WINDOW_CHECK')),
  otherwise: Type.Optional(Type.Object({
    name: Type.String({ minLength: 1, maxLength: 512, description: 'Name of the template' }),
    language: Type.Object({ code: Type.String({ minLength: 1, maxLength: 32, description: 'Language of the template, such as `en_US`' }) }, {
      additionalProperties: true, description: 'Its language'
    })
  }, {
    additionalProperties: true,
    description: 'The Cloud API\'s template object that is sent instead where the recipient\'s window is closed; needs WINDOW_CHECK'
  }))
}, {
  $id: 'PostMessage',
  additionalProperties: false,
  oneOf: ['to', 'recipient', 'group'].map(name => ({ required: [name] })),
  description: 'A message to send; exactly one of `to`, `recipient` and `group` names its recipient'
})

export type PostMessage = Static<typeof PostMessageSchema>
