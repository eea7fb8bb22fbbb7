/** A caller of the gateway's HTTP API, patient as callers should be: turned away by a node that is behind its work, it comes again when told to. */
import { pass } from './until.js'

export interface Reply<Body = Record<string, any>> {
  status: number
  headers: Headers
  body: Body
}

export interface Caller {
  post: (path: string, body?: unknown, headers?: Record<string, string>) => Promise<Reply>
  put: (path: string, body?: unknown) => Promise<Reply>
  get: (path: string) => Promise<Reply>
  del: (path: string) => Promise<Reply>
  /** `POST /messages`: a text, or whatever `more` makes of it. */
  send: (to: string, message?: unknown, more?: Record<string, unknown>, headers?: Record<string, string>) => Promise<Reply>
}

export type Ask = (url: string, init?: RequestInit) => Promise<Reply>

/** So often a caller comes again. A machine that is busy with other tests makes any node late for once. */
const TIMES = 10

/** The answer; of a node that does not take the request now, the one of a later try. */
export async function request (url: string, init: RequestInit = {}): Promise<Reply> {
  for (let times = 0; ; times++) {
    const reply = await askOnce(url, init)
    if (reply.status !== 503 || reply.body['code'] !== 'OVERLOADED' || times === TIMES) return reply
    await pass(Number(reply.headers.get('retry-after')) * 1000)
  }
}

/** The answer, whatever it is. */
export async function askOnce (url: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(url, init)
  const text = await response.text()
  const isJson = /json/.test(response.headers.get('content-type') ?? '')
  return { status: response.status, headers: response.headers, body: isJson && text !== '' ? JSON.parse(text) : { text } }
}

/** Calls with this key; without one, with none. Paths are below `/api/v1`. */
export function createCaller (origin: string, key?: string, ask: Ask = request): Caller {
  const auth: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` }
  const call = (method: string) => async (path: string, body?: unknown, headers: Record<string, string> = {}) =>
    await ask(`${origin}/api/v1${path}`, {
      method,
      headers: { ...auth, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
  const post = call('POST')
  return {
    post,
    put: call('PUT'),
    get: call('GET'),
    del: call('DELETE'),
    send: async (to, message = 'Hello', more = {}, headers = {}) => await post('/messages', { to, message, ...more }, headers)
  }
}
