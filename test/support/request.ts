/** A caller of the gateway's HTTP API. As callers should, it retries after the response's `Retry-After` when an overloaded node rejects a request. */
import { pass } from './until.js'

export interface Reply<Body = Record<string, any>> {
  status: number
  headers: Headers
  body: Body
}

export interface Caller {
  post: (path: string, body?: unknown, headers?: Record<string, string>) => Promise<Reply>
  put: (path: string, body?: unknown) => Promise<Reply>
  patch: (path: string, body?: unknown) => Promise<Reply>
  get: (path: string) => Promise<Reply>
  del: (path: string) => Promise<Reply>
  /** `POST /messages` with a text and the fields of `more`. */
  send: (to: string, message?: unknown, more?: Record<string, unknown>, headers?: Record<string, string>) => Promise<Reply>
}

export type Ask = (url: string, init?: RequestInit) => Promise<Reply>

/** Number of retries. A machine that is busy with other tests may overload any node for a moment. */
const MAX_RETRIES = 10

/** The response; if the node is overloaded, the response of a retry. */
export async function fetchWithRetry (url: string, init: RequestInit = {}): Promise<Response> {
  for (let times = 0; ; times++) {
    const response = await fetch(url, init)
    // The code in the format of either of the gateway's APIs.
    if (response.status !== 503 || times === MAX_RETRIES || !/"OVERLOADED[":]/.test(await response.clone().text())) return response
    await pass(Number(response.headers.get('retry-after')) * 1000)
  }
}

export async function request (url: string, init: RequestInit = {}): Promise<Reply> {
  return await read(await fetchWithRetry(url, init))
}

/** The first response, without retries. */
export async function requestOnce (url: string, init: RequestInit = {}): Promise<Reply> {
  return await read(await fetch(url, init))
}

async function read (response: Response): Promise<Reply> {
  const text = await response.text()
  const isJson = /json/.test(response.headers.get('content-type') ?? '')
  return { status: response.status, headers: response.headers, body: isJson && text !== '' ? JSON.parse(text) : { text } }
}

/** Calls with this API key, or without one. Paths are below `/api/v1`. */
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
    patch: call('PATCH'),
    get: call('GET'),
    del: call('DELETE'),
    send: async (to, message = 'Hello', more = {}, headers = {}) => await post('/messages', { to, message, ...more }, headers)
  }
}
