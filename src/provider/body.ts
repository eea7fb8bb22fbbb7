import type { Grant } from '../message.js'
import { formatAttemptName } from '../message.js'
import { recipientMembers } from '../recipient.js'

type JsonObject = Record<string, unknown>

/**
 * The JSON body of the one request for this grant.
 *
 * Unknown fields pass: Meta adds fields several times a year. `to` keeps the caller's spelling: Meta reads digits without `+` as
 * an international number. A user id goes into `recipient`: Meta silently drops a message with a user id in `to`.
 *
 * `biz_opaque_callback_data` (at most 512 characters; Meta, "Status messages webhook reference") names message and attempt.
 * Status webhooks return it, also for an attempt whose response was lost. The caller's own value is not sent: Meta accepts one
 * value, and shows it to every subscribed app.
 */
export function buildBody (grant: Grant): string {
  const { payload } = grant
  const isCloudApiBody = payload.edge !== undefined && typeof payload.message === 'object'
  const body = isCloudApiBody ? copyOf(payload.message as JsonObject) : content(payload.type, payload.message)
  body['messaging_product'] = 'whatsapp'
  body['recipient_type'] = payload.addressing === 'group' ? 'group' : 'individual'
  body[payload.addressing === 'user' ? 'recipient' : 'to'] = payload.to
  body['biz_opaque_callback_data'] = formatAttemptName(grant)
  return JSON.stringify(body)
}

/**
 * A copy that names no recipient: the recipient of the grant counts and no other, since WhatsApp prefers `to` to `recipient`, and only this pair's
 * rate was checked.
 */
function copyOf (message: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(message).filter(([name]) => !(recipientMembers as readonly string[]).includes(name)))
}

/** A complete message object keeps its fields; a bare one, such as `{ name, language }` of a template, goes under its type. */
function content (type: string, message: string | JsonObject): JsonObject {
  // Hot path: a literal. A copied object takes several times as long, here and in JSON.stringify.
  if (typeof message === 'string') return { type: 'text', text: { body: message } }
  if (typeof message.type === 'string' && hasObject(message, message.type)) return copyOf(message)
  if (hasObject(message, type)) return { ...copyOf(message), type }
  return copyOf({ type, [type]: message })
}

/** Requires an object: an interactive object has a `type` of its own, `{ type: 'button', ... }`. */
function hasObject (message: JsonObject, name: string): boolean {
  return Object.hasOwn(message, name) && typeof message[name] === 'object' && message[name] !== null
}
