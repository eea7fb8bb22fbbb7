import type { Test } from 'tap'
import { createSandbox, type SandboxOptions } from '../../src/sandbox/sandbox.js'

export interface GraphBody {
  contacts?: Array<{ input: string, wa_id?: string, user_id?: string }>
  messages?: Array<{ id: string, message_status?: string, group_id?: string }>
  success?: boolean
  error?: {
    message: string,
    type: string,
    code: number,
    is_transient?: boolean,
    error_data: { messaging_product: string, details: string },
    fbtrace_id: string
  }
}

export interface Seen {
  seq: number
  sender: string
  recipient: string | null
  body: { text?: { body: string } } | null
  headersAt: number
  receivedAt: number
  outcome: string
  code: number | null
  httpStatus: number | null
  wamid: string | null
  opaque: string | null
  fault: string | null
}

export interface GraphResponse {
  status: number
  body: GraphBody
}

export interface Harness {
  url: string
  /** Posts a text message. */
  send: (to: string, text?: string, more?: Record<string, unknown>) => Promise<GraphResponse>
  /** Posts any body. */
  post: (body: unknown, init?: { path?: string, headers?: Record<string, string> }) => Promise<GraphResponse>
  control: (method: string, path: string, body?: unknown) => Promise<{ status: number, body: Record<string, unknown> }>
  seen: (query?: string) => Promise<Seen[]>
}

/** Starts a sandbox without latency; the end of the test closes it. */
export async function startSandbox (t: Test, options: SandboxOptions = {}): Promise<Harness> {
  const sandbox = await createSandbox({ latencyMs: 0, ...options })
  t.teardown(() => sandbox.close())
  const origin = `http://127.0.0.1:${sandbox.port}`

  const post: Harness['post'] = async (body, { path = '/v25.0/111/messages', headers } = {}) => {
    const response = await fetch(origin + path, {
      method: 'POST',
      headers: headers ?? { authorization: 'Bearer token', 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body)
    })
    return { status: response.status, body: await response.json() as GraphBody }
  }
  const control: Harness['control'] = async (method, path, body) => {
    const response = await fetch(`${origin}/_sandbox/${path}`, {
      method, ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    return { status: response.status, body: await response.json() as Record<string, unknown> }
  }
  return {
    url: sandbox.url,
    post,
    control,
    send: (to, text = 'hello', more = {}) =>
      post({ messaging_product: 'whatsapp', to, type: 'text', text: { body: text }, ...more }),
    seen: async (query = '') => (await control('GET', `messages${query}`)).body.messages as Seen[]
  }
}

/** The error code of a request without a response. */
export async function failureOf (promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'none'
  } catch (error) {
    const { name, cause } = error as { name: string, cause?: { code?: string } }
    return cause?.code ?? name
  }
}
