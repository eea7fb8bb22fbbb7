import { isUtf8 } from 'node:buffer'
import type { Invalid, Parsed } from './invalid.js'
import { markRepeated, REPEATED } from './repeated-members.js'

export type JsonObject = Record<string, unknown>

export function isJsonObject (value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Nested lists and objects that a body may have; Meta's deepest templates have ten levels. */
const MAX_LEVELS = 64

/**
 * The text of UTF-8 bytes, without a byte order mark; null for other bytes. A lenient decoder would replace them by U+FFFD, and the recipient
 * would read that.
 */
export function decodeUtf8 (bytes: Buffer): string | null {
  if (!isUtf8(bytes)) return null
  const text = bytes.toString('utf8')
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

/** A JSON value whose every number and text will be sent as it was written. `field` names the whole in errors: `body`, `line`. */
export function parseJson (source: Buffer | string, field: string): Parsed<unknown> {
  const text = typeof source === 'string' ? source : decodeUtf8(source)
  if (text === null) return { invalid: { field, allowed: 'UTF-8', hint: 'Its bytes are another encoding, such as Windows-1252' } }
  let value: unknown
  try {
    value = markRepeated(text, JSON.parse(text))
  } catch (error) {
    return { invalid: { field, allowed: 'JSON', hint: error instanceof Error ? error.message : '' } }
  }
  const [invalid] = findInexact(value, field)
  return invalid === undefined ? { value } : { invalid }
}

/** Of one value. A body of a megabyte can have thousands. */
const MOST = 20

/**
 * The members of a JSON value that would not be sent as they were written. JavaScript rounds whole numbers beyond 2^53, so that an id of 18 digits
 * becomes another one, and makes Infinity of greater ones. Half a surrogate pair is no character. Of a member that is given twice, only one would
 * be sent: see `markRepeated`. A copy of an object with a member `__proto__` may lose it, or get another prototype. Nesting is limited, because
 * JSON.stringify and others recurse. Hot path: each body is checked, so the way to a member is only built for one that is invalid.
 */
export function findInexact (value: unknown, field: string): Invalid[] {
  return isExact(value, MAX_LEVELS) ? [] : locate(value, field, '', MAX_LEVELS).slice(0, MOST)
}

function isExact (value: unknown, levels: number): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value === 'number') return isExactNumber(value)
  if (typeof value !== 'object' || value === null) return value !== REPEATED
  if (levels <= 0) return false
  if (Array.isArray(value)) {
    for (const item of value) if (!isExact(item, levels - 1)) return false
    return true
  }
  for (const name in value) {
    const part = (value as Record<string, unknown>)[name]
    if (!isExact(part, levels - 1) || !name.isWellFormed() || changesPrototype(name, part)) return false
  }
  return true
}

function changesPrototype (name: string, part: unknown): boolean {
  return name === '__proto__' || (name === 'constructor' && typeof part === 'object' && part !== null && Object.hasOwn(part, 'prototype'))
}

/** A fraction may be rounded: so it is in every program that reads it. */
function isExactNumber (value: number): boolean {
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER
}

function locate (value: unknown, whole: string, path: string, levels: number): Invalid[] {
  const field = path === '' ? whole : path
  if (value === REPEATED) return [{ field, allowed: 'given once', hint: 'The object has two members of this name' }]
  if (typeof value === 'string') {
    return value.isWellFormed() ? [] : [{ field, allowed: 'Unicode text', hint: 'It contains half a surrogate pair' }]
  }
  if (typeof value === 'number') {
    if (isExactNumber(value)) return []
    const hint = Number.isFinite(value) ? 'Write an id as a string: a greater number would be rounded' : 'It is not finite'
    return [{ field, allowed: `a number of at most ${Number.MAX_SAFE_INTEGER}`, hint }]
  }
  if (typeof value !== 'object' || value === null) return []
  if (levels <= 0) return [{ field: whole, allowed: `nested at most ${MAX_LEVELS} levels deep` }]
  const found: Invalid[] = []
  for (const [name, part] of Object.entries(value)) {
    if (found.length >= MOST) break
    const place = path === '' ? name : `${path}.${name}`
    if (changesPrototype(name, part)) found.push({ field: place, allowed: 'left out', hint: 'Objects have another member of this name' })
    else if (name.isWellFormed()) found.push(...locate(part, whole, place, levels - 1))
    else found.push({ field, allowed: 'an object with names in Unicode', hint: 'A name contains half a surrogate pair' })
  }
  return found
}
