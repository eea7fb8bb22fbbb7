import type { Static, TSchema } from '@sinclair/typebox'
import type { ErrorObject, ValidateFunction } from 'ajv'
import { Ajv } from 'ajv'
import { SluiceError } from '../errors.js'

const options = { removeAdditional: false, useDefaults: true, allErrors: false } as const
/** JSON has types, so no field is dropped, and "5" is not 5. Query strings are always text. */
const strict = new Ajv({ ...options, coerceTypes: false })
// With strict numbers, text that becomes Infinity would pass its maximum.
const lenient = new Ajv({ ...options, coerceTypes: 'array', strictNumbers: false })

/** The validator of one part of a request. */
export function compile (schema: unknown, httpPart: string | undefined): ValidateFunction {
  return (httpPart === 'body' ? strict : lenient).compile(schema as object)
}

/** A check of single values of a list: returns the value, or throws INVALID_REQUEST with the field. */
export function createCheck<Schema extends TSchema> (schema: Schema): (value: unknown) => Static<Schema> {
  const validate = strict.compile(schema)
  return value => {
    if (validate(value)) return value as Static<Schema>
    throw invalidRequest(validate.errors?.[0], 'message')
  }
}

/** A validator's error as INVALID_REQUEST with the field. */
export function invalidRequest (first: Pick<ErrorObject, 'instancePath' | 'params' | 'message'> | undefined, where: string): SluiceError {
  const params = (first?.params ?? {}) as { missingProperty?: string, additionalProperty?: string }
  const path = (first?.instancePath ?? '').slice(1).replaceAll('/', '.')
  const field = [path, params.missingProperty ?? params.additionalProperty ?? ''].filter(part => part !== '').join('.')
  const detail = `${where}${field === '' ? '' : ` ${field}`}: ${first?.message ?? 'is not valid'}`
  return new SluiceError('INVALID_REQUEST', { detail, ...(field === '' ? {} : { field }) })
}

/** Nested lists and objects that a body may have; Meta's deepest templates have ten levels. */
const MAX_LEVELS = 64

/** Throws INVALID_REQUEST for a body nested so deep that a recursive function, as JSON.stringify is, would overflow the stack. */
export function refuseDeep (body: unknown): void {
  if (isDeeper(body, MAX_LEVELS)) throw new SluiceError('INVALID_REQUEST', { detail: `body: nesting deeper than ${MAX_LEVELS} levels` })
}

function isDeeper (value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return levels < 0
  if (levels < 0) return true
  for (const name in value) if (isDeeper((value as Record<string, unknown>)[name], levels - 1)) return true
  return false
}
