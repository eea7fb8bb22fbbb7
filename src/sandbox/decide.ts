import { readEnvelope, type Edge, type Message, type RecordedFields } from './envelope.js'
import type { Fault } from './faults.js'
import type { Reply } from './http.js'
import type { Arrival } from './records.js'
import { acceptMessage, errorReply } from './responses.js'
import type { State } from './state.js'

export interface MessageRequest {
  sender: string
  edge: Edge
  /** Null: the request has no token. */
  token: string | null
  text: string
  /** Unix ms */
  headersAt: number
}

export interface Decision extends Pick<Arrival, 'outcome' | 'code' | 'wamid' | 'fault'> {
  reply: Reply
  /** In addition to the latency, ms. */
  delayMs: number
  /** Meta's code with which a webhook later fails the accepted message. */
  failsWith?: number
}

const SLOW_MS = 5_000

/** Decides about a complete request, in Meta's order as far as it is observable: token, body, limits; then faults; then acceptance. */
export function decide (state: State, request: MessageRequest): Decision & RecordedFields {
  const envelope = readEnvelope(request.text, request.edge)
  const { recipient, opaque } = envelope
  return { recipient, opaque, ...decideEnvelope() }

  function decideEnvelope (): Decision {
    if (request.token === null) return reject(0, 'An access token is required to request this resource.')
    if (request.token === 'expired') return reject(190, 'Error validating access token: Session has expired.')
    switch (envelope.status) {
      case 'invalid': return reject(envelope.code, envelope.details)
      case 'acknowledgement': return acknowledge()
      case 'message': return decideMessage(state, request, envelope.message)
      default: return envelope satisfies never
    }
  }
}

function decideMessage (state: State, { sender, headersAt }: MessageRequest, message: Message): Decision {
  const limit = state.limits.pass(sender, message.recipient.id, headersAt)
  if (limit !== null) return reject(limit)
  const fault = state.faults.take(sender, message)
  return fault === null ? accept(message) : { ...applyFault(fault, message), fault: fault.kind }
}

function applyFault (fault: Fault, message: Message): Decision {
  const delayMs = fault.delayMs ?? 0
  const { httpStatus } = fault
  switch (fault.kind) {
    case 'code': return { ...reject(fault.code ?? 131000, undefined, httpStatus), delayMs }
    case 'status': {
      const code = fault.code ?? 2
      return { ...reject(code), reply: errorReply(code, { httpStatus: httpStatus ?? 500, isTransient: true }), delayMs }
    }
    case 'html': return { ...withoutCode('rejected'), reply: { kind: 'html', httpStatus: httpStatus ?? 502 }, delayMs }
    // Accepted at once: a client that times out has sent its message.
    case 'slow': return { ...accept(message), delayMs: fault.delayMs ?? SLOW_MS }
    case 'reset-before':
    case 'reset-after': return { ...withoutCode('reset'), delayMs }
    case 'hang': return { ...withoutCode('hung'), reply: { kind: 'hang' } }
    case 'accept-reset': return { ...accept(message), reply: { kind: 'reset' }, delayMs }
    case 'accept-hang': return { ...accept(message), reply: { kind: 'hang' } }
    case 'fail-later': return { ...accept(message), failsWith: fault.code ?? 131026, delayMs }
    default: return fault.kind satisfies never
  }
}

function accept (message: Message): Decision {
  const { wamid, body } = acceptMessage(message)
  const outcome = message.recipient.addressing === 'dropped' ? 'dropped' : 'accepted'
  return { outcome, code: null, wamid, fault: null, reply: { kind: 'json', httpStatus: 200, body }, delayMs: 0 }
}

function reject (code: number, details?: string, httpStatus?: number): Decision {
  return { outcome: 'rejected', code, wamid: null, fault: null, reply: errorReply(code, { details, httpStatus }), delayMs: 0 }
}

function acknowledge (): Decision {
  return { ...withoutCode('acknowledged'), reply: { kind: 'json', httpStatus: 200, body: { success: true } } }
}

/** By default the connection is reset. */
function withoutCode (outcome: Decision['outcome']): Decision {
  return { outcome, code: null, wamid: null, fault: null, reply: { kind: 'reset' }, delayMs: 0 }
}
