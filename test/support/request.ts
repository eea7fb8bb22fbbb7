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

/** The answer, as it came; of a node that does not take the request now, the one of a later try. */
export async function fetchPatiently (url: string, init: RequestInit = {}): Promise<Response> {
  for (let times = 0; ; times++) {
    const response = await fetch(url, init)
    // In the words of either of the gateway's APIs.
    if (response.status !== 503 || times === TIMES || !/"OVERLOADED[":]/.test(await response.clone().text())) return response
    await pass(Number(response.headers.get('retry-after')) * 1000)
  }
}

export async function request (url: string, init: RequestInit = {}): Promise<Reply> {
  return await read(await fetchPatiently(url, init))
}

/** The first answer, whatever it is. */
export async function askOnce (url: string, init: RequestInit = {}): Promise<Reply> {
  return await read(await fetch(url, init))
}

async function read (response: Response): Promise<Reply> {
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
