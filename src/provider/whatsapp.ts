import { Pool, errors } from 'undici'
import { SluiceError } from '../errors.js'
import type { Edge, Grant, Outcome, Passed, Provider } from '../message.js'
import { buildBody } from './body.js'
import { classify, toVerdict, type Verdict } from './classify.js'
import type { Policy } from './policy.js'
import { standardPolicy } from './policy.js'
import { exchange, type Ending } from './exchange.js'
import { createPassing } from './pass.js'
import { redact } from '../redact.js'
import { transportCode } from './undici-errors.js'

export interface WhatsAppOptions {
  /** The API with its version, such as `https://graph.facebook.com/v25.0`; a path before it is kept. */
  url: string
  accessToken: string
  /** The sender. */
  phoneNumberId: string
  /** Milliseconds from the start of a request to the last byte of its answer. */
  sendTimeoutMs: number
  /** The most connections held open to the API. */
  connections: number
}

/** The provider of one sender, whose token may change while it runs. */
export interface WhatsAppProvider extends Omit<Provider, 'pass'> {
  pass: (edge: Edge, body: string) => Promise<Passed>
  /** Requests that start from now on carry this token; those under way end with theirs. Throws `CONFIG_INVALID`. */
  renew: (accessToken: string) => void
}

/** Meta's answers have some hundred bytes; more than this is somebody else's. */
const answerBytes = 1_048_576
/** Long enough that a connection made too late for its grant still stands when the grant comes again. */
const keepAliveMs = 20_000
const connectTimeoutMs = 10_000

/**
 * The provider for one sender. One grant becomes one `POST <url>/<phone number id>/messages` (Meta, "Service
 * messages"), or `/marketing_messages` where the message came for it, and one outcome; it is never repeated and never redirected. Throws `CONFIG_INVALID` for options
 * that can not work; what it returns never throws.
 */
export function createWhatsAppProvider (options: WhatsAppOptions, policy: Policy = standardPolicy): WhatsAppProvider {
  const { sendTimeoutMs } = options
  const { origin, base } = target(options)
  let access = accessBy(options.accessToken)
  const pool = new Pool(origin, {
    connections: options.connections,
    pipelining: 1,
    connect: { timeout: Math.min(connectTimeoutMs, sendTimeoutMs) },
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    headersTimeout: 0,
    bodyTimeout: 0
  })
  const passing = createPassing({ origin, sendTimeoutMs, answerBytes })
  const inFlight = new Set<Promise<Ending>>()
  let isClosing = false
  // Why no connection was free is known only here: a grant is given back long before a connect times out.
  let connectTrouble: string | undefined
  pool.on('connectionError', (_origin, _targets, error) => { connectTrouble = transportCode(error, false) })
  pool.on('connect', () => { connectTrouble = undefined })

  async function send (grant: Grant, onStart?: () => void): Promise<Outcome> {
    const { headers, token } = access
    const ending = await attempt(grant, headers, onStart)
    const verdict = toVerdictOf(ending, connectTrouble, policy, grant.pairHits)
    const { startedAt, endedAt } = ending
    return {
      startedAfterMs: startedAt === null ? null : startedAt - grant.askedAt,
      durationMs: startedAt === null ? 0 : endedAt - startedAt,
      ...('error' in verdict ? { ...verdict, error: redact(verdict.error, [token, grant.payload.to]) } : verdict)
    }
  }

  async function attempt (grant: Grant, headers: Record<string, string>, onStart: (() => void) | undefined): Promise<Ending> {
    if (isClosing) return nowhere(new errors.ClientClosedError())
    let body
    try {
      body = buildBody(grant)
    } catch (error) {
      return nowhere(new errors.InvalidArgumentError(messageOf(error)))
    }
    const { startBy, payload } = grant
    const path = `${base}/${payload.edge ?? 'messages'}`
    const running = exchange(pool, { path, method: 'POST', headers, body }, { startBy, sendTimeoutMs, answerBytes, onStart })
    inFlight.add(running)
    const ending = await running
    inFlight.delete(running)
    return ending
  }

  /** Waits for what is under way, which its own deadlines bound, and not for connections that nobody needs any more. */
  async function close (): Promise<void> {
    isClosing = true
    await Promise.all([...inFlight, passing.close()])
    await pool.destroy()
  }

  async function pass (edge: Edge, body: string): Promise<Passed> {
    return isClosing ? { status: 'failed', code: 'SHUTTING_DOWN' } : await passing.pass(`${base}/${edge}`, access, body)
  }

  return { send, pass, close, renew (token) { access = accessBy(token) } }
}

/**
 * A grant is given back long before a connect times out, so that it comes back as not started where really no connection
 * can be made. It is told as what the last try to connect came to: then the sender's flow rests, and requests that wait for
 * a connection don't pile up.
 */
function toVerdictOf (ending: Ending, connectTrouble: string | undefined, policy: Policy, pairHits: number): Verdict {
  if ('answer' in ending) return classify(ending.answer, policy, pairHits)
  const code = transportCode(ending.error, ending.startedAt !== null)
  const told = code === 'NOT_STARTED' ? connectTrouble ?? code : code
  const row = policy.rowOf(told)
  return toVerdict(row, told, `${row.title}: ${messageOf(ending.error)}`)
}

function nowhere (error: Error): Ending {
  return { startedAt: null, endedAt: performance.now(), error }
}

function messageOf (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** `base`: path of the sender, to which an edge is added. */
function target ({ url, phoneNumberId }: WhatsAppOptions): { origin: string, base: string } {
  if (!URL.canParse(url)) throw new SluiceError('CONFIG_INVALID', { field: 'url', detail: 'The API\'s URL can not be read' })
  const { protocol, origin, pathname, search, username } = new URL(url)
  if (!/^https?:$/.test(protocol) || search !== '' || username !== '') {
    throw new SluiceError('CONFIG_INVALID', { field: 'url', detail: 'The API\'s URL is http or https, without a query or a login' })
  }
  return { origin, base: `${pathname.replace(/\/+$/, '')}/${encodeURIComponent(phoneNumberId)}` }
}

/** A line break in a token, often the last character of its file, would fail every message, and only when sent. */
export function checkToken (token: string): void {
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new SluiceError('CONFIG_INVALID', { field: 'accessToken', detail: 'An access token is printable ASCII without spaces or line breaks' })
  }
}

function accessBy (token: string): { token: string, headers: Record<string, string> } {
  checkToken(token)
  return { token, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json', 'user-agent': 'sluice' } }
}
