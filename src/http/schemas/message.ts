import type { Static } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'

const DAY_MS = 86_400_000

/** What a caller posts. Strict: an unknown field is more often a typing error than a wish. */
export const PostMessageSchema = Type.Object({
  to: Type.String({ minLength: 1, maxLength: 160, description: 'The recipient: 7 to 15 digits, + - ( ) and spaces allowed' }),
  message: Type.Union([
    Type.String({ minLength: 1, maxLength: 4096 }),
    Type.Record(Type.String(), Type.Unknown(), { minProperties: 1 })
  ], { description: 'A text, or a Cloud API message object' }),
  type: Type.Optional(Type.String({ pattern: '^[a-z_]{1,32}$', description: 'The Cloud API message type; `text` for a string' })),
  metadata: Type.Optional(Type.Record(Type.String({ maxLength: 128 }), Type.Unknown(), { maxProperties: 50 })),
  idempotencyKey: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
  timestamp: Type.Optional(Type.Union([Type.String({ minLength: 1, maxLength: 64 }), Type.Number()], { description: 'Makes a derived key differ' })),
  deduplicate: Type.Optional(Type.Boolean({ description: 'false: without a key, none is derived' })),
  priority: Type.Optional(Type.Union([Type.Literal('urgent'), Type.Literal('normal'), Type.Literal('bulk')])),
  sender: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' })),
  whenLimited: Type.Optional(Type.Union([Type.Literal('wait'), Type.Literal('reject')])),
  expiresInMs: Type.Optional(Type.Integer({ minimum: 1000, maximum: 30 * DAY_MS })),
  scheduledFor: Type.Optional(Type.Union([Type.String({ minLength: 10, maxLength: 40 }), Type.Integer({ minimum: 0 })], { description: 'ISO 8601, or ms since the epoch; a moment in the past is now' })),
  onUnknown: Type.Optional(Type.Union([Type.Literal('retry'), Type.Literal('fail')]))
}, { additionalProperties: false })

export type PostMessage = Static<typeof PostMessageSchema>

export const MessageParamsSchema = Type.Object({ id: Type.String({ minLength: 1, maxLength: 300 }) })
export const MessageQuerySchema = Type.Object({ sender: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' })) }, { additionalProperties: false })

export const FindMessagesSchema = Type.Object({
  recipient: Type.Optional(Type.String({ minLength: 1, maxLength: 40 })),
  idempotencyKey: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
  providerMessageId: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  tag: Type.Optional(Type.String({ pattern: '^[^:]{1,128}:.{1,512}$', description: 'An entry of the metadata as `key:value`' })),
  sender: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' })),
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 })
}, { additionalProperties: false })
