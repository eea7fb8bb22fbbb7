import type { IncomingMessage, ServerResponse } from 'node:http'
import { decide } from './decide.js'
import type { Edge } from './envelope.js'
import { now, readBody, sendReply } from './http.js'
import { recipientId } from './recipient.js'
import type { Arrival } from './records.js'
import { errorReply } from './responses.js'
import type { State } from './state.js'

export interface MessagesPath {
  sender: string
  edge: Edge
}

const PATH = /^\/(?:v\d+(?:\.\d+)?\/)?([A-Za-z0-9_-]+)\/(messages|marketing_messages)$/

const emptyArrival: Omit<Arrival, 'sender' | 'headersAt' | 'receivedAt' | 'outcome'> =
  { recipient: null, text: null, code: null, httpStatus: null, wamid: null, opaque: null, fault: null }

/** Sender and edge of `/{version?}/{phone-number-id}/{edge}`; null for any other path. */
export function matchMessagesPath (path: string): MessagesPath | null {
  const [, sender, edge] = PATH.exec(path) ?? []
  if (sender === undefined) return null
  return { sender, edge: edge === 'messages' ? 'messages' : 'marketing_messages' }
}

/** Handles `POST` of a message. `headersAt`: when the request headers arrived, Unix ms. */
export async function handleMessages (
  state: State, { sender, edge }: MessagesPath, request: IncomingMessage, response: ServerResponse, headersAt: number
): Promise<void> {
  const earlyFault = state.faults.takeAtHeaders(sender)
  if (earlyFault !== null) {
    state.records.add({ ...emptyArrival, sender, headersAt, receivedAt: headersAt, outcome: 'reset', fault: earlyFault.kind })
    sendReply(response, { kind: 'reset' }, earlyFault.delayMs ?? 0)
    return
  }
  const body = await readBody(request)
  if (body.status === 'gone') return
  const receivedAt = now()
  if (body.status === 'too-large') {
    state.records.add({ ...emptyArrival, sender, headersAt, receivedAt, outcome: 'rejected', code: 100, httpStatus: 413 })
    sendReply(response, errorReply(100, { details: 'The request body is too large', httpStatus: 413 }), state.settings.latencyMs)
    return
  }
  const { text } = body
  const { reply, delayMs, failsWith = null, ...decided } = decide(state, { sender, edge, token: tokenOf(request), text, headersAt })
  const { outcome, wamid, opaque, recipient } = decided
  state.records.add({ ...decided, sender, text, headersAt, receivedAt, httpStatus: 'httpStatus' in reply ? reply.httpStatus : null })
  if (outcome === 'accepted' && wamid !== null) {
    state.webhooks.follow({ sender, wamid, opaque, recipientId: recipientId(recipient ?? ''), failsWith })
  }
  sendReply(response, reply, state.settings.latencyMs + delayMs)
}

/** The bearer token, or `access_token` in the query, which the Graph API accepts too. */
export function tokenOf (request: IncomingMessage): string | null {
  const [, bearer] = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '') ?? []
  if (bearer !== undefined) return bearer
  const [, query] = (request.url ?? '').split('?', 2)
  return (query === undefined ? null : new URLSearchParams(query).get('access_token')) || null
}
