import { SluiceError } from '../errors.js'
import type { Answer } from '../http/outcome.js'
import { writtenId } from '../settlement/record.js'
import type { Body } from './body.js'

type Members = Record<string, unknown>
type Asked = Pick<Extract<Body, { status: 'message' }>, 'to' | 'addressing'>

/**
 * What the gateway's own API answers, as Meta would have said it: what is sent has Meta's id and nothing more; what waits has the
 * gateway's id, is `accepted`, and tells its wait in `messages[0].sluice`. Throws what is an error to clients of Meta: a
 * message that ended without being sent.
 */
export function toGraph (asked: Asked, { body }: Answer): Members {
  const state = String(body['status'])
  if (state === 'failed' && body['error'] !== undefined) {
    const error = body['error'] as { message: string | null }
    throw new SluiceError('PROVIDER_REJECTED', { ...(error.message === null ? {} : { detail: error.message }), extra: { id: body['id'], error } })
  }
  if (['failed', 'cancelled', 'expired'].includes(state)) throw new SluiceError('ENDED_UNSENT', { detail: `it is ${state}` })
  // Also one that waits again may have an id of WhatsApp's: of an attempt that failed after it was taken.
  const isTaken = typeof body['providerMessageId'] === 'string' && ['sent', 'delivered', 'read'].includes(state)
  return {
    messaging_product: 'whatsapp',
    contacts: [contact(asked, body['waId'])],
    messages: [{
      id: isTaken ? body['providerMessageId'] : body['id'],
      ...(asked.addressing === 'group' ? { group_id: asked.to } : {}),
      ...(isTaken ? status(body['messageStatus']) : { ...status('accepted'), sluice: waiting(body) })
    }]
  }
}

/** What clients don't look for in a body, for those who look: where the message stands, our id of it, its wait in ms. */
export function headersOf ({ body, replayed }: Answer): Record<string, string> {
  return {
    'sluice-status': String(body['status']),
    'sluice-message-id': String(body['id']),
    ...(typeof body['delayMs'] === 'number' ? { 'sluice-delay-ms': String(body['delayMs']) } : {}),
    ...(body['sandbox'] === true ? { 'sluice-sandbox': 'true' } : {}),
    ...(replayed === true ? { 'idempotent-replayed': 'true' } : {})
  }
}

/** WhatsApp may know the recipient by another name; until it says so it is the one that was written. */
function contact (asked: Asked, waId: unknown): Members {
  const told = typeof waId === 'string' ? waId : writtenId(asked)
  // A user's id has a dot in it, and WhatsApp tells a number in its place where it may.
  return { input: asked.to, ...(asked.addressing === 'user' && told.includes('.') ? { user_id: told } : { wa_id: told }) }
}

function status (word: unknown): Members {
  return word === undefined ? {} : { message_status: word }
}

function waiting (body: Members): Members {
  const members = { status: body['status'], delay_ms: body['delayMs'], expected_at: body['expectedAt'], position: body['position'], waiting_for: body['waitingFor'], next_retry_at: body['nextRetryAt'] }
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}
