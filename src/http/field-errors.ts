import type { ErrorObject } from 'ajv'
import type { ErrorCode } from '../error-codes.js'
import type { FieldError } from '../values/invalid.js'
import { pathOf } from '../message-types/schema.js'
import { findNearest, plainName } from '../values/nearest.js'
import { rangeOf } from '../values/range.js'
import { findProblem, type Format } from './formats.js'
import { patterns } from './patterns.js'

/** Errors of one response. A body of a megabyte can have thousands. */
export const MAX_ERRORS = 20
const MAX_VALUE_LENGTH = 80
/**
 * Fields whose values are not repeated, because proxies and callers log responses: what may be a secret, a phone number, the text of a message,
 * or anything at all. A text with as many digits as a phone number is not repeated either.
 */
const PRIVATE = /^(to|recipient|group|message|metadata|tag|key|cursor|note)\b|token|secret|password|authorization|key$/i
const LIKE_A_NUMBER = /(\d[\s().-]*){7}/

/** Fields and values of ours, with what callers write for them besides typing errors: without case, spaces, `_` and `-`. */
const others: Record<string, string> = {
  to: 'phone,phonenumber,number,msisdn,mobile,telephone,waid',
  message: 'text,body,content,msg,template',
  sender: 'from,phonenumberid',
  scheduledFor: 'sendat,schedule,at',
  recipient: 'userid',
  group: 'groupid',
  metadata: 'tags',
  idempotencyKey: 'key',
  expiresInMs: 'ttl',
  priority: 'lane',
  urgent: 'high',
  normal: 'default,medium',
  bulk: 'low',
  marketing: 'promotional',
  utility: 'transactional',
  authentication: 'otp'
}
const synonyms = new Map(Object.entries(others).flatMap(([name, words]) => words.split(',').map(word => [word, name] as const)))

/** A problem of a field, and the code of an error that is about this problem alone; by default INVALID_REQUEST. */
export interface Problem extends FieldError { code?: ErrorCode }

/**
 * Ajv's errors, made with `allErrors` and `verbose`, as sentences about fields. `path`: names that come before the checked value. An error of
 * `anyOf` is replaced by those of the branch that fits the JSON type of the value.
 */
export function describeErrors (errors: ErrorObject[], path: string[] = []): Problem[] {
  const fields = withoutBranches(errors).filter(isOnlyError).map(error => describeError(error, path))
  const missing = new Set(fields.filter(({ detail }) => detail === REQUIRED).map(({ field }) => field))
  // An unknown field that was meant for a missing one explains both.
  const suggested = fields.map(({ hint }) => /^did you mean (\S+)\?$/.exec(hint ?? '')?.[1])
  const explained = new Set(suggested.filter(name => name !== undefined && missing.has(name)))
  const unique = new Map(fields.map(error => [`${error.field} ${error.detail}`, error]))
  return [...unique.values()].filter(({ field, detail }) => detail !== REQUIRED || !explained.has(field)).slice(0, MAX_ERRORS)
}

/** The allowed word nearest to what was written; undefined if none is near. */
export function suggest (written: string, allowed: readonly string[]): string | undefined {
  const synonym = synonyms.get(plainName(written))
  if (synonym !== undefined && allowed.includes(synonym)) return synonym
  return findNearest(written, allowed, length => Math.max(1, Math.floor(length / 3))) ?? undefined
}

const REQUIRED = 'is required'

/** A value of the wrong type or length does not have its format either. */
function isOnlyError ({ keyword, instancePath }: ErrorObject, _: number, all: ErrorObject[]): boolean {
  return keyword !== 'x-format' || !all.some(other => other.keyword !== 'x-format' && other.instancePath === instancePath)
}

