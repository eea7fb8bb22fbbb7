import { hash, randomBytes } from 'node:crypto'
import { SluiceError } from '../errors.js'
import type { Addressing, KeySource } from '../message.js'

/** JSON with the keys of every object sorted, so that equal contents give equal texts. */
export function stableJson (value: unknown): string {
  // Fast path: most contents are a text, without an object to sort.
  if (Array.isArray(value) && value.every(part => typeof part !== 'object')) return JSON.stringify(value)
  return JSON.stringify(value, (_, part: unknown) => {
    if (part === null || typeof part !== 'object' || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

/**
 * Derives an idempotency key from a message: the same recipient, content, type and, if given, timestamp give the same key. Its form is
 * `whatsapp:+<digits>:<16 hex>`; a user or group id takes the place of the digits.
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

/** `row`: number of a row of a batch, whose rows share a header. `derive`: whether to derive a key where none is given. */
interface Given { header?: string | undefined, row?: number | undefined, field?: string | undefined, derive: boolean }

/** The idempotency key: of the header (in a batch `<header>#<row>`), else of the field, else derived, else none. Throws INVALID_KEY. */
export function chooseKey (given: Given, derive: () => string): Keyed {
  if (given.header !== undefined) {
    const key = checked(unquoted(given.header), 'Idempotency-Key')
    return { key: given.row === undefined ? key : `${key}#${given.row}`, source: 'header' }
  }
  if (given.field !== undefined) return { key: checked(given.field, 'idempotencyKey'), source: 'field' }
  return given.derive ? { key: derive(), source: 'derived' } : { source: 'none' }
}

/** By the draft of Idempotency-Key the header is a structured-field string, so quotes around it are not part of the key. */
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

/** Identifies a message by sender, recipient, type and content, so that other content under the same key is detected; 56 bits. */
export function fingerprint (sender: string, recipient: string, type: string, message: unknown): string {
  return hash('sha256', stableJson([sender, recipient, type, message]), 'hex').slice(0, 14)
}
