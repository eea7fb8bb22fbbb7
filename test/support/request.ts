/** A caller of the gateway's HTTP API. */

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

export async function request (url: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(url, init)
  const text = await response.text()
  const isJson = /json/.test(response.headers.get('content-type') ?? '')
  return { status: response.status, headers: response.headers, body: isJson && text !== '' ? JSON.parse(text) : { text } }
}

/** Calls with this key; without one, with none. Paths are below `/api/v1`. */
export function createCaller (origin: string, key?: string): Caller {
  const auth: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` }
  const call = (method: string) => async (path: string, body?: unknown, headers: Record<string, string> = {}) =>
    await request(`${origin}/api/v1${path}`, {
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