function describeError (error: ErrorObject, prefix: string[]): Problem {
  const { keyword, params, data, parentSchema = {} } = error
  const path = [...prefix, ...pathOf(error.instancePath)]
  const pathTo = (...names: string[]): string => [...path, ...names].join('.')
  const valued = (field: string, detail: string, more: Partial<FieldError> = {}): FieldError => ({ field, detail, ...valueOf(field, data), ...more })
  const limit = Number(params['limit'])
  switch (keyword) {
    case 'required': return { field: pathTo(String(params['missingProperty'])), detail: REQUIRED }
    case 'additionalProperties': {
      const name = String(params['additionalProperty'])
      const known = Object.keys((parentSchema as { properties?: object }).properties ?? {})
      const meant = suggest(name, known)
      const field = pathTo(name.slice(0, MAX_VALUE_LENGTH))
      return { field, detail: 'unknown field', ...(meant === undefined ? { allowed: known } : { hint: `did you mean ${meant}?` }) }
    }
    case 'enum': return notAllowed(pathTo(), (params['allowedValues'] as unknown[]).filter(value => value !== null))
    case 'const': return notAllowed(pathTo(), [params['allowedValue']])
    case 'type': return valued(pathTo(), `must be ${kindsOf(params['type'])}, not ${kindOf(data)}`)
    case 'minLength': return valued(pathTo(), limit === 1 ? 'must not be empty' : `must have at least ${limit} characters`)
    case 'maxLength': return { field: pathTo(), detail: `must have at most ${limit} characters; it has ${Array.from(String(data)).length}` }
    case 'minItems': return { field: pathTo(), detail: `must have at least ${limit} item${limit === 1 ? '' : 's'}` }
    case 'maxItems': return { field: pathTo(), detail: `must have at most ${limit} items; it has ${(data as unknown[]).length}` }
    case 'maxRows': return { field: pathTo(), detail: `must have at most ${limit} rows in all sections; it has ${String(params['rows'])}` }
    case 'minProperties': return { field: pathTo(), detail: 'must not be empty' }
    case 'maxProperties': return { field: pathTo(), detail: `must have at most ${limit} fields` }
    case 'minimum':
    case 'maximum': return valued(pathTo(), `must be ${rangeOf(parentSchema as object)}`)
    case 'exactlyOneOf': return oneNeeded(pathTo, params['names'] as string[], params['present'] as string[])
    case 'oneOf': return oneNeeded(pathTo, namesOf(parentSchema), namesOf(parentSchema).filter(name => Object.hasOwn(data as object, name)))
    case 'x-format': {
      const { code, problem } = findProblem(error.schema as Format, data) ?? { problem: { detail: 'is invalid' } }
      return { field: pathTo(), ...problem, ...(code === undefined ? {} : { code }) }
    }
    case 'pattern': {
      const pattern = String(params['pattern'])
      const allowed = patterns[pattern]
      if (allowed !== undefined) return valued(pathTo(), allowed)
      const { description = `form: ${pattern}` } = parentSchema as { description?: string }
      return valued(pathTo(), 'does not have the required form', { hint: description })
    }
    default: return valued(pathTo(), error.message ?? 'is invalid')
  }

  function notAllowed (field: string, allowed: unknown[]): FieldError {
    const meant = typeof data === 'string' ? suggest(data, allowed.map(String)) : undefined
    return valued(field, `must be ${listOf(allowed)}`, { allowed, ...(meant === undefined ? {} : { hint: `did you mean ${meant}?` }) })
  }
}

/** Names of which an object must have exactly one: `oneOf` with a required member in each branch. */
function namesOf (schema: Record<string, unknown>): string[] {
  return ((schema['oneOf'] ?? []) as Array<{ required?: string[] }>).flatMap(({ required = [] }) => required)
}

function oneNeeded (pathTo: (name: string) => string, names: string[], present: string[]): FieldError {
  const [first = '', second] = present
  return second === undefined
    ? { field: pathTo(names[0] ?? ''), detail: first === '' ? REQUIRED : 'is invalid', hint: `give one of ${names.join(', ')}` }
    : { field: pathTo(second), detail: `excludes ${first}`, hint: `give only one of ${names.join(', ')}` }
}

/** Each branch of an `anyOf` fails; only that of the value's own JSON type says something useful. */
function withoutBranches (errors: ErrorObject[]): ErrorObject[] {
  let rest = errors
  for (const union of errors.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf')) {
    const isBranch = ({ schemaPath }: ErrorObject): boolean => schemaPath.startsWith(`${union.schemaPath}/`)
    const isOtherType = ({ keyword, instancePath }: ErrorObject): boolean => keyword === 'type' && instancePath === union.instancePath
    const branches = rest.filter(isBranch)
    const others = new Set(branches.filter(isOtherType).map(({ schemaPath }) => branchOf(union, schemaPath)))
    const useful = branches.filter(({ schemaPath }) => !others.has(branchOf(union, schemaPath)))
    const isChoice = union.keyword === 'oneOf' && namesOf(union.parentSchema ?? {}).length > 0
    rest = rest.filter(error => error !== union && !isBranch(error))
    // First: for a message it is the recipient.
    if (isChoice) rest.unshift(union)
    else if (useful.length > 0) rest.push(...useful)
    else rest.push({ ...union, keyword: 'type', params: { type: branches.filter(isOtherType).map(({ params }) => String(params['type'])) } })
  }
  return rest
}

function branchOf (union: ErrorObject, schemaPath: string): string {
  return schemaPath.slice(union.schemaPath.length + 1).split('/', 1)[0] ?? ''
}

function valueOf (field: string, value: unknown): Partial<FieldError> {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return {}
  if (PRIVATE.test(field) || LIKE_A_NUMBER.test(String(value))) return {}
  return { value: typeof value === 'string' && value.length > MAX_VALUE_LENGTH ? `${value.slice(0, MAX_VALUE_LENGTH)}…` : value }
}

function listOf (words: unknown[]): string {
  const texts = words.map(String)
  return texts.length < 2 ? texts.join('') : `one of ${texts.slice(0, -1).join(', ')} or ${texts.at(-1) ?? ''}`
}

const kinds: Record<string, string> = {
  string: 'a text', number: 'a number', integer: 'a whole number', boolean: 'true or false', object: 'an object', array: 'a list', null: 'null'
}

function kindsOf (type: unknown): string {
  return [...new Set([type].flat().map(kind => kinds[String(kind)] ?? String(kind)))].join(' or ')
}

function kindOf (value: unknown): string {
  if (value === null) return 'null'
  return kinds[Array.isArray(value) ? 'array' : typeof value] ?? typeof value
}
