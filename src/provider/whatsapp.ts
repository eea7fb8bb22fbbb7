import { errors } from 'undici'
import type { Proxies } from '../config.js'
import { elapsedNow } from '../deadlines.js'
import { SluiceError } from '../errors.js'
import type { Edge, Grant, Outcome, Passed, Provider } from '../message.js'
import { createOutbound } from '../outbound.js'
import { buildBody } from './body.js'
import { classify, toOutcome, type UntimedOutcome } from './classify.js'
import type { Policy } from './policy.js'
import { standardPolicy } from './policy.js'
import { exchange, type ExchangeResult } from './exchange.js'
import { createPassThrough } from './pass-through.js'
import { redact } from '../redact.js'
import type { HttpResponse } from './response.js'
import { transportCode } from './undici-errors.js'

export interface WhatsAppOptions {
  /** The API with its version, such as `https://graph.facebook.com/v25.0`; a path before the version is kept. */
  url: string
  accessToken: string
  /** The sender. */
  phoneNumberId: string
  /** Milliseconds from the start of a request to the last byte of its response. */
  sendTimeoutMs: number
  /** Most open connections to the API. */
  connections: number
  proxies?: Proxies | undefined
}

/** The provider of one sender. Its token may change while it runs. */
export interface WhatsAppProvider extends Omit<Provider, 'pass' | 'get'> {
  pass: (edge: Edge, body: string) => Promise<Passed>
  /** GET of the number's node with these fields: see `PassThrough`. */
  fetchNumber: (fields: string) => Promise<HttpResponse | { failure: string }>
  /** GET of a path below the version of the API. */
  get: (path: string) => Promise<Passed>
  /** Requests that start from now on use this token; requests in flight keep theirs. Throws `CONFIG_INVALID`. */
  renew: (accessToken: string) => void
}

/** Meta's responses have some hundred bytes; a larger one is not Meta's. */
const maxResponseBytes = 1_048_576
/** Long enough that a connection made too late for its grant is still open for the next grant. */
const keepAliveMs = 20_000
const connectTimeoutMs = 10_000
/** A probe may be sent so long after a response: longer than the wait for the next probe after one that could not start in time. */
const respondsForMs = 10_000

/**
 * Creates the provider of one sender. One grant becomes one `POST <url>/<phone number id>/messages` (Meta, "Service messages"),
 * or `/marketing_messages` if the message was posted for it, and one outcome. A request is never repeated and never redirected.
 * Throws `CONFIG_INVALID` for invalid options; the methods of the provider never throw.
 */
