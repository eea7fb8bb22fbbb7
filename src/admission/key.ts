import { hash, randomBytes } from 'node:crypto'
import { invalidField } from '../errors.js'
import type { KeySource } from '../message.js'
import { deriveKey, stableJson } from '../values/key.js'
import type { Request } from './admit.js'

export interface Keyed { key?: string, source: KeySource }

/**
 * The idempotency key of a request: of the header (in a batch `<header>#<row>`), else of the field, else derived, else none. `recipient`: canonical.
 * Throws INVALID_KEY.
 */
export function chooseKey (request: Request, recipient: string, type: string): Keyed {
  if (request.headerKey !== undefined) {
    const key = readHeaderKey(request.headerKey)
    return { key: request.row === undefined ? key : `${key}#${request.row}`, source: 'header' }
  }
  if (request.idempotencyKey !== undefined) return { key: readKey(request.idempotencyKey), source: 'field' }
  if (request.deduplicate === false) return { source: 'none' }
  const { message, timestamp, scheduledFor } = request
  const isPhone = recipient.startsWith('p')
  return { key: deriveKey({ recipient: recipient.slice(1), isPhone, type, message, timestamp, scheduledFor }), source: 'derived' }
}

const HEADER = 'Idempotency-Key'

/**
 * By the draft of Idempotency-Key the header is a string of RFC 9651, so quotes around it are not part of the key. Escapes within it are rejected:
 * as text they would be another key than in the field.
 */
function unquoted (header: string): string {
  if (!header.startsWith('"')) return header
  if (/^"[^"\\]*"$/.test(header)) return header.slice(1, -1)
  throw invalidField('INVALID_KEY', { field: HEADER, detail: 'a key in quotes ends with a quote, and has neither quotes nor backslashes within' })
}

/** The key in a header. Throws INVALID_KEY. */
export function readHeaderKey (header: string): string {
  return readKey(unquoted(header), HEADER)
}

/** An idempotency key. Throws INVALID_KEY. */
export function readKey (key: string, field = 'idempotencyKey'): string {
  if (/^[\x21-\x7e]([\x20-\x7e]{0,254}[\x21-\x7e])?$/.test(key)) return key
  throw invalidField('INVALID_KEY', { field, detail: reasonOf(key), hint: 'use 1 to 256 printable ASCII characters' })
}

function reasonOf (key: string): string {
  if (key === '') return 'it is empty'
  if (key.length > 256) return `it has ${key.length} characters`
  return /[^\x20-\x7e]/.test(key) ? 'it contains a character that is not printable ASCII' : 'it begins or ends with a space'
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
