import { Pool } from 'undici'
import type { Passed } from '../message.js'
import { parseBody } from './response.js'
import { exchange } from './exchange.js'
import { transportCode } from './undici-errors.js'

export interface PassThroughOptions {
  /** Scheme, host and port of the API. */
  origin: string
  /** Milliseconds from the start of a request to the last byte of its response. */
  sendTimeoutMs: number
  /** Most bytes of a response body. */
  maxResponseBytes: number
}

/** Forwards requests that are not messages (mark as read, typing), outside of all rate limits. */
export interface PassThrough {
  pass: (path: string, access: { headers: Record<string, string>, token: string }, body: string) => Promise<Passed>
  close: () => Promise<void>
}

/** A small pool of its own: no grant ever waits for a connection behind a mark as read. */
const CONNECTIONS = 10
/** Longest wait for a connection in ms; callers time out after five seconds. */
const START_WITHIN_MS = 2000

/** Connects with the first request: most senders never need it. */
export function createPassThrough ({ origin, sendTimeoutMs, maxResponseBytes }: PassThroughOptions): PassThrough {
  const pool = new Pool(origin, {
    connections: CONNECTIONS, pipelining: 1, connect: { timeout: START_WITHIN_MS }, headersTimeout: 0, bodyTimeout: 0
  })
  const inFlight = new Set<Promise<unknown>>()
  return {
    async pass (path, { headers, token }, body) {
      const limits = { startBy: performance.now() + START_WITHIN_MS, sendTimeoutMs, maxResponseBytes }
      const running = exchange(pool, { path, method: 'POST', headers, body }, limits)
      inFlight.add(running)
      const result = await running
      inFlight.delete(running)
      if (!('response' in result)) return { status: 'failed', code: transportCode(result.error, result.startedAt !== null) }
      const { statusCode, body: text } = result.response
      // An HTML page comes from a proxy; a client that parses JSON cannot use it.
      if (parseBody(text) === undefined) return { status: 'failed', code: `HTTP_${statusCode}` }
      // Meta quotes invalid tokens in errors, and this token is not the caller's.
      return { status: 'answered', httpStatus: statusCode, body: text.replaceAll(token, '[hidden]') }
    },
    async close () {
      await Promise.all(inFlight)
      await pool.destroy()
    }
  }
}
