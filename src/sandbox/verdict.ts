/** What becomes of a request that has arrived in full. */

import { accept } from './accept.js'
import { readEnvelope, type Edge, type Glimpse, type Message } from './envelope.js'
import type { Fault } from './faults.js'
import type { Arrival } from './records.js'
import { refusal, type Reply } from './reply.js'
import type { State } from './state.js'

export interface MessageRequest {
  sender: string
  edge: Edge
  /** Null: none was sent. */
  token: string | null
  text: string
  /** Unix ms */
  headersAt: number
}

export interface Verdict extends Pick<Arrival, 'outcome' | 'code' | 'wamid' | 'fault'> {
  reply: Reply
  /** On top of the latency, ms. */
  delayMs: number
  /** Meta's code that a webhook tells of later, though the message was accepted. */
  failsWith?: number
}

const SLOW_MS = 5_000

/** In Meta's order as far as it can be seen from outside: token, body, limits; then what a fault does; then acceptance. */
export function decide (state: State, request: MessageRequest): Verdict & Glimpse {
  const envelope = readEnvelope(request.text, request.edge)
  const { recipient, opaque } = envelope
  return { recipient, opaque, ...judge() }

  function judge (): Verdict {
    if (request.token === null) return refuse(0, 'An access token is required to request this resource.')
    if (request.token === 'expired') return refuse(190, 'Error validating access token: Session has expired.')
    switch (envelope.status) {
      case 'invalid': return refuse(envelope.code, envelope.details)
      case 'acknowledgement': return acknowledge()
      case 'message': return judgeMessage(state, request, envelope.message)
      default: return envelope satisfies never
    }
  }
}

function judgeMessage (state: State, { sender, headersAt }: MessageRequest, message: Message): Verdict {
  const limit = state.limits.pass(sender, message.person.name, headersAt)
  if (limit !== null) return refuse(limit)
  const fault = state.faults.take(sender, message)
  return fault === null ? take(message) : { ...inflict(fault, message), fault: fault.kind }
}

function inflict (fault: Fault, message: Message): Verdict {
  const delayMs = fault.delayMs ?? 0
  switch (fault.kind) {
    case 'code': return { ...refuse(fault.code ?? 131000, undefined, fault.httpStatus), delayMs }
    case 'status': {
      const code = fault.code ?? 2
      return { ...refuse(code), reply: refusal(code, undefined, fault.httpStatus ?? 500, true), delayMs }
    }
    case 'html': return { ...unanswered('refused'), reply: { kind: 'html', httpStatus: fault.httpStatus ?? 502 }, delayMs }
    // Accepted at once: a client that loses patience has sent its message nevertheless.
    case 'slow': return { ...take(message), delayMs: fault.delayMs ?? SLOW_MS }
    case 'reset-before':
    case 'reset-after': return { ...unanswered('reset'), delayMs }
    case 'hang': return { ...unanswered('hung'), reply: { kind: 'hang' } }
    case 'accept-reset': return { ...take(message), reply: { kind: 'reset' }, delayMs }
    case 'accept-hang': return { ...take(message), reply: { kind: 'hang' } }
    case 'fail-later': return { ...take(message), failsWith: fault.code ?? 131026, delayMs }
    default: return fault.kind satisfies never
  }
}

function take (message: Message): Verdict {
  const { wamid, body } = accept(message)
  const outcome = message.person.addressing === 'lost' ? 'dropped' : 'accepted'
  return { outcome, code: null, wamid, fault: null, reply: { kind: 'json', httpStatus: 200, body }, delayMs: 0 }
}

function refuse (code: number, details?: string, httpStatus?: number): Verdict {
  return { outcome: 'refused', code, wamid: null, fault: null, reply: refusal(code, details, httpStatus), delayMs: 0 }
}

function acknowledge (): Verdict {
  return { ...unanswered('acknowledged'), reply: { kind: 'json', httpStatus: 200, body: { success: true } } }
}

function unanswered (outcome: Verdict['outcome']): Verdict {
  return { outcome, code: null, wamid: null, fault: null, reply: { kind: 'reset' }, delayMs: 0 }
}
