/** Reads what Meta's answers hold, and believes none of it: every field may be missing or of another type. */

/** An HTTP answer that came whole. Header names are lower case. */
export interface Answer {
  statusCode: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

/** Meta's error object as far as a verdict needs it. */
export interface MetaError {
  /** As digits; undefined where there is none. */
  code?: string
  subcode?: string
  isTransient: boolean
  /** Meta's message and details in one line, unredacted; empty where it gave none. */
  text: string
}

type Members = Record<string, unknown>

/** The body as an object; undefined for HTML, junk, bare values and lists. */
export function parseBody (body: string): Members | undefined {
  try {
    return asMembers(JSON.parse(body))
  } catch {
    return undefined
  }
}

/** The id that says "accepted": `messages[0].id`. Source: Meta, "Service messages". */
export function readMessageId (body: Members | undefined): string | undefined {
  return nonEmpty(asMembers(firstOf(body?.messages))?.id)
}

/** Meta's word on a message that it took, such as `held_for_quality_assessment`. Source: Meta's OpenAPI document. */
export function readMessageStatus (body: Members | undefined): string | undefined {
  return nonEmpty(asMembers(firstOf(body?.messages))?.message_status)
}

/** Whom Meta took the recipient for: a phone number's `wa_id`, else the `user_id`; it may differ from what was sent. */
export function readRecipientId (body: Members | undefined): string | undefined {
  const contact = asMembers(firstOf(body?.contacts))
  return nonEmpty(contact?.wa_id) ?? nonEmpty(contact?.user_id)
}

/** Meta's error, if the body holds one. `error_data` is an object with details, or for template calls a bare string. */
export function readError (body: Members | undefined): MetaError | undefined {
  const error = asMembers(body?.error)
  if (error === undefined) return undefined
  const code = digits(error.code)
  const subcode = digits(error.error_subcode)
  const details = nonEmpty(error.error_data) ?? nonEmpty(asMembers(error.error_data)?.details)
  const texts = [nonEmpty(error.message), details].filter(text => text !== undefined)
  return {
    ...(code === undefined ? {} : { code }),
    ...(subcode === undefined ? {} : { subcode }),
    isTransient: error.is_transient === true,
    text: [...new Set(texts)].join(': ')
  }
}

/**
 * What `Retry-After` asks for, in milliseconds from now; undefined where it is missing or senseless.
 * A date is measured against the answer's own `Date`, so that our clock and theirs need not agree.
 */
export function readRetryAfterMs (headers: Answer['headers']): number | undefined {
  const value = single(headers['retry-after'])?.trim()
  if (value === undefined || value === '') return undefined
  if (/^\d+$/.test(value)) return Number(value) * 1_000
  const until = Date.parse(value)
  const now = Date.parse(single(headers.date) ?? '')
  if (Number.isNaN(until)) return undefined
  return Math.max(0, until - (Number.isNaN(now) ? Date.now() : now))
}

function asMembers (value: unknown): Members | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Members : undefined
}

function firstOf (value: unknown): unknown {
  return Array.isArray(value) ? value[0] : undefined
}

function single (value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

function nonEmpty (value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Some gateways in between turn numbers into strings. */
function digits (value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' && /^\d{1,9}$/.test(text) ? text : undefined
}
