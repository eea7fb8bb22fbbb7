/** Reads a request body as far as Meta checks it before it looks at limits. */

import { isObject, parseJson, type JsonObject } from './body.js'
import { personInRecipient, personInTo, type Person } from './person.js'

export type Edge = 'messages' | 'marketing_messages'

export interface Message {
  person: Person
  /** The recipient as the caller wrote it. */
  written: string
  type: string
  /** The object named like the type. */
  content: JsonObject
}

/** What can be told of any body, however wrong, for the record of it. */
export interface Glimpse {
  recipient: string | null
  opaque: string | null
}

export type Envelope = Glimpse & (
  | { status: 'invalid', code: number, details: string }
  /** Mark as read, or typing: a body that has no recipient. */
  | { status: 'acknowledgement' }
  | { status: 'message', message: Message }
)

const MAX_OPAQUE = 512
const MAX_TEXT = 4096

/** Validates as coarsely as the limits and faults of the sandbox need; unknown fields pass. */
export function readEnvelope (text: string, edge: Edge): Envelope {
  const body = parseJson(text)
  if (!isObject(body)) return invalid({ recipient: null, opaque: null }, 100, 'The request body is not a JSON object')
  const glimpse: Glimpse = {
    recipient: asText(body.to) ?? asText(body.recipient),
    opaque: asText(body.biz_opaque_callback_data),
  }
  if (body.messaging_product !== 'whatsapp') {
    return invalid(glimpse, 100, 'The parameter messaging_product is required and must be "whatsapp"')
  }
  if (glimpse.opaque !== null && glimpse.opaque.length > MAX_OPAQUE) {
    return invalid(glimpse, 100, `Param biz_opaque_callback_data must be at most ${MAX_OPAQUE} characters long`)
  }
  if (body.status !== undefined || body.typing_indicator !== undefined) return readAcknowledgement(body, glimpse)
  return readMessage(body, glimpse, edge)
}

function readAcknowledgement (body: JsonObject, glimpse: Glimpse): Envelope {
  if (body.status !== 'read') return invalid(glimpse, 100, 'Param status must be one of {read}')
  if (typeof body.message_id !== 'string') return invalid(glimpse, 100, 'The parameter message_id is required')
  return { status: 'acknowledgement', ...glimpse }
}

function readMessage (body: JsonObject, glimpse: Glimpse, edge: Edge): Envelope {
  const person = readPerson(body)
  if (person === undefined) return invalid(glimpse, 100, 'The parameter to is required')
  if (person === null) return invalid(glimpse, 131009, 'Param to or recipient is not a valid recipient')
  const type = asText(body.type) ?? 'text'
  if (edge === 'marketing_messages' && type !== 'template') {
    return invalid(glimpse, 131055, 'Only templates of category MARKETING can be sent here')
  }
  const content = body[type]
  if (!isObject(content)) return invalid(glimpse, 131008, `Parameter '${type}' is mandatory for type '${type}'`)
  if (type === 'text') {
    const words = content.body
    if (typeof words !== 'string' || words === '') return invalid(glimpse, 131008, 'Param text[\'body\'] is required')
    if (words.length > MAX_TEXT) {
      return invalid(glimpse, 100, `Param text['body'] must be at most ${MAX_TEXT} characters long`)
    }
  }
  return { status: 'message', ...glimpse, message: { person, written: glimpse.recipient ?? '', type, content } }
}

/** `to` wins if both are given. Undefined: there is no recipient. Null: it is none. */
function readPerson (body: JsonObject): Person | null | undefined {
  const to = asText(body.to)
  if (to !== null) return body.recipient_type === 'group' ? { addressing: 'group', name: to } : personInTo(to)
  const recipient = asText(body.recipient)
  return recipient === null ? undefined : personInRecipient(recipient)
}

function invalid (glimpse: Glimpse, code: number, details: string): Envelope {
  return { status: 'invalid', ...glimpse, code, details }
}

/** Old SDKs send the recipient as a number. */
function asText (value: unknown): string | null {
  if (typeof value === 'string' && value !== '') return value
  return typeof value === 'number' ? String(value) : null
}
