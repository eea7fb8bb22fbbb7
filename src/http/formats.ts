import type { Ajv } from 'ajv'
import { readKey } from '../admission/key.js'
import type { ErrorCode } from '../error-codes.js'
import type { FieldError } from '../values/invalid.js'
import { invalidField, invalidValue, SluiceError } from '../errors.js'
import { parseCursor } from '../failure/list.js'
import { readCursor } from './find-page.js'
import { canonicalAddress, canonicalName, canonicalRecipient } from '../recipient.js'
import { parseTime } from '../values/time.js'

/**
 * Values that a schema cannot describe, each with its reader, which throws a SluiceError. A schema names one in `x-format`. A handler reads the
 * value itself; a validator reads it to report all problems of a body at once.
 */
const readers = {
  phone: canonicalRecipient,
  'user-id': text => canonicalAddress(text, 'user'),
  'group-id': text => canonicalAddress(text, 'group'),
  recipient: canonicalName,
  time: readTime,
  'idempotency-key': readKey,
  'failures-cursor': parseCursor,
  'messages-cursor': readCursor,
  'opt-outs-cursor': readScanCursor
} satisfies Record<string, (value: string) => unknown>

export type Format = keyof typeof readers

const KEYWORD = 'x-format'

/** A member of a schema: its values have this format. */
export function formatted (format: Format): { [KEYWORD]: Format } {
  return { [KEYWORD]: format }
}

function readTime (value: string): void {
  const parsed = parseTime(value, '')
  if ('invalid' in parsed) throw invalidValue(parsed.invalid)
}

/** Redis reads the cursor of a scan as 64 bits without sign. */
function readScanCursor (value: string): void {
  if (/^\d{1,20}$/.test(value) && BigInt(value) < 2n ** 64n) return
  throw invalidField('INVALID_REQUEST', { field: 'cursor', detail: 'must be the nextCursor of a previous page of this list' })
}

/** Teaches a validator the formats. `unread`: their values pass. */
export function addFormats (validator: Ajv, { unread = false }: { unread?: boolean }): void {
  const validate = (format: Format, value: unknown): boolean => unread || findProblem(format, value) === null
  validator.addKeyword({ keyword: KEYWORD, schemaType: 'string', errors: false, validate })
}

/** What is wrong with a value, without its field, and the code of an error that is about this alone; null for a valid one. */
export function findProblem (format: Format, value: unknown): { code: ErrorCode, problem: Omit<FieldError, 'field'> } | null {
  // Another type is rejected by the schema.
  if (typeof value !== 'string' && !(format === 'time' && typeof value === 'number')) return null
  try {
    readers[format](value as string)
    return null
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    const { field: _, ...problem } = error.facts.errors?.[0] ?? { field: '', detail: error.message }
    return { code: error.code, problem }
  }
}
