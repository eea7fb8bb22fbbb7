import type { Grant } from '../message.js'

type Members = Record<string, unknown>

/**
 * The body of the one request for this grant, as JSON. Unknown fields pass: Meta adds some several times a year.
 * `to` goes as the caller wrote it: Meta reads digits without `+` as international in practice, and guessing harms.
 * A user id stands in `recipient`, since Meta drops the message silently where one stands in `to`.
 * `biz_opaque_callback_data` (at most 512 characters, Meta, "Status messages webhook reference") names message and
 * attempt; it comes back in status webhooks, also in those of an attempt whose answer was lost. So the caller's own stays
 * here: Meta takes one, and shows it to every app subscribed.
 */
export function buildBody (grant: Grant): string {
  const { payload } = grant
  const body: Members = { ...(payload.edge !== undefined && typeof payload.message === 'object' ? payload.message : content(payload.type, payload.message)) }
  body['messaging_product'] = 'whatsapp'
  body['recipient_type'] = payload.addressing === 'group' ? 'group' : 'individual'
  body[payload.addressing === 'user' ? 'recipient' : 'to'] = payload.to
  body['biz_opaque_callback_data'] = attemptName(grant)
  return JSON.stringify(body)
}

/** The name of an attempt towards Meta: `<grant id>.<attempt>`. */
export function attemptName (grant: Pick<Grant, 'id' | 'attempt'>): string {
  return `${grant.id}.${grant.attempt}`
}

/** A whole message object keeps its fields; a bare one, such as `{ name, language }` of a template, goes under its type. */
function content (type: string, message: string | Members): Members {
  if (typeof message === 'string') return { type: 'text', text: { body: message } }
  if (typeof message.type === 'string' && holds(message, message.type)) return message
  if (holds(message, type)) return { ...message, type }
  return { type, [type]: message }
}

/** Asks for the object too, since an interactive object has a `type` of its own: `{ type: 'button', ... }`. */
function holds (message: Members, type: string): boolean {
  return Object.hasOwn(message, type) && typeof message[type] === 'object' && message[type] !== null
}
