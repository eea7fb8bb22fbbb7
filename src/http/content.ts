import { checkContent } from '../message-types/types.js'
import { describeErrors, type Problem } from './field-errors.js'
import { PostMessageSchema } from './schemas/post-message.js'
import { createCheck } from './validate.js'

type Members = Record<string, unknown>

/** The caller's own value of this member is kept and returned in callbacks; WhatsApp gets the gateway's. */
export const CALLBACK_DATA = 'biz_opaque_callback_data'
/** Meta's limit, characters. */
const MAX_CALLBACK_DATA = 512

/** Checks a message of the gateway's own API: the fields, and the content by Meta's rules for its type. */
export const postCheck = createCheck(PostMessageSchema, body => isMembers(body) ? [...findContentErrors(body), ...findOtherErrors(body)] : [])

/** What is wrong with the template that may be sent instead. */
function findOtherErrors ({ otherwise, whenClosed }: Members): Problem[] {
  if (otherwise === undefined) return []
  const excluded: Problem = { field: 'whenClosed', detail: 'excludes otherwise', value: 'wait', hint: 'leave one of them out' }
  const both = whenClosed === 'wait' ? [excluded] : []
  if (!isMembers(otherwise)) return both
  const violations = checkContent('template', otherwise)
  return violations.length === 0 ? both : [...both, ...describeErrors(violations, ['otherwise'])]
}

/**
 * What is wrong with `type` and `message` together. The content is a text, a complete message object (with a member named like its type), or the
 * bare value of that member.
 */
function findContentErrors ({ type: given, message }: Members): Problem[] {
  // One that is no text is rejected by the schema; what the message itself says is checked all the same.
  const type = typeof given === 'string' ? given : undefined
  if (typeof message === 'string') return type === undefined || type === 'text' ? [] : [textOfOtherType(type)]
  if (!isMembers(message) || Array.isArray(message)) return []
  const data = message[CALLBACK_DATA] ?? ''
  if (typeof data !== 'string' || Array.from(data).length > MAX_CALLBACK_DATA) {
    return [{ field: `message.${CALLBACK_DATA}`, detail: `must be a text of at most ${MAX_CALLBACK_DATA} characters` }]
  }
  const inner = message['type']
  if (typeof inner === 'string' && isMembers(message[inner])) {
    if (type !== undefined && type !== inner) {
      return [{ field: 'type', detail: `differs from message.type, which is ${inner.slice(0, 32)}`, value: type, hint: 'leave type out' }]
    }
    return errorsOf(inner, message[inner], [inner])
  }
  if (typeof inner === 'string' && type === undefined) {
    const hint = 'message.type says that it has this object; for its bare content set type beside message, such as "type": "interactive"'
    return [{ field: `message.${inner.slice(0, 32)}`, detail: 'is required', hint }]
  }
  if (given !== type) return []
  const named = type ?? 'text'
  if (isMembers(message[named])) return errorsOf(named, message[named], [named])
  const errors = errorsOf(named, message, [])
  // The commonest cause: the content of a template or an image, and nothing that says so.
  const hint = 'without a type the message is a text; set type, such as "type": "template"'
  return type === undefined ? errors.map(error => ({ hint, ...error })) : errors
}

function errorsOf (type: string, content: unknown, path: string[]): Problem[] {
  const violations = checkContent(type, content)
  return violations.length === 0 ? [] : describeErrors(violations, ['message', ...path])
}

function textOfOtherType (type: string): Problem {
  const example = type === 'template' ? '{"name": "hello_world", "language": {"code": "en_US"}}' : `the ${type} object of the Cloud API`
  return {
    field: 'type',
    detail: `is ${type}, but message is a text`,
    value: type,
    hint: `send message as an object, ${example}; or leave type out to send the text`
  }
}

function isMembers (value: unknown): value is Members {
  return typeof value === 'object' && value !== null
}
