import { Type } from '@sinclair/typebox'

const sender = Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }))

export const ListFailuresSchema = Type.Object({
  status: Type.Optional(Type.Union([Type.Literal('PENDING'), Type.Literal('RESOLVED'), Type.Literal('FAILED')])),
  due: Type.Optional(Type.Boolean({ description: 'Only PENDING ones whose retry is due' })),
  sender,
  recipient: Type.Optional(Type.String({ minLength: 1, maxLength: 40 })),
  idempotencyKey: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
  cursor: Type.Optional(Type.String({ maxLength: 400 })),
  limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 })
}, { additionalProperties: false })

export const RetryFailuresSchema = Type.Object({
  limit: Type.Integer({ minimum: 1, maximum: 1000, default: 10 }),
  force: Type.Boolean({ default: false, description: 'Also failures whose retry is not yet due' }),
  sender
}, { additionalProperties: false })

const note = Type.Optional(Type.String({ minLength: 1, maxLength: 500, pattern: '^[^\\x00-\\x1f]*$' }))

export const AcknowledgeSchema = Type.Object({ note }, { additionalProperties: false })

export const AcknowledgeAllSchema = Type.Object({
  status: Type.Union([Type.Literal('PENDING'), Type.Literal('FAILED')], { default: 'FAILED' }),
  sender,
  recipient: Type.Optional(Type.String({ minLength: 1, maxLength: 40 })),
  idempotencyKey: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
  limit: Type.Integer({ minimum: 1, maximum: 10_000, default: 1000 }),
  note
}, { additionalProperties: false })

export const FailureParamsSchema = Type.Object({ id: Type.String({ minLength: 1, maxLength: 300 }) })
