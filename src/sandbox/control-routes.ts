import type { IncomingMessage, ServerResponse } from 'node:http'
import { parseFaultRule } from './faults.js'
import { readBody, sendReply } from './http.js'
import { parseJson } from './json.js'
import type { RecordQuery } from './records.js'
import { parseSettings } from './settings.js'
import type { State } from './state.js'
import { parseTemplate, statusUpdate } from './templates.js'
import { inboundUpdate, parseInbound } from './windows.js'

interface ControlReply {
  httpStatus: number
  body: unknown
}

type Handler = (state: State, body: unknown, query: URLSearchParams) => ControlReply | Promise<ControlReply>

const routes: Readonly<Record<string, Handler>> = {
  'GET /_sandbox/messages': ({ records }, _body, query) =>
    ok({ messages: records.find(parseQuery(query)), lastSeq: records.lastSeq(), counts: records.counts() }),
  'DELETE /_sandbox/messages': ({ records }) => {
    records.clear()
    return ok({ cleared: true })
  },
  'GET /_sandbox/faults': ({ faults }) => ok({ faults: faults.list() }),
  'POST /_sandbox/faults': ({ faults }, body) => {
    const parsed = parseFaultRule(body)
    if ('problem' in parsed) return badRequest(parsed.problem)
    // A copy: the rule counts its uses down.
    const created = { ...parsed.value }
    faults.add(parsed.value)
    return { httpStatus: 201, body: created }
  },
  'DELETE /_sandbox/faults': ({ faults }) => {
    faults.clear()
    return ok({ cleared: true })
  },
  'GET /_sandbox/templates': ({ templates }) => ok({ templates: templates.list() }),
  'PUT /_sandbox/templates': async ({ templates, webhooks, settings }, body) => {
    const parsed = parseTemplate(body)
    if ('problem' in parsed) return badRequest(parsed.problem)
    templates.set(parsed.value)
    await webhooks.post(statusUpdate(settings.accountId, parsed.value))
    return ok(parsed.value)
  },
  'DELETE /_sandbox/templates': ({ templates }) => {
    templates.clear()
    return ok({ cleared: true })
  },
  'POST /_sandbox/inbound': async ({ windows, webhooks, settings }, body) => {
    const parsed = parseInbound(body)
    if ('problem' in parsed) return badRequest(parsed.problem)
    windows.open(parsed.value)
    const status = parsed.value.lost ? null : await webhooks.post(inboundUpdate(settings.accountId, parsed.value))
    return ok({ status })
  },
  'DELETE /_sandbox/inbound': ({ windows }) => {
    windows.clear()
    return ok({ cleared: true })
  },
  'GET /_sandbox/webhooks': ({ webhooks }) => ok(webhooks.counts()),
  // Posts any content, for webhooks that no message here causes.
  'POST /_sandbox/webhooks': async ({ webhooks }, body) => ok({ status: await webhooks.post(body) }),
  'GET /_sandbox/settings': ({ settings }) => ok(settings),
  'PUT /_sandbox/settings': ({ settings, limits, daily }, body) => {
    const parsed = parseSettings(body)
    if ('problem' in parsed) return badRequest(parsed.problem)
    Object.assign(settings, parsed.value)
    limits.reset()
    daily.clear()
    return ok(settings)
  }
}

/** Handles `/_sandbox/…`, which controls the sandbox. Meta has no such routes, so they have no latency. */
export async function handleControl (
  state: State, path: string, request: IncomingMessage, response: ServerResponse
): Promise<void> {
  const handler = routes[`${request.method} ${path}`]
  const body = await readBody(request)
  if (body.status === 'gone') return
  const query = new URLSearchParams((request.url ?? '').split('?', 2)[1])
  const reply = handler === undefined
    ? { httpStatus: 404, body: { error: { message: `Unknown route ${request.method} ${path}` } } }
    : await handler(state, body.status === 'read' ? parseJson(body.text) : undefined, query)
  sendReply(response, { kind: 'json', ...reply }, 0)
}

function parseQuery (query: URLSearchParams): RecordQuery {
  const number = (name: string): number | undefined => query.has(name) ? Number(query.get(name)) : undefined
  return {
    recipient: query.get('recipient') ?? undefined,
    sender: query.get('sender') ?? undefined,
    since: number('since'),
    limit: number('limit')
  }
}

function ok (body: unknown): ControlReply {
  return { httpStatus: 200, body }
}

function badRequest (message: string): ControlReply {
  return { httpStatus: 400, body: { error: { message } } }
}
