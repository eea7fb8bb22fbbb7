import { checkContent, knownTypes } from '../message-types/types.js'
import { toMetaError } from '../message-types/meta-error.js'
import { isObject, parseJson, type JsonObject } from './json.js'
import { recipientInRecipient, recipientInTo, type Recipient } from './recipient.js'

export type Edge = 'messages' | 'marketing_messages'

export interface Message {
  recipient: Recipient
  /** The recipient in the caller's spelling. */
  written: string
  type: string
  /** The object named like the type. */
  content: JsonObject
}

/** What the record of any body has, however invalid it is. */
export interface RecordedFields {
  recipient: string | null
  opaque: string | null
}

export type Envelope = RecordedFields & (
  | { status: 'invalid', code: number, details: string }
  /** Mark as read, or typing: a body without a recipient. */
  | { status: 'acknowledgement' }
  | { status: 'message', message: Message }
)

const MAX_OPAQUE = 512

/** Parses a body and checks what Meta checks before its limits, as far as the limits and faults here need it. Unknown fields pass. */
export function readEnvelope (text: string, edge: Edge): Envelope {
  const body = parseJson(text)
  if (!isObject(body)) return invalid({ recipient: null, opaque: null }, 100, 'The request body is not a JSON object')
  const recorded: RecordedFields = {
    recipient: asText(body.to) ?? asText(body.recipient),
    opaque: asText(body.biz_opaque_callback_data)
  }
  if (body.messaging_product !== 'whatsapp') {
    return invalid(recorded, 100, 'The parameter messaging_product is required and must be "whatsapp"')
  }
  if (recorded.opaque !== null && Array.from(recorded.opaque).length > MAX_OPAQUE) {
    return invalid(recorded, 100, `Param biz_opaque_callback_data must be at most ${MAX_OPAQUE} characters long`)
  }
  if (body.status !== undefined || body.typing_indicator !== undefined) return readAcknowledgement(body, recorded)
  return readMessage(body, recorded, edge)
}

function readAcknowledgement (body: JsonObject, recorded: RecordedFields): Envelope {
  if (body.status !== 'read') return invalid(recorded, 100, 'Param status must be one of {read}')
  if (typeof body.message_id !== 'string') return invalid(recorded, 100, 'The parameter message_id is required')
  return { status: 'acknowledgement', ...recorded }
}

function readMessage (body: JsonObject, recorded: RecordedFields, edge: Edge): Envelope {
  const recipient = readRecipient(body)
  if (recipient === undefined) return invalid(recorded, 100, 'The parameter to is required')
  if (recipient === null) return invalid(recorded, 131009, 'Param to or recipient is not a valid recipient')
  const type = readType(asText(body.type) ?? 'text')
  if (!knownTypes.includes(type) && body[type] === undefined) {
    return invalid(recorded, 100, `Param type must be one of {${knownTypes.join(', ').toUpperCase()}} - got "${type}".`)
  }
  if (edge === 'marketing_messages' && type !== 'template') {
    return invalid(recorded, 131055, 'Only templates of category MARKETING can be sent here')
  }
  const content = body[type]
  if (content === undefined || content === null) return invalid(recorded, 131008, `Parameter '${type}' is mandatory for type '${type}'`)
  const [violation] = checkContent(type, content)
  if (violation !== undefined) {
    const { code, details } = toMetaError(type, violation)
    return invalid(recorded, code, details)
  }
  // Only of a type that is not known here.
  if (!isObject(content)) return invalid(recorded, 100, `Param ${type} must be a JSON object.`)
  const rejection = type === 'template' ? checkTemplate(content as unknown as Template) : null
  if (rejection !== null) return invalid(recorded, ...rejection)
  return { status: 'message', ...recorded, message: { recipient, written: recorded.recipient ?? '', type, content } }
}

/** Meta reads the names of types in any case. */
function readType (written: string): string {
  const lower = written.toLowerCase()
  return knownTypes.includes(lower) ? lower : written
}

/** A template as `checkContent` leaves it. */
interface Template { name: string, language: { code: string }, components?: Array<{ parameters?: Array<{ text?: unknown }> | null }> | null }

/**
 * What Meta checks against the approved template, as far as that is known here: `hello_world`, which every account has, is in en_US and has no
 * parameters. Texts of parameters of any template have no line break, no tab and at most 4 spaces in a row.
 */
function checkTemplate ({ name, language, components }: Template): [code: number, details: string] | null {
  const parameters = (components ?? []).flatMap(component => component.parameters ?? [])
  if (parameters.some(({ text }) => typeof text === 'string' && /[\n\t]| {5}/.test(text))) {
    return [100, 'Param text cannot have new-line/tab characters or more than 4 consecutive spaces']
  }
  if (name !== 'hello_world') return null
  if (language.code !== 'en_US') return [132001, `template name (hello_world) does not exist in ${language.code}`]
  const given = parameters.length
  return given === 0 ? null : [132000, `body: number of localizable_params (${given}) does not match the expected number of params (0)`]
}

/** `to` takes precedence. Undefined: neither field is present. Null: the value is invalid. */
function readRecipient (body: JsonObject): Recipient | null | undefined {
  const to = asText(body.to)
  if (to !== null) return body.recipient_type === 'group' ? { addressing: 'group', id: to } : recipientInTo(to)
  const recipient = asText(body.recipient)
  return recipient === null ? undefined : recipientInRecipient(recipient)
}

function invalid (recorded: RecordedFields, code: number, details: string): Envelope {
  return { status: 'invalid', ...recorded, code, details }
}

/** Accepts numbers too: old SDKs send the recipient as a number. */
function asText (value: unknown): string | null {
  if (typeof value === 'string' && value !== '') return value
  return typeof value === 'number' ? String(value) : null
}
