/** Reads HTTP responses of Meta. The content is not trusted: every field may be missing or of another type. */
import { decodeHttpBody } from '../values/http-body.js'
import { parseHttpDate, parseRetryAfter } from '../values/http-date.js'

/** A complete HTTP response. Header names are lower case. */
export interface HttpResponse {
  statusCode: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

/** The part of Meta's error object that an outcome needs. */
export interface MetaError {
  /** In digits; undefined if there is none. */
  code?: string
  subcode?: string
  isTransient: boolean
  /** Meta's message and details in one line, not redacted; empty if there are none. */
  text: string
}

type JsonObject = Record<string, unknown>

/**
 * The text of a body as decodeHttpBody reads it: a response that counts as unreadable because a proxy has compressed it would send its message
 * again. Empty if it cannot be decompressed, null if it has more than `maxBytes` then.
 */
export function decodeBody (chunks: Buffer[], headers: HttpResponse['headers'], maxBytes: number): string | null {
  const [first] = chunks
  // Most responses have one chunk, which needs no copy.
  const bytes = first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks)
  return decodeHttpBody(bytes, headers['content-encoding'], maxBytes)
}

/** The body as an object; undefined for HTML, invalid JSON, scalars and arrays. */
export function parseBody (body: string): JsonObject | undefined {
  try {
    return asObject(JSON.parse(body))
  } catch {
    return undefined
  }
}

/** `messages[0].id`: the message was accepted. Source: Meta, "Service messages". */
export function readMessageId (body: JsonObject | undefined): string | undefined {
  return nonEmpty(asObject(firstOf(body?.messages))?.id)
}

/** `messages[0].message_status`, such as `held_for_quality_assessment`. Source: Meta's OpenAPI document. */
export function readMessageStatus (body: JsonObject | undefined): string | undefined {
  return nonEmpty(asObject(firstOf(body?.messages))?.message_status)
}

/** Meta's id of the recipient: `wa_id` of a phone number, else `user_id`. It may differ from the recipient of the request. */
export function readRecipientId (body: JsonObject | undefined): string | undefined {
  const contact = asObject(firstOf(body?.contacts))
  return nonEmpty(contact?.wa_id) ?? nonEmpty(contact?.user_id)
}

/**
 * Meta's error, if the body has one. `error_data` is an object with `details`, or a string in responses to template requests. Some errors,
 * such as 100, have their reason only in `error_user_title` and `error_user_msg`.
 */
export function readError (body: JsonObject | undefined): MetaError | undefined {
  const error = asObject(body?.error)
  if (error === undefined) return undefined
  const code = digits(error.code)
  const subcode = digits(error.error_subcode)
  const details = nonEmpty(error.error_data) ?? nonEmpty(asObject(error.error_data)?.details)
  const texts = [error.message, details, error.error_user_title, error.error_user_msg].map(nonEmpty).filter(text => text !== undefined)
  return {
    ...(code === undefined ? {} : { code }),
    ...(subcode === undefined ? {} : { subcode }),
    isTransient: error.is_transient === true,
    text: [...new Set(texts)].join(': ')
  }
}

/** What a phone number node says of its number; undefined if it is none. Words of another form are left out: they go into the log. */
export function readNumber (
  body: JsonObject | undefined
): { status: string | undefined, quality: string | undefined, throughput: string | undefined } | undefined {
  if (nonEmpty(body?.id) === undefined) return undefined
  return { status: word(body?.status), quality: word(body?.quality_rating), throughput: word(asObject(body?.throughput)?.level) }
}

/**
 * `Retry-After` in milliseconds from now; undefined if it is missing or malformed. A date is compared with the response's
 * own `Date`, so that a difference between Meta's clock and ours has no effect.
 */
export function readRetryAfterMs (headers: HttpResponse['headers']): number | undefined {
  const value = single(headers['retry-after'])
  return value === undefined ? undefined : parseRetryAfter(value, parseHttpDate(single(headers.date) ?? '') ?? Date.now())
}

function asObject (value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as JsonObject : undefined
}

function firstOf (value: unknown): unknown {
  return Array.isArray(value) ? value[0] : undefined
}

function single (value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

function word (value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Z_]{1,40}$/.test(value) ? value : undefined
}

function nonEmpty (value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Accepts strings too: some proxies convert numbers to strings. */
function digits (value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' && /^\d{1,9}$/.test(text) ? text : undefined
}
