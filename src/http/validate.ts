import type { Static, TSchema } from '@sinclair/typebox'
import type { ErrorObject, ValidateFunction } from 'ajv'
import { Ajv } from 'ajv'
import { SluiceError } from '../errors.js'

const options = { removeAdditional: false, useDefaults: true, allErrors: false } as const
/** JSON says what it means, so neither is a field dropped nor "5" taken for 5. Query strings are always text. */
const strict = new Ajv({ ...options, coerceTypes: false })
// With strict numbers a text that becomes Infinity would skip its maximum.
const lenient = new Ajv({ ...options, coerceTypes: 'array', strictNumbers: false })

/** The validator of one part of a request. */
export function compile (schema: unknown, httpPart: string | undefined): ValidateFunction {
  return (httpPart === 'body' ? strict : lenient).compile(schema as object)
}

/** A check of values that come in many at once: gives the value, or throws INVALID_REQUEST naming the field. */
export function createCheck<Schema extends TSchema> (schema: Schema): (value: unknown) => Static<Schema> {
  const validate = strict.compile(schema)
  return value => {
    if (validate(value)) return value as Static<Schema>
    throw invalidRequest(validate.errors?.[0], 'message')
  }
}

/** What a validator found, as an error that names the field. */
export function invalidRequest (first: Pick<ErrorObject, 'instancePath' | 'params' | 'message'> | undefined, where: string): SluiceError {
  const params = (first?.params ?? {}) as { missingProperty?: string, additionalProperty?: string }
  const path = (first?.instancePath ?? '').slice(1).replaceAll('/', '.')
  const field = [path, params.missingProperty ?? params.additionalProperty ?? ''].filter(part => part !== '').join('.')
  const detail = `${where}${field === '' ? '' : ` ${field}`}: ${first?.message ?? 'is not valid'}`
  return new SluiceError('INVALID_REQUEST', { detail, ...(field === '' ? {} : { field }) })
}

/** Levels of lists and objects in each other that a body may have; Meta's deepest templates have ten. */
const DEEPEST = 64

/** Throws INVALID_REQUEST for a body so deep that what walks it by recursion, as JSON.stringify does, would run out of stack. */
export function refuseDeep (body: unknown): void {
  if (isDeeper(body, DEEPEST)) throw new SluiceError('INVALID_REQUEST', { detail: `body: lists and objects lie more than ${DEEPEST} deep in each other` })
}

function isDeeper (value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return levels < 0
  if (levels < 0) return true
  for (const name in value) if (isDeeper((value as Record<string, unknown>)[name], levels - 1)) return true
  return false
}
