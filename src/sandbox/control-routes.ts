/** `/_sandbox/…`: for tests and operators. Meta has nothing like it. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { parseJson, readBody } from './body.js'
import { parseFaultRule } from './faults.js'
import type { RecordQuery } from './records.js'
import { answer } from './reply.js'
import { changeSettings } from './settings.js'
import type { State } from './state.js'

interface ControlReply {
  httpStatus: number
  body: unknown
}

type Handler = (state: State, body: unknown, query: URLSearchParams) => ControlReply | Promise<ControlReply>

const routes: Readonly<Record<string, Handler>> = {
  'GET /_sandbox/messages': (state, _body, query) => ok({
    messages: state.records.find(parseQuery(query)), lastSeq: state.records.lastSeq(), counts: state.records.counts(),
  }),
  'DELETE /_sandbox/messages': (state) => {
    state.records.clear()
    return ok({ cleared: true })
  },
  'GET /_sandbox/faults': (state) => ok({ faults: state.faults.list() }),
  'POST /_sandbox/faults': (state, body) => {
    const rule = parseFaultRule(body)
    if (typeof rule === 'string') return wrong(rule)
    // Answered before the rule counts its uses down.
    const answered = { ...rule }
    state.faults.add(rule)
    return { httpStatus: 201, body: answered }
  },
  'DELETE /_sandbox/faults': (state) => {
    state.faults.clear()
    return ok({ cleared: true })
  },
  'GET /_sandbox/webhooks': (state) => ok(state.webhooks.counts()),
  // Whatever it says: for what no message here would lead to.
  'POST /_sandbox/webhooks': async (state, body) => ok({ answered: await state.webhooks.post(body) }),
  'GET /_sandbox/settings': (state) => ok(state.settings),
  'PUT /_sandbox/settings': (state, body) => {
    const complaint = changeSettings(state.settings, body)
    if (complaint !== null) return wrong(complaint)
    state.limits.forget()
    return ok(state.settings)
  },
}

/** Answers without the sandbox's latency: control isn't part of what is imitated. */
export async function handleControl (
  state: State, path: string, request: IncomingMessage, response: ServerResponse
): Promise<void> {
  const handler = routes[`${request.method} ${path}`]
  const body = await readBody(request)
  if (body.status === 'gone') return
  const query = new URLSearchParams((request.url ?? '').split('?', 2)[1])
  const { httpStatus, body: answered } = handler === undefined
    ? { httpStatus: 404, body: { error: { message: `There is no ${request.method} ${path}` } } }
    : await handler(state, body.status === 'read' ? parseJson(body.text) : undefined, query)
  answer(response, { kind: 'json', httpStatus, body: answered }, 0)
}

function parseQuery (query: URLSearchParams): RecordQuery {
  const number = (name: string): number | undefined => query.has(name) ? Number(query.get(name)) : undefined
  return {
    recipient: query.get('recipient') ?? undefined,
    sender: query.get('sender') ?? undefined,
    since: number('since'),
    limit: number('limit'),
  }
}

function ok (body: unknown): ControlReply {
  return { httpStatus: 200, body }
}

function wrong (message: string): ControlReply {
  return { httpStatus: 400, body: { error: { message } } }
}
