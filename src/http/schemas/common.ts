/** Building blocks of several resources. A schema with an `$id` is a component of the OpenAPI document under that name. */
import type { Static, TSchema, TUnsafe } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import type { Category, Lane } from '../../message.js'
import { CAMPAIGN_NAME } from '../../values/campaign-name.js'
import { type Format, formatted } from '../formats.js'

/** One of several words, each with its meaning; the record makes the compiler require all of them. */
export function oneOf<Word extends string> (words: Record<Word, string>, description: string, more: { default?: NoInfer<Word> } = {}): TUnsafe<Word> {
  const meanings = Object.entries(words).map(([word, meaning]) => `\`${word}\`: ${String(meaning)}`)
  return Type.Unsafe<Word>({ type: 'string', enum: Object.keys(words), description: `${description}. ${meanings.join('. ')}`, ...more })
}

/** One of several words, or null. */
export function oneOfOrNull<Word extends string> (words: Record<Word, string>, description: string): TUnsafe<Word | null> {
  return Type.Unsafe<Word | null>({ ...oneOf(words, description), type: ['string', 'null'], enum: [...Object.keys(words), null] })
}

export const text = (description: string): TUnsafe<string> => Type.Unsafe<string>({ type: 'string', description })
export const textOrNull = (description: string): TUnsafe<string | null> => Type.Unsafe<string | null>({ type: ['string', 'null'], description })
export const count = (description: string): TUnsafe<number> => Type.Unsafe<number>({ type: 'integer', minimum: 0, description })
export const countOrNull = (description: string): TUnsafe<number | null> =>
  Type.Unsafe<number | null>({ type: ['integer', 'null'], minimum: 0, description })
export const flag = (description: string): TUnsafe<boolean> => Type.Unsafe<boolean>({ type: 'boolean', description })

/** ISO 8601 with milliseconds, UTC. */
export const timestamp = (description: string): TUnsafe<string> => Type.Unsafe<string>({ type: 'string', format: 'date-time', description })
export const timestampOrNull = (description: string): TUnsafe<string | null> =>
  Type.Unsafe<string | null>({ type: ['string', 'null'], format: 'date-time', description })

/** An object with any members, or null. */
export const anyObjectOrNull = (description: string): TUnsafe<Record<string, unknown> | null> =>
  Type.Unsafe<Record<string, unknown> | null>({ type: ['object', 'null'], additionalProperties: true, description })

/** A field with a default: callers may omit it, and the handler always has it, because the validator fills it in. */
export function defaulted<Schema extends TSchema> (schema: Schema): Schema {
  return Type.Optional(schema) as unknown as Schema
}

/**
 * Refers to a component instead of repeating it. Responses only: the validator of requests knows no components.
 * `allOf`, because @fastify/swagger drops a description next to `$ref`.
 */
export function ref<Schema extends TSchema> (schema: Schema, description?: string): TUnsafe<Static<Schema>> {
  const reference = { $ref: schema.$id ?? '' }
  return Type.Unsafe<Static<Schema>>(description === undefined ? reference : { allOf: [reference], description })
}

export function refOrNull<Schema extends TSchema> (schema: Schema, description: string): TUnsafe<Static<Schema> | null> {
  return Type.Unsafe<Static<Schema> | null>({ anyOf: [ref(schema), { type: 'null' }], description })
}

export function listOf<Schemas extends [TSchema, ...TSchema[]]> (schemas: Schemas, description: string): TUnsafe<Array<Static<Schemas[number]>>> {
  const items = schemas.length === 1 ? ref(schemas[0]) : either(...schemas)
  return Type.Unsafe<Array<Static<Schemas[number]>>>({ type: 'array', items, description })
}

export function either<Schemas extends TSchema[]> (...schemas: Schemas): TUnsafe<Static<Schemas[number]>> {
  return Type.Unsafe<Static<Schemas[number]>>({ anyOf: schemas.map(schema => ref(schema)) })
}

export const laneMeanings: Record<Lane, string> = { urgent: 'before all other lanes', normal: 'the default', bulk: 'after all other lanes' }

export const categoryMeanings: Record<Category, string> = {
  marketing: 'rejected and cancelled for a recipient who has opted out',
  utility: 'about an agreed transaction',
  authentication: 'a one-time code',
  service: 'a response to what the person wrote'
}

export const campaignName = Type.String({
  pattern: CAMPAIGN_NAME, description: 'Name of its campaign, which counts it, and with which it is paused or cancelled'
})

const SENDER_PATTERN = '^[A-Za-z0-9_-]{1,64}$'
export const optionalSender = (description: string) => Type.Optional(Type.String({ pattern: SENDER_PATTERN, description }))
export const senderName = optionalSender('Phone number id of the sender; default: the first one configured')
export const senderIdText = text('Phone number id of the sender')
export const sandboxFlag = Type.Optional(flag('Present and true if the sandbox replaces WhatsApp: nothing was really sent'))
export const recipientText = (format: Format, description: string) => Type.String({ minLength: 1, maxLength: 160, ...formatted(format), description })
export const SenderQuerySchema = Type.Object({ sender: senderName }, { additionalProperties: false })
export const RecipientParamsSchema = Type.Object({
  recipient: recipientText('recipient', 'The recipient: a number written as in `to`, a business-scoped user id, or `group:<id>`')
})

/** Of routes over several senders: see findReachable. */
export const unavailable = Type.Optional(Type.Array(Type.String(), {
  description: 'Senders that are left out, because the Redis server with their data is down; absent if there are none'
}))

export function notCounted (senders: string[]): { unavailable?: string[] } {
  return senders.length === 0 ? {} : { unavailable: senders }
}
