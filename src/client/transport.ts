import { addAbortListener } from 'node:events'
import { errors, Pool } from 'undici'
import type { Problem } from './error.js'
import { SluiceClientError, toError } from './error.js'
import type { RetryBudget } from './retry-budget.js'
import { classifyTransient } from './transient.js'

export interface ApiRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Path below `baseUrl`, with escaped parameters. */
  path: string
  query?: Record<string, string | number | boolean | undefined>
  body?: unknown
  headers?: Record<string, string>
  /**
   * Which transient errors are retried: `all` for idempotent requests; `not-executed` only those without any effect; `none`.
   */
  retry: 'all' | 'not-executed' | 'none'
}

export interface ApiResponse {
  status: number
  /** Parsed JSON; null if the body is empty. */
  body: unknown
  /** How many tries it took, from 1. */
  tries: number
}

export interface Transport {
  /** Sends a request and retries it within the budget. Rejects with SluiceClientError, or with the reason of the caller's signal. */
  send: (request: ApiRequest, budget: RetryBudget) => Promise<ApiResponse>
  /** Resolves when the requests in flight have ended. */
  close: () => Promise<void>
}

export interface TransportOptions {
  baseUrl: string
  apiKey: string | undefined
  connections: number
  /** Timeout of one try in ms, for requests with `retry: 'all'`; others may use the whole budget. */
  tryTimeoutMs: number
}

/** HTTP over connections that are kept alive. */
export function createTransport ({ baseUrl, apiKey, connections, tryTimeoutMs }: TransportOptions): Transport {
  const { origin, pathname } = new URL(baseUrl)
  const root = pathname.replace(/\/+$/, '')
  const pool = new Pool(origin, { connections })
  const auth = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }

  return {
    async send (request, budget) {
      for (let tries = 1; ; tries++) {
        try {
          return { ...await attempt(request, budget), tries }
        } catch (error) {
          if (!(error instanceof SluiceClientError)) throw error
          const transient = classifyTransient(error.code, error.status, error.cause)
          const mayRetry = transient !== null && (request.retry === 'all' || request.retry === transient)
          if (!mayRetry || !await budget.wait(tries, error.retryAfterMs)) throw error
        }
      }
    },
    close: async () => await pool.close()
  }

  async function attempt (request: ApiRequest, { signal, leftMs }: RetryBudget): Promise<Omit<ApiResponse, 'tries'>> {
    const { method, path, query, body, headers, retry } = request
    signal?.throwIfAborted()
    const limitMs = Math.max(1, retry === 'all' ? Math.min(tryTimeoutMs, leftMs()) : leftMs())
    const stop = new AbortController()
    const timer = setTimeout(() => stop.abort(), limitMs)
    const listening = signal === undefined ? undefined : addAbortListener(signal, () => stop.abort())
    try {
      const response = await pool.request({
        method,
        path: root + path,
        query: withoutUndefined(query),
        headers: { accept: 'application/json', ...auth, ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        body: body === undefined ? null : JSON.stringify(body),
        signal: stop.signal,
        headersTimeout: 0,
        bodyTimeout: 0
      })
      const text = await response.body.text()
      return parseResponse(response.statusCode, text, headerOf(response.headers['retry-after']))
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof SluiceClientError) throw error
      // An invalid header or address is the caller's mistake: a retry fails too.
      if (error instanceof errors.InvalidArgumentError) throw error
      if (stop.signal.aborted) throw new SluiceClientError('TIMEOUT', `no response within ${Math.round(limitMs)} ms`, { cause: error })
      throw new SluiceClientError('UNREACHABLE', 'connection to the gateway failed or was lost', { cause: error })
    } finally {
      clearTimeout(timer)
      listening?.[Symbol.dispose]()
    }
  }
}

function parseResponse (status: number, text: string, retryAfter: string | undefined): { status: number, body: unknown } {
  const body = parseJson(text)
  if (status >= 200 && status < 300 && body !== undefined) return { status, body }
  const retryAfterMs = toMs(retryAfter)
  if (isProblem(body)) throw toError(body, status, retryAfterMs)
  const details = { status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
  throw new SluiceClientError('UNEXPECTED_RESPONSE', `HTTP ${status} is not a response of the gateway`, details)
}

/** Null for an empty body, undefined for invalid JSON. */
function parseJson (text: string): unknown {
  if (text === '') return null
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isProblem (body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'string' && 'title' in body
}

function headerOf (value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

/** `Retry-After` in ms: a number of seconds, or a date. */
function toMs (value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}

function withoutUndefined (query: ApiRequest['query'] = {}): Record<string, string | number | boolean> {
  return Object.fromEntries(Object.entries(query).filter((entry): entry is [string, string | number | boolean] => entry[1] !== undefined))
}
