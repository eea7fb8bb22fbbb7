import { hash, randomBytes } from 'node:crypto'
import { SluiceError } from '../errors.js'
import type { Addressing, KeySource } from '../message.js'

/** JSON with every object's keys in order, so that equal contents have equal text. */
export function stableJson (value: unknown): string {
  // Without an object inside there is nothing to put in order, and most contents are a text.
  if (Array.isArray(value) && value.every(part => typeof part !== 'object')) return JSON.stringify(value)
  return JSON.stringify(value, (_, part: unknown) => {
    if (part === null || typeof part !== 'object' || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

/**
 * The idempotency key of a message whose caller gave none: the same recipient, content and type (and timestamp, where the
 * caller gives one) make the same key. `whatsapp:+<digits>:<16 hex>`; for a user or a group its id in place of the digits.
 */
export function generateIdempotencyKey (
  recipient: string,
  message: unknown,
  type: string,
  timestamp?: string | number,
  addressing: Addressing = 'phone'
): string {
  const name = addressing === 'phone' ? recipient.replace(/\D/g, '') : recipient
  const parts = timestamp === undefined ? [name, message, type] : [name, message, type, timestamp]
  return `whatsapp:${addressing === 'phone' ? '+' : ''}${name}:${hash('sha256', stableJson(parts), 'hex').slice(0, 16)}`
}

export interface Keyed { key?: string, source: KeySource }

/** Which key counts: the header's, else the field's, else a derived one, else none. Throws INVALID_KEY. */
export function chooseKey (given: { header?: string | undefined, field?: string | undefined, derive: boolean }, derive: () => string): Keyed {
  if (given.header !== undefined) return { key: checked(unquoted(given.header), 'Idempotency-Key'), source: 'header' }
  if (given.field !== undefined) return { key: checked(given.field, 'idempotencyKey'), source: 'field' }
  return given.derive ? { key: derive(), source: 'derived' } : { source: 'none' }
}

/** The header is a structured-field string by its draft, so quotes around it are not part of the key. */
function unquoted (header: string): string {
  return /^".*"$/.test(header) ? header.slice(1, -1) : header
}

function checked (key: string, field: string): string {
  if (!/^[\x21-\x7e][\x20-\x7e]{0,255}$/.test(key)) throw new SluiceError('INVALID_KEY', { field })
  return key
}

/** The first 22 characters, 132 bits, of SHA-256 over sender, caller and key; random where there is no key. */
export function digest (sender: string, caller: string, key: string | undefined): string {
  if (key === undefined) return randomBytes(16).toString('base64url')
  return hash('sha256', JSON.stringify([sender, caller, key]), 'base64url').slice(0, 22)
}

/** What has to be equal for a repeat to be the same message: sender, recipient, type, content. 56 bits tell it from another one's of the same key. */
export function fingerprint (sender: string, recipient: string, type: string, message: unknown): string {
  return hash('sha256', stableJson([sender, recipient, type, message]), 'hex').slice(0, 14)
}
