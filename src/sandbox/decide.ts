import { readEnvelope, type Edge, type Message, type RecordedFields } from './envelope.js'
import type { Fault } from './faults.js'
import type { Reply } from './http.js'
import type { Arrival } from './records.js'
import { acceptMessage, errorReply } from './responses.js'
import type { State } from './state.js'
import { codeOfTemplate, type Template } from './templates.js'

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
    const denied = checkAccess(state, request)
    if (denied !== null) return { ...withoutCode('rejected'), ...denied }
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
  const template = templateOf(state, message)
  const code = codeOfTemplate(template)
  if (code !== null) return reject(code)
  if (!state.windows.allows(sender, message)) return reject(131047)
  if (!state.daily.allows(sender, message, headersAt)) return reject(state.settings.dailyCode)
  const fault = state.faults.consume(sender, message)
  const acceptIt = (): Decision => accept(message, template?.held)
  return fault === null ? acceptIt() : { ...applyFault(fault, acceptIt), fault: fault.kind }
}

function templateOf ({ templates }: State, { type, content }: Message): Template | undefined {
  const { name, language } = content as { name?: unknown, language?: { code?: unknown } }
  return type === 'template' ? templates.find(String(name), String(language?.code)) : undefined
}

/** The response to a token or a number that is not known; null if both are. */
export function checkAccess (
  { settings }: State, { sender, token }: Pick<MessageRequest, 'sender' | 'token'>
): { code: number, reply: Reply } | null {
  const denied = (code: number, details: string, subcode?: number): ReturnType<typeof checkAccess> =>
    ({ code, reply: errorReply(code, { details, subcode }) })
  if (token === null) return denied(0, 'An access token is required to request this resource.')
  if (token === 'expired') return denied(190, 'Error validating access token: Session has expired.')
  if (token !== (settings.accessToken ?? token)) return denied(190, 'Invalid OAuth access token - Cannot parse access token')
  if (settings.phoneNumberIds?.includes(sender) !== false) return null
  const missing = 'does not exist, cannot be loaded due to missing permissions, or does not support this operation'
  return denied(100, `Unsupported request. Object with ID '${sender}' ${missing}`, 33)
}

/** `accept`: what happens without a fault. */
export function applyFault (fault: Fault, accept: () => Decision): Decision {
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
    case 'slow': return { ...accept(), delayMs: fault.delayMs ?? SLOW_MS }
    case 'reset-before':
    case 'reset-after': return { ...withoutCode('reset'), delayMs }
    case 'hang': return { ...withoutCode('hung'), reply: { kind: 'hang' } }
    case 'accept-reset': return { ...accept(), reply: { kind: 'reset' }, delayMs }
    case 'accept-hang': return { ...accept(), reply: { kind: 'hang' } }
    case 'fail-later': return { ...accept(), failsWith: fault.code ?? 131026, delayMs }
    default: return fault.kind satisfies never
  }
}

function accept (message: Message, isHeld = false): Decision {
  const { wamid, body } = acceptMessage(message, isHeld)
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
export function withoutCode (outcome: Decision['outcome']): Decision {
  return { outcome, code: null, wamid: null, fault: null, reply: { kind: 'reset' }, delayMs: 0 }
}
