import type { Static, TSchema } from '@sinclair/typebox'
import { Ajv } from 'ajv'

export type JsonObject = Readonly<Record<string, unknown>>

/** An object or an array: a message may have either under the name of its type. */
export function isObject (value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null
}

/** The value of a JSON text; undefined for invalid JSON. */
export function parseJson (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Creates a function that checks a value and fills in defaults. A problem is a sentence that names the field. */
export function createParser<T extends TSchema> (name: string, schema: T): (value: unknown) => { value: Static<T> } | { problem: string } {
  const validate = new Ajv({ useDefaults: true }).compile<Static<T>>(schema)
  return value => {
    if (validate(value)) return { value }
    const [error] = validate.errors ?? []
    return { problem: `${name}${error?.instancePath ?? ''} ${error?.message ?? 'is invalid'}` }
  }
}
