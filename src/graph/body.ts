import { SluiceError } from '../errors.js'
import { describeErrors, type Problem } from '../http/field-errors.js'
import { createCheck, invalidRequest, mergeErrors } from '../http/validate.js'
import type { Addressing } from '../message.js'
import { checkContent, knownTypes } from '../message-types/types.js'
import type { MetaError } from '../message-types/meta-error.js'
import { toMetaError } from '../message-types/meta-error.js'
import { isSameNumber, isUserId, readRecipient, type Recipient } from '../recipient.js'
import { isJsonObject, type JsonObject } from '../values/json.js'
import { GraphMessageSchema, type GraphMessage } from './schemas.js'

/** A body as far as the gateway has to understand it: a message with its recipient, or a request without one. */
export type Body =
  /** `to`: as the caller wrote it. */
  | { status: 'message', to: string, addressing: Addressing, recipient: Recipient, type: string, message: JsonObject, callbackData?: string }
  /** Mark as read and typing: a `status`, and no recipient. */
  | { status: 'passing', body: JsonObject }

/** `meta`: in Meta's words, where it has some. */
interface Rejected { problem: Problem, meta?: MetaError }

const check = createCheck(GraphMessageSchema)

/**
 * Reads a body of the Cloud API. Meta adds fields several times a year, so every field that the gateway does not need is kept unchanged. Throws
 * INVALID_REQUEST for content that WhatsApp surely rejects, and for any body without a recipient but a status: what names a recipient in another
 * member must not pass by the pair rate. Throws INVALID_RECIPIENT or RECIPIENT_IS_USER_ID for a recipient. The error has all problems.
 */
export function readBody (whole: unknown): Body {
  const rejected: Rejected[] = check.isValid(whole) ? [] : check.findAll(whole).map(problem => ({ problem }))
  if (!isJsonObject(whole)) throw rejection(rejected)
  const { access_token: _token, ...body } = whole as GraphMessage
  const { messaging_product: _product, to: _to, recipient: _recipient, recipient_type: kind, biz_opaque_callback_data: data, ...message } = body
  const [to, user, type] = [textOf(body.to), textOf(body.recipient), textOf(body.type)]
  if (to === '' && user === '' && type === '' && typeof whole['status'] === 'string') {
    if (rejected.length > 0) throw rejection(rejected)
    return { status: 'passing', body }
  }
  // As with Meta, `to` takes precedence.
  const addressing = to === '' && user !== '' ? 'user' : kind === 'group' ? 'group' : 'phone'
  const recipient = readAddress(to, user, addressing, rejected)
  rejected.push(...checkType(whole))
  if (rejected.length > 0 || recipient === null) throw rejection(rejected)
  return {
    status: 'message',
    to: to || user,
    addressing,
    recipient,
    type: type || 'text',
    message,
    ...(textOf(data) === '' ? {} : { callbackData: textOf(data) })
  }
}

/** The recipient; null, with what is wrong added to `rejected`, for one that cannot be read. */
function readAddress (to: string, user: string, addressing: Addressing, rejected: Rejected[]): Recipient | null {
  if (to === '' && user === '') {
    rejected.push({ problem: { field: 'to', detail: 'is required' }, meta: { code: 100, details: 'The parameter to is required.' } })
    return null
  }
  // A user id beside `to` may be the same person's. Another number cannot be, and one of the two would not get what it was meant to.
  if (to !== '' && user !== '' && !isUserId(user) && !isSameNumber(user, to)) {
    rejected.push({ problem: { field: 'recipient', detail: 'names another recipient than to', hint: 'leave one of them out' } })
  }
  try {
    return readRecipient(to || user, addressing)
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    rejected.push(...(error.facts.errors ?? []).map(problem => ({ problem: { ...problem, code: error.code } })))
    return null
  }
}

/** Meta reads types in any case. A type that is not known here passes, with or without an object of its name. */
function checkType (body: JsonObject): Rejected[] {
  const type = body['type'] ?? 'text'
  if (typeof type !== 'string') return []
  const known = type.toLowerCase() || 'text'
  if (!knownTypes.includes(known)) return []
  const content = body[known]
  if (content === undefined || content === null) {
    const meta = { code: 131008, details: `Parameter '${known}' is mandatory for type '${known}'` }
    return [{ problem: { field: known, detail: 'is required' }, meta }]
  }
  const violations = checkContent(known, content)
  const [first] = violations
  if (first === undefined) return []
  return describeErrors(violations, [known]).map((problem, i) => ({ problem, ...(i === 0 ? { meta: toMetaError(known, first) } : {}) }))
}

/** Meta's words are for the first problem, like the code. */
function rejection (rejected: Rejected[]): SluiceError {
  const meta = rejected[0]?.meta
  const { code, facts } = invalidRequest(mergeErrors(...rejected.map(({ problem }) => [problem])))
  return new SluiceError(code, { ...facts, ...(meta === undefined ? {} : { meta }) })
}

function textOf (value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
