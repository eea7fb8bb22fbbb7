import type { TSchema, TUnsafe } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import type { Category, Lane } from '../../message.js'

/** What several resources share. A schema with an `$id` is a component of the API's document under that name. */

/** One of some words, each with its meaning; the record makes the compiler ask for all of them. */
export function oneOf<Word extends string> (words: Record<Word, string>, description: string, more: { default?: NoInfer<Word> } = {}): TUnsafe<Word> {
  const meanings = Object.entries(words).map(([word, meaning]) => `\`${word}\`: ${String(meaning)}`)
  return Type.Unsafe<Word>({ type: 'string', enum: Object.keys(words), description: `${description}. ${meanings.join('; ')}`, ...more })
}

/** The same, or null. */
export function oneOfOrNull<Word extends string> (words: Record<Word, string>, description: string): TUnsafe<Word | null> {
  return Type.Unsafe<Word | null>({ ...oneOf(words, description), type: ['string', 'null'], enum: [...Object.keys(words), null] })
}

export const text = (description: string): TUnsafe<string> => Type.Unsafe<string>({ type: 'string', description })
export const textOrNull = (description: string): TUnsafe<string | null> => Type.Unsafe<string | null>({ type: ['string', 'null'], description })
export const count = (description: string): TUnsafe<number> => Type.Unsafe<number>({ type: 'integer', minimum: 0, description })
export const flag = (description: string): TUnsafe<boolean> => Type.Unsafe<boolean>({ type: 'boolean', description })

/** ISO 8601 with milliseconds, UTC. */
export const moment = (description: string): TUnsafe<string> => Type.Unsafe<string>({ type: 'string', format: 'date-time', description })
export const momentOrNull = (description: string): TUnsafe<string | null> =>
  Type.Unsafe<string | null>({ type: ['string', 'null'], format: 'date-time', description })

/** An object with whatever members. */
export const open = (description: string): TUnsafe<Record<string, unknown>> =>
  Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true, description })
export const openOrNull = (description: string): TUnsafe<Record<string, unknown> | null> =>
  Type.Unsafe<Record<string, unknown> | null>({ type: ['object', 'null'], additionalProperties: true, description })

/** Names a component instead of repeating it. Only for what answers hold: the validator of requests knows no components. */
export function ref<Schema extends TSchema> (schema: Schema, description?: string): TUnsafe<Schema['static']> {
  return Type.Unsafe<Schema['static']>({ $ref: `#/components/schemas/${schema.$id ?? ''}`, ...(description === undefined ? {} : { description }) })
}

export function refOrNull<Schema extends TSchema> (schema: Schema, description: string): TUnsafe<Schema['static'] | null> {
  return Type.Unsafe<Schema['static'] | null>({ anyOf: [ref(schema), { type: 'null' }], description })
}

export function listOf<Schema extends TSchema> (schema: Schema, description: string): TUnsafe<Array<Schema['static']>> {
  return Type.Unsafe<Array<Schema['static']>>({ type: 'array', items: ref(schema), description })
}

export const laneMeanings: Record<Lane, string> = { urgent: 'before all others', normal: 'the default', bulk: 'after all others' }

export const categoryMeanings: Record<Category, string> = {
  marketing: 'refused and dropped where its recipient has opted out', utility: 'about something agreed on', authentication: 'a code', service: 'an answer to what the person wrote'
}

export const senderName = Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$', description: 'Phone number id of the sender; the first one configured if left out' }))
export const sandboxFlag = Type.Optional(flag('Stands here, and true, where the sandbox stands in for WhatsApp: nothing was really sent'))

export function either (...schemas: TSchema[]): TSchema {
  return Type.Unsafe({ anyOf: schemas.map(schema => ref(schema)) })
}
