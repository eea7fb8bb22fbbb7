import type { Role } from '../callers.js'
import { SluiceError } from '../errors.js'
import { parseId } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import { isJsonObject, type JsonObject } from '../values/json.js'
import { inspectMessage } from './inspect.js'

/** The part of a request to admission that references are about. */
interface Referring { sender: string, message: string | JsonObject, resolved?: JsonObject, rejection?: SluiceError }

/** The API key whose messages a caller may refer to: its own if its role is `send`; undefined for all. */
export function ownerOf (caller: { name: string, role: Role }): string | undefined {
  return caller.role === 'send' ? caller.name : undefined
}

/** Members of a Cloud API message that hold a `message_id`; the message itself holds it in a reaction without its envelope. */
const places = [['context'], ['reaction'], []]

/**
 * The request with WhatsApp's ids in place of the gateway's, in a reply or a reaction: in `resolved`, since its key depends on what the caller
 * wrote. A caller may quote a message by the gateway's id, since a message has no other one until it is sent. `owner`: only messages of this API
 * key may be quoted. Sets the `rejection` NOT_SENT_YET while the quoted message waits, and INVALID_REQUEST if it was never sent or Redis has
 * nothing of it, or UNAVAILABLE.
 */
export async function resolveReferences<Request extends Referring> (store: Store, owner: string | undefined, request: Request): Promise<Request> {
  const { sender, message, rejection } = request
  if (typeof message === 'string' || rejection !== undefined) return request
  let resolved: JsonObject = message
  try {
    for (const [name] of places) {
      const part = name === undefined ? resolved : resolved[name]
      const quoted = isJsonObject(part) && typeof part['message_id'] === 'string' ? parseId(part['message_id']) : null
      if (quoted === null) continue
      const named = { ...part as JsonObject, message_id: await resolve(store, sender, owner, quoted, name) }
      resolved = name === undefined ? named : { ...resolved, [name]: named }
    }
  } catch (error) {
    if (error instanceof SluiceError) return { ...request, rejection: error }
    throw error
  }
  return resolved === message ? request : { ...request, resolved }
}

type Quoted = NonNullable<ReturnType<typeof parseId>>

async function resolve (store: Store, sender: string, owner: string | undefined, parts: Quoted, member: string | undefined): Promise<string> {
  const field = member === undefined ? 'message_id' : `${member}.message_id`
  const view = parts.sender === sender ? await inspectMessage(store, sender, { id: parts.id }) : null
  if (view === null || (owner !== undefined && view.caller !== owner)) {
    throw new SluiceError('INVALID_REQUEST', { detail: `${field}: unknown message; use WhatsApp's own id`, field })
  }
  const isTaken = ['sent', 'delivered', 'read'].includes(view.state)
  if (isTaken && view.providerMessageId !== null) return view.providerMessageId
  if (isTaken || ['failed', 'cancelled', 'expired'].includes(view.state)) {
    throw new SluiceError('INVALID_REQUEST', { detail: `${field}: WhatsApp has no such message: it is ${view.state}`, field })
  }
  throw new SluiceError('NOT_SENT_YET', {
    detail: `${field}: this message is ${view.state}; quote it when it is sent`,
    field,
    extra: { messageStatus: view.state }
  })
}