export function createWhatsAppProvider (options: WhatsAppOptions, policy: Policy = standardPolicy): WhatsAppProvider {
  const { sendTimeoutMs, connections, proxies } = options
  const { origin, root, base } = parseTarget(options)
  let access = accessWith(options.accessToken)
  // Why no connection was free is known only here: a grant is given back long before a connect times out.
  let connectError: string | undefined
  const pool = createOutbound(origin, {
    connections,
    connectTimeoutMs: Math.min(connectTimeoutMs, sendTimeoutMs),
    keepAliveMs,
    proxies,
    onConnect () { connectError = undefined },
    onConnectError (error) { connectError = transportCode(error, false) }
  })
  const passThrough = createPassThrough({ origin, sendTimeoutMs, maxResponseBytes, proxies })
  const inFlight = new Set<Promise<ExchangeResult>>()
  let isClosing = false

  let respondedAt = -Infinity

  /**
   * Before a probe of an open circuit: a message without a response may have been sent, so none is risked on an API that does not respond to a read.
   * Any response will do. Returns the code of the failure, or null.
   */
  async function probe (): Promise<string | null> {
    if (elapsedNow() - respondedAt < respondsForMs) return null
    const response = await fetchNumber('id')
    if ('failure' in response) return response.failure
    respondedAt = elapsedNow()
    return null
  }

  async function send (grant: Grant, onStart?: () => void): Promise<Outcome> {
    const { headers, token } = access
    const failure = grant.isProbe === true ? await probe() : null
    if (failure !== null) {
      const error = `${policy.rowOf(failure).title}: WhatsApp did not respond to a read, so the probe was not sent`
      return { status: 'unsent', code: failure, error, outage: true, startedAfterMs: null, durationMs: 0 }
    }
    const result = await attempt(grant, headers, onStart)
    const outcome = outcomeOf(result, connectError, policy, grant.pairHits)
    const { startedAt, endedAt } = result
    if ('error' in outcome) outcome.error = redact(outcome.error, [token, grant.payload.to])
    return Object.assign(outcome, {
      startedAfterMs: startedAt === null ? null : startedAt - grant.askedAt,
      durationMs: startedAt === null ? 0 : endedAt - startedAt
    })
  }

  async function attempt (grant: Grant, headers: Record<string, string>, onStart: (() => void) | undefined): Promise<ExchangeResult> {
    if (isClosing) return failedBeforeStart(new errors.ClientClosedError())
    let body
    try {
      body = buildBody(grant)
    } catch (error) {
      return failedBeforeStart(new errors.InvalidArgumentError(messageOf(error)))
    }
    const { startBy, payload } = grant
    const path = `${base}/${payload.edge ?? 'messages'}`
    const running = exchange(pool, { origin, path, method: 'POST', headers, body }, { startBy, sendTimeoutMs, maxResponseBytes, onStart })
    inFlight.add(running)
    const result = await running
    inFlight.delete(running)
    return result
  }

  /** Waits for the requests in flight, which have deadlines, and not for connections that are still being made. */
  async function close (): Promise<void> {
    isClosing = true
    await Promise.all([...inFlight, passThrough.close()])
    await pool.destroy()
  }

  async function pass (edge: Edge, body: string): Promise<Passed> {
    return isClosing ? { status: 'failed', code: 'SHUTTING_DOWN' } : await passThrough.pass(`${base}/${edge}`, access, body)
  }

  async function fetchNumber (fields: string): Promise<HttpResponse | { failure: string }> {
    return isClosing ? { failure: 'SHUTTING_DOWN' } : await passThrough.fetchNumber(`${base}?fields=${fields}`, access)
  }

  async function get (path: string): Promise<Passed> {
    if (isClosing) return { status: 'failed', code: 'SHUTTING_DOWN' }
    const got = await passThrough.fetchNumber(`${root}/${path}`, access)
    return 'failure' in got ? { status: 'failed', code: got.failure } : { status: 'responded', httpStatus: got.statusCode, body: got.body }
  }

  return { send, pass, fetchNumber, get, close, renew (token) { access = accessWith(token) } }
}

/**
 * A grant is given back long before a connect times out, so a failing connection appears as NOT_STARTED. The outcome then has the
 * code of the last connect error: it cools the sender down, and requests that wait for a connection do not pile up.
 */
function outcomeOf (result: ExchangeResult, connectError: string | undefined, policy: Policy, pairHits: number): UntimedOutcome {
  if ('response' in result) return classify(result.response, policy, pairHits)
  const transport = transportCode(result.error, result.startedAt !== null)
  const code = transport === 'NOT_STARTED' ? connectError ?? transport : transport
  const row = policy.rowOf(code)
  return toOutcome(row, code, `${row.title}: ${messageOf(result.error)}`)
}

function failedBeforeStart (error: Error): ExchangeResult {
  return { startedAt: null, endedAt: elapsedNow(), error }
}

function messageOf (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** `root`: the path of the API's version. `base`: the sender's path; an edge follows it. Throws `CONFIG_INVALID`. */
export function parseTarget ({ url, phoneNumberId }: Pick<WhatsAppOptions, 'url' | 'phoneNumberId'>): { origin: string, root: string, base: string } {
  if (!URL.canParse(url)) throw new SluiceError('CONFIG_INVALID', { field: 'url', detail: 'The URL of the API is malformed' })
  const { protocol, origin, pathname, search, username } = new URL(url)
  if (!/^https?:$/.test(protocol) || search !== '' || username !== '') {
    throw new SluiceError('CONFIG_INVALID', { field: 'url', detail: 'The URL of the API must be http or https, without query or credentials' })
  }
  const root = pathname.replace(/\/+$/, '')
  return { origin, root, base: `${root}/${encodeURIComponent(phoneNumberId)}` }
}

/** A line break in a token, often the last character of its file, would fail every message, and not before it is sent. */
export function checkToken (token: string): void {
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new SluiceError('CONFIG_INVALID', { field: 'accessToken', detail: 'An access token must be printable ASCII without spaces or line breaks' })
  }
}

function accessWith (token: string): { token: string, headers: Record<string, string> } {
  checkToken(token)
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'sluice'
  }
  return { token, headers }
}
