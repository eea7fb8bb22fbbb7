import type { Role } from '../config.js'
import { SluiceError } from '../errors.js'
import { parseId } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import { inspectMessage } from './inspect.js'

type Members = Record<string, unknown>

/** Whose messages a caller may name: its own alone where its key only sends. */
export function ownerOf (caller: { name: string, role: Role }): string | undefined {
  return caller.role === 'send' ? caller.name : undefined
}

/** Where a Cloud API message names an earlier one; `message_id` by itself is a reaction without its envelope. */
const places = [['context'], ['reaction'], []]

/**
 * A reply or a reaction may name the message that it is about by the gateway's id, for until that is sent it has no other;
 * WhatsApp gets its own. `owner`: only messages of this API key may be named. Throws NOT_SENT_YET while it waits, and
 * INVALID_REQUEST where it never went out or nothing is known of it (any more).
 */
export async function resolveReferences<Message extends string | Members> (
  store: Store,
  sender: string,
  owner: string | undefined,
  message: Message
): Promise<Message> {
  if (typeof message === 'string') return message
  let resolved: Members = message
  for (const [name] of places) {
    const part = name === undefined ? resolved : resolved[name]
    if (!isMembers(part) || typeof part['message_id'] !== 'string') continue
    const named = { ...part, message_id: await resolve(store, sender, owner, part['message_id'], name) }
    resolved = name === undefined ? named : { ...resolved, [name]: named }
  }
  return resolved as Message
}

async function resolve (store: Store, sender: string, owner: string | undefined, quoted: string, place: string | undefined): Promise<string> {
  const parts = parseId(quoted)
  if (parts === null) return quoted
  const field = place === undefined ? 'message_id' : `${place}.message_id`
  const view = parts.sender === sender ? await inspectMessage(store, sender, { id: parts.id }) : null
  if (view === null || (owner !== undefined && view.caller !== owner)) {
    throw new SluiceError('INVALID_REQUEST', { detail: `${field}: nothing is known of this message; give WhatsApp's own id`, field })
  }
  const isTaken = ['sent', 'delivered', 'read'].includes(view.state)
  if (isTaken && view.providerMessageId !== null) return view.providerMessageId
  if (isTaken || ['failed', 'cancelled', 'expired'].includes(view.state)) {
    throw new SluiceError('INVALID_REQUEST', { detail: `${field}: WhatsApp has no such message, it is ${view.state}`, field })
  }
  throw new SluiceError('NOT_SENT_YET', {
    detail: `${field}: this message is ${view.state}; quote it when it is sent`,
    field,
    extra: { messageStatus: view.state }
  })
}

function isMembers (value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
