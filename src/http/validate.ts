import type { Static, TSchema } from '@sinclair/typebox'
import type { Options, ValidateFunction } from 'ajv'
import { Ajv } from 'ajv'
import type { FastifyServerOptions } from 'fastify'
import { SluiceError } from '../errors.js'
import { sentenceOf, toFieldError } from '../values/invalid.js'
import { findInexact } from '../values/json.js'
import { describeErrors, MAX_ERRORS, type Problem } from './field-errors.js'
import { addFormats } from './formats.js'

// With strict numbers, text that becomes Infinity would pass its maximum.
const lenient = { useDefaults: true, coerceTypes: 'array', strictNumbers: false } as const
/** JSON has types, so no field is dropped, and "5" is not 5. Query strings are always text. */
const strict = { useDefaults: true, coerceTypes: false } as const
/** Finds all errors, with the value and the schema of each: for a request that is known to be invalid. */
const thorough = { allErrors: true, verbose: true } as const

const validators = { strict: createValidator(strict), lenient: createValidator(lenient) }

type Check = (value: unknown) => Problem[]

/**
 * A check that costs no more than Ajv's for a valid value. The schema is compiled a second time, for all errors, at the first invalid one.
 * `unread`: formats are for a handler, which reads such values anyway and calls `findAll` where one is not valid.
 */
function createValidator (options: Options): (schema: object, unread?: boolean) => { isValid: (value: unknown) => boolean, findAll: Check } {
  const [fast, unreading, slow] = [new Ajv(options), new Ajv(options), new Ajv({ ...options, ...thorough })]
  for (const validator of [fast, slow]) addFormats(validator, {})
  addFormats(unreading, { unread: true })
  return (schema, unread = false) => {
    const isValid = (unread ? unreading : fast).compile(schema)
    let validate: ValidateFunction | undefined
    return {
      isValid,
      findAll (value) {
        validate ??= slow.compile(schema)
        validate(value)
        return describeErrors(validate.errors ?? [])
      }
    }
  }
}

const places: Record<string, string> = { querystring: 'query ', params: 'path ', headers: 'header ' }

/** Fastify's validator of one part of a request: true, or INVALID_REQUEST with all errors. */
export function compile (schema: object, httpPart = ''): (value: unknown) => true | { error: SluiceError } {
  const { isValid, findAll } = (httpPart === 'body' ? validators.strict : validators.lenient)(schema)
  const integers = httpPart === 'body' ? [] : integersOf(schema)
  return value => {
    // Before Ajv, which makes numbers of texts.
    const unwritten = integers.length === 0 ? [] : integers.flatMap(field => problemOfInteger(field, (value as Record<string, unknown>)[field]))
    return isValid(value) && unwritten.length === 0 ? true : { error: invalidRequest(mergeErrors(unwritten, findAll(value)), places[httpPart]) }
  }
}

function integersOf (schema: { properties?: Record<string, { type?: unknown }> }): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, { type }]) => type === 'integer' ? [name] : [])
}

/** Ajv takes any text that JavaScript makes a number of: `0x10`, `1e2`, ` 5`. */
function problemOfInteger (field: string, value: unknown): Problem[] {
  return typeof value !== 'string' || /^-?\d+$/.test(value) ? [] : [{ field, detail: 'must be a whole number in digits', value: value.slice(0, 80) }]
}

/** What is wrong with a body. `all` finds every problem of one that is known to be invalid, also in formats. */
export interface BodyCheck<Body> { isValid: (value: unknown) => value is Body, findAll: Check }

/** A check of single values, without reading formats. `findContentErrors` finds what a schema cannot express; it gets invalid values too. */
export function createCheck<Schema extends TSchema> (schema: Schema, findContentErrors: Check = () => []): BodyCheck<Static<Schema>> {
  const { isValid, findAll } = validators.strict(schema, true)
  return {
    isValid: (value): value is Static<Schema> => findInexact(value, 'body').length === 0 && isValid(value) && findContentErrors(value).length === 0,
    findAll: value => {
      const inexact = findInexact(value, 'body').map(toFieldError)
      // Of what is nested too deep, nothing else is read.
      return inexact.some(({ field }) => field === 'body') ? inexact : mergeErrors(inexact, findAll(value), findContentErrors(value))
    }
  }
}

/** Errors of several checks. A field that one check rejects is not for the next one. */
export function mergeErrors (...lists: Problem[][]): Problem[] {
  const merged: Problem[] = []
  for (const list of lists) {
    const known = new Set(merged.map(({ field }) => field))
    merged.push(...list.filter(({ field }) => !known.has(field)))
  }
  return merged.slice(0, MAX_ERRORS)
}

/** Errors of fields as one error: `code` and `field` are of the first one, and `detail` has three of them. */
export function invalidRequest (problems: Problem[], prefix = ''): SluiceError {
  const errors = problems.map(({ code: _, ...error }) => error)
  const sentences = errors.slice(0, 3).map(error => sentenceOf(error, prefix))
  const rest = errors.length - sentences.length
  const { code = 'INVALID_REQUEST', field = '' } = problems[0] ?? {}
  return new SluiceError(code, {
    detail: sentences.join('; ') + (rest > 0 ? `; and ${rest} more` : ''), ...(field === '' ? {} : { field }), errors
  })
}

/**
 * Compilers of all scopes. As an option and not by `setSerializerCompiler`, because a scope that adds schemas would get Fastify's defaults again.
 *
 * The serializer is JSON.stringify: response schemas type-check the handlers and fill the OpenAPI document, and drop no field that they lack.
 */
const controller = {
  compilersFactory: {
    buildValidator: () => ({ schema, httpPart }: { schema: object, httpPart?: string }) => compile(schema, httpPart),
    buildSerializer: () => () => (data: unknown) => JSON.stringify(data)
  }
}

// Fastify's type expects factories made with Ajv's and fast-json-stringify's own compiler packages.
export const schemaController = controller as unknown as NonNullable<FastifyServerOptions['schemaController']>

/**
 * Throws INVALID_REQUEST for a body that would not be sent as it was written, or is nested so deep that recursive functions overflow. `validate`:
 * Fastify's validator of the body, for all other errors.
 */
export function rejectInexact (body: unknown, validate?: ReturnType<typeof compile>): void {
  const inexact = findInexact(body, 'body').map(toFieldError)
  if (inexact.length === 0) return
  const result = inexact.some(({ field }) => field === 'body') ? true : validate?.(body) ?? true
  throw invalidRequest(mergeErrors(inexact, result === true ? [] : result.error.facts.errors ?? []))
}
