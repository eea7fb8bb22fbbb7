/** Why a value is not taken. `value`: as it was written, cut. `allowed` follows "must be". `hint` says what was probably meant. */
export interface Invalid { field: string, value?: string | number | boolean, allowed: string, hint?: string }

/** A value that was read, or why it was not. */
export type Parsed<Value> = { value: Value } | { invalid: Invalid }

/** Longest value that an error repeats, characters. */
const SHOWN = 80

/** A value for an error; nothing of lists and objects. */
export function shown (value: unknown): Pick<Invalid, 'value'> {
  if (typeof value === 'string') return { value: value.length <= SHOWN ? value : `${value.slice(0, SHOWN)}…` }
  return typeof value === 'number' || typeof value === 'boolean' ? { value } : {}
}

/** One sentence: the field, what it must be, what was written, and what was probably meant. */
export function describeInvalid ({ field, value, allowed, hint }: Invalid): string {
  return `${field}: must be ${allowed}${value === undefined ? '' : `, not ${quote(value)}`}${hint === undefined ? '' : `. ${hint}`}`
}

/** One problem of a request. */
export interface FieldError {
  /** Path of the field, such as `message.text.body`; empty: the whole body. */
  field: string
  /** What is wrong with it, as a sentence without subject. */
  detail: string
  /** What the caller sent, cut to a bounded length: texts, numbers and booleans only; no secret, no recipient, no content. */
  value?: string | number | boolean
  /** The values, or for an unknown field the names, that are allowed. */
  allowed?: unknown[]
  /** What to do. */
  hint?: string
}

export function toFieldError ({ allowed, ...rest }: Invalid): FieldError {
  return { ...rest, detail: `must be ${allowed}` }
}

/** One problem. `place`: of the field, such as `query `. */
export function sentenceOf ({ field, detail, hint }: FieldError, prefix = ''): string {
  return `${prefix}${field}${field === '' ? 'body ' : ': '}${detail}${hint === undefined ? '' : ` (${hint})`}`
}

/** As JSON, with invisible characters as escapes: one of them may be all that is wrong. */
function quote (value: string | number | boolean): string {
  return JSON.stringify(value).replace(/[\u007f-\u00a0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, escape)
}

function escape (letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`
}
