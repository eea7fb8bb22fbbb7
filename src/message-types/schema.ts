/** Building blocks of the schemas of Meta's message types, and their validator. */
import type { TObject, TProperties, TSchema, TUnsafe } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import type { ErrorObject, SchemaValidateFunction, ValidateFunction } from 'ajv'
import { Ajv } from 'ajv'

/**
 * Meta adds fields every few weeks, so an object may have members that its schema lacks. Every optional member may be null, because some SDKs
 * write each unset field so. Lengths are in characters (code points), as Meta counts them, not in bytes.
 */
const ajv = new Ajv({ allErrors: false, strict: true, strictTypes: false })
const thorough = new Ajv({ allErrors: true, verbose: true, strict: true, strictTypes: false })

for (const validator of [ajv, thorough]) {
  validator.addKeyword({ keyword: 'exactlyOneOf', type: 'object', errors: true, compile: exactlyOneOf })
  validator.addKeyword({ keyword: 'maxRows', type: 'array', errors: true, compile: maxRows })
  const compile = (schemas: Record<string, TSchema>): SchemaValidateFunction => byType(validator, schemas)
  validator.addKeyword({ keyword: 'byType', type: 'object', errors: 'full', compile })
}

/** A check that costs little for valid content, and finds every violation of other content. */
export function createCheck (schema: TSchema): (content: unknown) => ErrorObject[] {
  const isValid = ajv.compile(schema)
  let findAll: ValidateFunction | undefined
  return content => {
    if (isValid(content)) return []
    findAll ??= thorough.compile(schema)
    findAll(content)
    // Ajv gives the errors of `byType` the value of the object around.
    return (findAll.errors ?? []).map(error => ({ ...error, data: valueAt(content, pathOf(error.instancePath)) }))
  }
}

/** The names and positions in a JSON pointer. */
export function pathOf (pointer: string): string[] {
  return pointer.split('/').slice(1).map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function valueAt (value: unknown, path: string[]): unknown {
  return path.reduce<unknown>((inner, name) => (inner as Record<string, unknown>)[name], value)
}

/** An object; members that are not in the schema pass. */
export function object<Properties extends TProperties> (properties: Properties, more: Record<string, unknown> = {}): TObject<Properties> {
  return Type.Object(properties, more)
}

/** A member that may be missing or null. */
export function optional<Schema extends TSchema> (schema: Schema) {
  return Type.Optional(Type.Unsafe<unknown>({ ...schema, nullable: true }))
}

const limited = (most: number | undefined) => most === undefined ? {} : { maxLength: most }
/** A required text of 1 to `most` characters. */
export const text = (most?: number): TUnsafe<string> => Type.Unsafe<string>({ type: 'string', minLength: 1, ...limited(most) })
/** A text that may be empty. */
export const anyText = (most?: number): TUnsafe<string> => Type.Unsafe<string>({ type: 'string', ...limited(most) })
/** Meta's ids are digits; many clients write them as JSON numbers. */
export const id = Type.Unsafe<string | number>({ type: ['string', 'number'], minLength: 1 })
/** The same where an empty text counts as none. */
export const anyId = Type.Unsafe<string | number>({ type: ['string', 'number'] })
export const list = (items: TSchema, limits: { minItems?: number, maxItems?: number } = {}) =>
  Type.Unsafe<unknown[]>({ type: 'array', items, ...limits })

/** An object that has to fit a further schema, chosen by its member `type`. A value of `type` that is not here passes. */
function byType (validator: Ajv, schemas: Record<string, TSchema>): SchemaValidateFunction {
  const checks = new Map(Object.entries(schemas).map(([type, schema]) => [type, validator.compile(schema)]))
  const validate: SchemaValidateFunction = (data: { type?: unknown }, context) => {
    const check = typeof data.type === 'string' ? checks.get(data.type) : undefined
    if (check === undefined || check(data, context)) return true
    validate.errors = check.errors ?? []
    return false
  }
  return validate
}

function exactlyOneOf (names: string[]): (data: Record<string, unknown>) => boolean {
  return function validate (data) {
    const present = names.filter(name => data[name] !== undefined && data[name] !== null && data[name] !== '')
    if (present.length === 1) return true
    fail(validate, { keyword: 'exactlyOneOf', params: { names, present } })
    return false
  }
}

/** Rows of all sections together. */
function maxRows (limit: number): (data: unknown[]) => boolean {
  return function validate (sections) {
    const rows = sections.reduce<number>((total, section) => {
      const { rows = [] } = (section ?? {}) as { rows?: unknown }
      return total + (Array.isArray(rows) ? rows.length : 0)
    }, 0)
    if (rows <= limit) return true
    fail(validate, { keyword: 'maxRows', params: { limit, rows } })
    return false
  }
}

/** Ajv reads the errors of a keyword from its function. */
function fail (validate: object, error: Partial<ErrorObject>): void {
  Object.assign(validate, { errors: [error] })
}
