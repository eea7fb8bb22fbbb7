import { addAbortListener } from 'node:events'
import { errors, Pool } from 'undici'
import { decodeHttpBody } from '../values/http-body.js'
import { parseRetryAfter } from '../values/http-date.js'
import { describeInvalid } from '../values/invalid.js'
import { findInexact } from '../values/json.js'
import type { Problem } from './error.js'
import { SluiceClientError, toError } from './error.js'
import { classifyTransient, type RetryBudget } from './retry.js'

export interface ApiRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path below `baseUrl`, with escaped parameters. */
  path: string
  query?: Record<string, string | number | boolean | undefined>
  body?: unknown
  /** The body as a text of JSON, instead of `body`. */
  json?: string
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

/** Of a decompressed response. The gateway's largest, a page of failures, has some MB. */
const MAX_BYTES = 256 * 1024 * 1024

/** HTTP over connections that are kept alive. */
export function createTransport ({ baseUrl, apiKey, connections, tryTimeoutMs }: TransportOptions): Transport {
  const { origin, root } = parseBaseUrl(baseUrl)
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
    const json = request.json ?? (body === undefined ? null : toJson(body))
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
        headers: {
          accept: 'application/json',
          'accept-encoding': 'identity',
          ...auth,
          ...headers,
          ...(json === null ? {} : { 'content-type': 'application/json' })
        },
        body: json,
        signal: stop.signal,
        headersTimeout: 0,
        bodyTimeout: 0
      })
      const bytes = Buffer.from(await response.body.arrayBuffer())
      const text = decodeHttpBody(bytes, response.headers['content-encoding'], MAX_BYTES)
      return parseResponse(response.statusCode, bytes.length > 0 && text === '' ? null : text, headerOf(response.headers['retry-after']))
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

/** Throws TypeError, without what may be a password. The path of the API may be part of the address: it is left out. */
function parseBaseUrl (text: unknown): { origin: string, root: string } {
  const example = 'such as http://localhost:3000'
  if (typeof text !== 'string' || text.trim() === '') throw new TypeError(`baseUrl: give the address of the gateway, ${example}`)
  if (!/^https?:\/\//i.test(text.trim())) throw new TypeError(`baseUrl must begin with http:// or https://, ${example}`)
  if (!URL.canParse(text)) throw new TypeError(`baseUrl is not a URL: give the address of the gateway, ${example}`)
  const { origin, pathname, username, password, search, hash } = new URL(text)
  if (username !== '' || password !== '') throw new TypeError('baseUrl may not contain a password: give the API key as apiKey')
  if (search !== '' || hash !== '') throw new TypeError(`baseUrl may not contain ? or #: give the address of the gateway, ${example}`)
  return { origin, root: pathname.replace(/\/+$/, '').replace(/\/api\/v1$/, '') }
}

/** `text`: null for a body that could not be decoded. */
function parseResponse (status: number, text: string | null, retryAfter: string | undefined): { status: number, body: unknown } {
  const body = text === null ? undefined : parseJson(text)
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

/** `Retry-After` in ms from now. */
function toMs (value: string | undefined): number | undefined {
  return value === undefined ? undefined : parseRetryAfter(value, Date.now())
}

/** A parameter of a path. Throws TypeError for an empty one: the path of all failures would be left of that of one. */
export function segment (value: string): string {
  if (typeof value === 'string' && value !== '') return encodeURIComponent(value)
  throw new TypeError('an ID, recipient or code of a call must be a text that is not empty')
}

function withoutUndefined (query: ApiRequest['query'] = {}): Record<string, string | number | boolean> {
  return Object.fromEntries(Object.entries(query).filter((entry): entry is [string, string | number | boolean] => entry[1] !== undefined))
}

/** JSON.stringify writes NaN and Infinity as null, and whole numbers beyond 2^53 rounded: the gateway could not see what was meant. */
export function toJson (body: unknown): string {
  const inexact = findInexact(body, 'body')
  if (inexact.length > 0) throw new TypeError(inexact.map(describeInvalid).join('; '))
  return JSON.stringify(body)
}
