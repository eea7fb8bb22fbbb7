import type { Proxies } from '../config.js'
import { elapsedNow } from '../deadlines.js'
import type { Passed } from '../message.js'
import { createOutbound } from '../outbound.js'
import { parseBody, type HttpResponse } from './response.js'
import { exchange } from './exchange.js'
import { transportCode } from './undici-errors.js'

export interface PassThroughOptions {
  /** Scheme, host and port of the API. */
  origin: string
  /** Milliseconds from the start of a request to the last byte of its response. */
  sendTimeoutMs: number
  /** Most bytes of a response body. */
  maxResponseBytes: number
  proxies?: Proxies | undefined
}

/** Requests that are not messages (mark as read, typing, the check at the start), outside of all rate limits. */
export interface PassThrough {
  pass: (path: string, access: { headers: Record<string, string>, token: string }, body: string) => Promise<Passed>
  /** Reads with GET, within 5 s. `close` does not wait for it. `failure`: a code of Sluice. */
  fetchNumber: (path: string, access: { headers: Record<string, string> }) => Promise<HttpResponse | { failure: string }>
  close: () => Promise<void>
}

/** A small pool of its own: no grant ever waits for a connection behind a mark as read. */
const CONNECTIONS = 10
/** Longest wait for a connection in ms; callers time out after five seconds. */
const START_WITHIN_MS = 2000
/** From the start of a GET to the end of its response. */
const LOOK_TIMEOUT_MS = 3000

/** Connects with the first request: most senders never need it. */
export function createPassThrough ({ origin, sendTimeoutMs, maxResponseBytes, proxies }: PassThroughOptions): PassThrough {
  const pool = createOutbound(origin, { connections: CONNECTIONS, connectTimeoutMs: START_WITHIN_MS, proxies })
  const inFlight = new Set<Promise<unknown>>()
  return {
    async pass (path, { headers, token }, body) {
      const limits = { startBy: elapsedNow() + START_WITHIN_MS, sendTimeoutMs, maxResponseBytes }
      const running = exchange(pool, { origin, path, method: 'POST', headers, body }, limits)
      inFlight.add(running)
      const result = await running
      inFlight.delete(running)
      if (!('response' in result)) return { status: 'failed', code: transportCode(result.error, result.startedAt !== null) }
      const { statusCode, body: text } = result.response
      // An HTML page comes from a proxy; a client that parses JSON cannot use it.
      if (parseBody(text) === undefined) return { status: 'failed', code: `HTTP_${statusCode}` }
      // Meta quotes invalid tokens in errors, and this token is not the caller's.
      return { status: 'responded', httpStatus: statusCode, body: text.replaceAll(token, '[hidden]') }
    },
    async fetchNumber (path, { headers }) {
      const limits = { startBy: elapsedNow() + START_WITHIN_MS, sendTimeoutMs: LOOK_TIMEOUT_MS, maxResponseBytes }
      const result = await exchange(pool, { origin, path, method: 'GET', headers }, limits)
      return 'response' in result ? result.response : { failure: transportCode(result.error, result.startedAt !== null) }
    },
    async close () {
      await Promise.all(inFlight)
      await pool.destroy()
    }
  }
}
