/** `POST /{version?}/{phone-number-id}/messages`: read, decide, record, answer. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { readBody } from './body.js'
import { now } from './clock.js'
import type { Edge } from './envelope.js'
import { nameOf } from './person.js'
import type { Arrival } from './records.js'
import { answer, refusal } from './reply.js'
import type { State } from './state.js'
import { decide } from './verdict.js'

export interface MessagesPath {
  sender: string
  edge: Edge
}

const PATH = /^\/(?:v\d+(?:\.\d+)?\/)?([A-Za-z0-9_-]+)\/(messages|marketing_messages)$/

/** The sender and edge that a path names; null if it is another path. */
export function matchMessagesPath (path: string): MessagesPath | null {
  const [, sender, edge] = PATH.exec(path) ?? []
  if (sender === undefined) return null
  return { sender, edge: edge === 'messages' ? 'messages' : 'marketing_messages' }
}

/** @param headersAt when the head of the request arrived, Unix ms */
export async function handleMessages (
  state: State, { sender, edge }: MessagesPath, request: IncomingMessage, response: ServerResponse, headersAt: number
): Promise<void> {
  const early = state.faults.takeAtHead(sender)
  if (early !== null) {
    state.records.add({ ...blank, sender, headersAt, receivedAt: headersAt, outcome: 'reset', fault: early.kind })
    answer(response, { kind: 'reset' }, early.delayMs ?? 0)
    return
  }
  const body = await readBody(request)
  if (body.status === 'gone') return
  const receivedAt = now()
  if (body.status === 'too-large') {
    state.records.add({ ...blank, sender, headersAt, receivedAt, outcome: 'refused', code: 100, httpStatus: 413 })
    answer(response, refusal(100, 'The request body is too large', 413), state.settings.latencyMs)
    return
  }
  const { text } = body
  const verdict = decide(state, { sender, edge, token: tokenOf(request), text, headersAt })
  const { reply, delayMs, failsWith, ...rest } = verdict
  const httpStatus = 'httpStatus' in reply ? reply.httpStatus : null
  state.records.add({ ...rest, sender, text, headersAt, receivedAt, httpStatus })
  if (rest.outcome === 'accepted' && rest.wamid !== null) {
    state.webhooks.follow({ sender, wamid: rest.wamid, opaque: rest.opaque, recipient: nameOf(rest.recipient ?? ''), failsWith: failsWith ?? null })
  }
  answer(response, reply, state.settings.latencyMs + delayMs)
}

const blank: Omit<Arrival, 'sender' | 'headersAt' | 'receivedAt' | 'outcome'> =
  { recipient: null, text: null, code: null, httpStatus: null, wamid: null, opaque: null, fault: null }

/** The bearer token, or the `access_token` that the Graph API also takes in the query. */
function tokenOf (request: IncomingMessage): string | null {
  const [, bearer] = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '') ?? []
  if (bearer !== undefined) return bearer
  const [, query] = (request.url ?? '').split('?', 2)
  return (query === undefined ? null : new URLSearchParams(query).get('access_token')) || null
}
