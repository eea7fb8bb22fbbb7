import { Pool } from 'undici'
import type { Passed } from '../message.js'
import { parseBody } from './answer.js'
import { exchange } from './exchange.js'
import { transportCode } from './undici-errors.js'

export interface PassOptions {
  /** Of the API: scheme, host and port. */
  origin: string
  /** Milliseconds from the start of a request to the last byte of its answer. */
  sendTimeoutMs: number
  /** Bytes of an answer. */
  answerBytes: number
}

/** Passes requests on outside of all limits. */
export interface Passing {
  pass: (path: string, access: { headers: Record<string, string>, token: string }, body: string) => Promise<Passed>
  close: () => Promise<void>
}

/** Few, and apart from those of the paced messages: no grant ever waits behind a mark as read. */
const CONNECTIONS = 10
/** How long one may wait for a connection, ms; callers give up after five seconds. */
const START_WITHIN_MS = 2000

/** Connects with the first request: most senders never need it. */
export function createPassing ({ origin, sendTimeoutMs, answerBytes }: PassOptions): Passing {
  const pool = new Pool(origin, { connections: CONNECTIONS, pipelining: 1, connect: { timeout: START_WITHIN_MS }, headersTimeout: 0, bodyTimeout: 0 })
  const inFlight = new Set<Promise<unknown>>()
  return {
    async pass (path, { headers, token }, body) {
      const running = exchange(pool, { path, method: 'POST', headers, body }, { startBy: performance.now() + START_WITHIN_MS, sendTimeoutMs, answerBytes })
      inFlight.add(running)
      const ending = await running
      inFlight.delete(running)
      if (!('answer' in ending)) return { status: 'failed', code: transportCode(ending.error, ending.startedAt !== null) }
      const { statusCode, body: text } = ending.answer
      // An HTML page is somebody's in between, and says nothing to a client that parses JSON.
      if (parseBody(text) === undefined) return { status: 'failed', code: `HTTP_${statusCode}` }
      // Meta does quote tokens that it doesn't like, and this one isn't the caller's.
      return { status: 'answered', httpStatus: statusCode, body: text.replaceAll(token, '[hidden]') }
    },
    async close () {
      await Promise.all(inFlight)
      await pool.destroy()
    }
  }
}
