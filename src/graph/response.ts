import type { Static } from '@sinclair/typebox'
import { SluiceError } from '../errors.js'
import type { AdmissionResult, Waiting } from '../http/admission-result.js'
import type { State } from '../message.js'
import { writtenId } from '../settlement/record.js'
import type { Body } from './body.js'
import type { GraphAcceptedSchema, GraphResponseSchema, GraphContactSchema, GraphWaitSchema } from './schemas.js'

type GraphMessage = Pick<Extract<Body, { status: 'message' }>, 'to' | 'addressing'>

/**
 * An admission in Meta's shape: a sent message has Meta's id and nothing more; a waiting one has the gateway's id, is `accepted`, and has its
 * wait in `messages[0].sluice`. Throws what is an error to clients of Meta: a message that ended without being sent.
 */
export function toGraph ({ to, addressing }: GraphMessage, result: AdmissionResult): Static<typeof GraphResponseSchema> {
  const group = addressing === 'group' ? { group_id: to } : {}
  const taken = takenOf(result)
  const message: Static<typeof GraphAcceptedSchema> = taken === null
    ? { id: result.id, ...group, message_status: 'accepted', sluice: describeWait(stateOf(result), waitingOf(result)) }
    : { id: taken.providerMessageId, ...group, ...(taken.messageStatus === undefined ? {} : { message_status: taken.messageStatus }) }
  return { messaging_product: 'whatsapp', contacts: [contact({ to, addressing }, waIdOf(result))], messages: [message] }
}

/** Headers for callers who want more than Meta's body has: state, the gateway's id, and the wait in ms. */
export function headersOf (result: AdmissionResult, sandbox: boolean): Record<string, string> {
  const { delayMs } = waitingOf(result)
  return {
    'sluice-status': stateOf(result),
    'sluice-message-id': result.id,
    ...(typeof delayMs === 'number' ? { 'sluice-delay-ms': String(delayMs) } : {}),
    ...(sandbox ? { 'sluice-sandbox': 'true' } : {}),
    ...(result.status === 'duplicate' ? { 'idempotent-replayed': 'true' } : {})
  }
}

/** What WhatsApp said of a message that it has; null while it does not. Throws if the message ended without being sent. */
function takenOf (result: AdmissionResult): { providerMessageId: string, messageStatus?: string } | null {
  if (result.status === 'sent') {
    const { providerMessageId, messageStatus } = result.taken
    return providerMessageId === null ? null : { providerMessageId, ...(messageStatus === undefined ? {} : { messageStatus }) }
  }
  const state = stateOf(result)
  const { error } = waitingOf(result)
  if (state === 'failed' && error !== undefined) {
    throw new SluiceError('PROVIDER_REJECTED', { ...(error.message === null ? {} : { detail: error.message }), extra: { id: result.id, error } })
  }
  if (state === 'failed' || state === 'cancelled' || state === 'expired') throw new SluiceError('ENDED_UNSENT', { detail: `the message is ${state}` })
  // A waiting message may have an id of WhatsApp's too: of an attempt that failed after WhatsApp accepted it.
  const isTaken = result.status === 'duplicate' && (state === 'sent' || state === 'delivered' || state === 'read')
  return isTaken && result.first.providerMessageId !== null ? { providerMessageId: result.first.providerMessageId } : null
}

function stateOf (result: AdmissionResult): State {
  switch (result.status) {
    case 'sent': return 'sent'
    case 'accepted': return result.state
    case 'duplicate': return result.first.status
  }
}

function waitingOf (result: AdmissionResult): Waiting {
  switch (result.status) {
    case 'sent': return {}
    case 'accepted': return result.waiting
    case 'duplicate': return result.first
  }
}

function waIdOf (result: AdmissionResult): string | undefined {
  switch (result.status) {
    case 'sent': return result.taken.waId
    case 'accepted': return undefined
    case 'duplicate': return result.first.waId
  }
}

/** The recipient by WhatsApp's id if it gave another than the caller wrote. */
function contact ({ to, addressing }: GraphMessage, waId: string | undefined): Static<typeof GraphContactSchema> {
  const id = waId ?? writtenId({ to, addressing })
  // A user id contains a dot; WhatsApp may return the phone number instead.
  return { input: to, ...(addressing === 'user' && id.includes('.') ? { user_id: id } : { wa_id: id }) }
}

function describeWait (status: State, { delayMs, expectedAt, position, waitingFor, nextRetryAt }: Waiting): Static<typeof GraphWaitSchema> {
  return {
    status,
    ...(delayMs === undefined ? {} : { delay_ms: delayMs }),
    ...(expectedAt === undefined ? {} : { expected_at: expectedAt }),
    ...(position === undefined ? {} : { position }),
    ...(waitingFor === undefined ? {} : { waiting_for: waitingFor }),
    ...(nextRetryAt === undefined ? {} : { next_retry_at: nextRetryAt })
  }
}
