import { addAbortListener } from 'node:events'
import { errors, Pool } from 'undici'
import type { Problem } from './error.js'
import { SluiceClientError, toError } from './error.js'
import { passingOf } from './passing.js'
import type { RetryBudget } from './retry-budget.js'

export interface Ask {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below the address of the gateway, its parameters escaped. */
  path: string
  query?: Record<string, string | number | boolean | undefined>
  body?: unknown
  headers?: Record<string, string>
  /** Done twice it comes to the same as done once, so that it may be repeated where nobody knows whether it was done. */
  repeatable: boolean
}

export interface Told {
  status: number
  body: unknown
  tries: number
}

export interface Exchange {
  /** Asks until there is an answer that a repeat would not change, or the patience is over. Throws SluiceClientError. */
  ask: (ask: Ask, retryBudget: RetryBudget) => Promise<Told>
  close: () => Promise<void>
}

export interface ExchangeOptions {
  baseUrl: string
  apiKey: string | undefined
  connections: number
  /** A repeatable try without an answer after this time is repeated. */
  tryTimeoutMs: number
}

/** Requests over connections that are kept alive. */
export function createExchange ({ baseUrl, apiKey, connections, tryTimeoutMs }: ExchangeOptions): Exchange {
  const { origin, pathname } = new URL(baseUrl)
  const root = pathname.replace(/\/+$/, '')
  const pool = new Pool(origin, { connections })
  const auth = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }

  return {
    async ask (asked, retryBudget) {
      for (let tries = 1; ; tries++) {
        try {
          return { ...await attempt(asked, retryBudget), tries }
        } catch (error) {
          if (!(error instanceof SluiceClientError)) throw error
          const passing = passingOf(error.code, error.status, error.cause)
          const mayRepeat = passing === 'undone' || (passing === 'perhaps' && asked.repeatable)
          if (!mayRepeat || !await retryBudget.wait(tries, error.retryAfterMs)) throw error
        }
      }
    },
    close: async () => await pool.close()
  }

  async function attempt ({ method, path, query, body, headers, repeatable }: Ask, { signal, leftMs }: RetryBudget): Promise<Omit<Told, 'tries'>> {
    signal?.throwIfAborted()
    const limitMs = Math.max(1, repeatable ? Math.min(tryTimeoutMs, leftMs()) : leftMs())
    const stop = new AbortController()
    const timer = setTimeout(() => stop.abort(), limitMs)
    const listening = signal === undefined ? undefined : addAbortListener(signal, () => stop.abort())
    try {
      const answer = await pool.request({
        method,
        path: root + path,
        query: given(query),
        headers: { accept: 'application/json', ...auth, ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        body: body === undefined ? null : JSON.stringify(body),
        signal: stop.signal,
        headersTimeout: 0,
        bodyTimeout: 0
      })
      const text = await answer.body.text()
      return read(answer.statusCode, text, headerOf(answer.headers['retry-after']))
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof SluiceClientError) throw error
      // A header or an address that can't be written is a mistake of the caller's, which no rest heals.
      if (error instanceof errors.InvalidArgumentError) throw error
      if (stop.signal.aborted) throw new SluiceClientError('TIMEOUT', `no answer within ${Math.round(limitMs)} ms`, { cause: error })
      throw new SluiceClientError('UNREACHABLE', 'no connection to the gateway, or it broke', { cause: error })
    } finally {
      clearTimeout(timer)
      listening?.[Symbol.dispose]()
    }
  }
}

function read (status: number, text: string, retryAfter: string | undefined): { status: number, body: unknown } {
  const body = parse(text)
  if (status >= 200 && status < 300 && body !== undefined) return { status, body }
  const retryAfterMs = toMs(retryAfter)
  if (isProblem(body)) throw toError(body, status, retryAfterMs)
  throw new SluiceClientError('UNEXPECTED_ANSWER', `HTTP ${status} that is none of the gateway's answers`, { status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) })
}

/** Null for no body, undefined for what is no JSON. */
function parse (text: string): unknown {
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

/** `Retry-After`: seconds, or a date. */
function toMs (value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}

function given (query: Ask['query'] = {}): Record<string, string | number | boolean> {
  return Object.fromEntries(Object.entries(query).filter((entry): entry is [string, string | number | boolean] => entry[1] !== undefined))
}
