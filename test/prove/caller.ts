/** A well-behaved caller: it repeats a request with the same idempotency key until a response states the outcome of the message. */
import { pass } from '../support/until.js'
import type { Responded, Ended, Fact, Posted } from './history.js'
import { monotonicNow } from './history.js'
import { operationOf } from './operation.js'

export interface MessageRequest {
  key: string
  to: string
  sender: string
  lane?: 1 | 2 | 3
  policy: 'retry' | 'fail'
  expiresInMs?: number
  scheduledFor?: number
  isMarketing?: boolean
  /** Posted to the drop-in surface, as a client of WhatsApp's own API does. */
  isGraph?: boolean
  /** The message that it refers to: its key, and the gateway's id. */
  quotes?: { key: string, id: string }
  /** Name of the template in en_US that it is sent with; the key is its one parameter. */
  template?: string
  campaign?: string
  /** An entry of its metadata, as `key:value`. */
  tag?: string
  /** Whose key it is posted with; absent for the operator. */
  caller?: string
  /** It waits until its recipient writes. */
  waitsForWindow?: boolean
}

/** Over all callers. */
let batches = 0

export interface CallerOptions {
  /** Read before each request: it may be exchanged. */
  apiKey: string | (() => string)
  /** Origins of the nodes, the preferred one first; evaluated before each request. */
  origins: () => string[]
  record: (fact: Fact) => void
  /** Timeout of one request. */
  timeoutMs: number
  isOver: () => boolean
}

type Body = Record<string, any>

const lanes = { 1: 'urgent', 2: 'normal', 3: 'bulk' } as const

export function createCaller ({ apiKey, origins, record, timeoutMs, isOver }: CallerOptions) {
  const authorization = (): string => `Bearer ${typeof apiKey === 'string' ? apiKey : apiKey()}`

  /** One request; status 0 if there was no response. A path that begins with a version is one of the drop-in surface. */
  async function ask (
    origin: string, method: string, path: string, body?: unknown, more: Record<string, string> = {}
  ): Promise<{ status: number, body: Body, retryAfterMs?: number }> {
    const askedAt = monotonicNow()
    const operation = operationOf(method, path, body)
    const recordOperation = (http: number): void => {
      if (operation !== null) record({ fact: 'operated', askedAt, at: monotonicNow(), http, ...operation })
    }
    try {
      const response = await fetch(`${origin}${path.startsWith('/v') ? '' : '/api/v1'}${path}`, {
        method,
        headers: { authorization: authorization(), ...more, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        signal: AbortSignal.timeout(timeoutMs),
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      })
      const text = await response.text()
      recordOperation(response.status)
      const parsed = text === '' ? {} : JSON.parse(text) as Body
      const retryAfterMs = Number(response.headers.get('retry-after') ?? 0) * 1000
      return { status: response.status, body: path.startsWith('/v') ? ofGraph(parsed, response.headers) : parsed, retryAfterMs }
    } catch {
      recordOperation(0)
      return { status: 0, body: {} }
    }
  }

  /** The drop-in surface says the gateway's id and state in headers. */
  function ofGraph (body: Body, headers: Headers): Body {
    const id = headers.get('sluice-message-id')
    return id === null ? body : { ...body, id, status: headers.get('sluice-status') ?? undefined }
  }

  function noteResponse (key: string, status: number, body: Body, askedAt: number, retryAfterMs = 0): void {
    const response: Responded = { fact: 'responded', at: monotonicNow(), key, status, askedAt }
    if (status === 429) response.retryAfterMs = retryAfterMs
    if (typeof body['id'] === 'string') response.id = body['id']
    if (typeof body['status'] === 'string') response.state = body['status']
    if (body['immediate'] === true) response.immediate = true
    if (body['duplicate'] !== true && 'delayMs' in body) response.delayMs = body['delayMs'] as number | null
    if (typeof body['waitingFor'] === 'string') response.waitingFor = body['waitingFor']
    record(response)
  }

  /** Repeats the request, on one node after the other, until a response `isFinal`; null if the run ended before. */
  async function persist (
    method: string,
    path: string,
    body: unknown,
    isFinal: (status: number, body: Body, askedAt: number, retryAfterMs?: number) => boolean,
    more?: Record<string, string>
  ): Promise<Body | null> {
    for (let tries = 0; !isOver(); tries++) {
      const nodes = origins()
      const origin = nodes[tries % Math.max(1, nodes.length)]
      const askedAt = monotonicNow()
      const reply = origin === undefined ? { status: 0, body: {}, retryAfterMs: 0 } : await ask(origin, method, path, body, more)
      if (isFinal(reply.status, reply.body, askedAt, reply.retryAfterMs)) return reply.body
      await pass(Math.max(Math.min(3000, reply.retryAfterMs ?? 0), Math.min(2000, 50 * 2 ** Math.min(tries, 6))))
    }
    return null
  }

  function bodyOf (draft: MessageRequest): Body {
    const { key, to, sender, lane = 2, policy, expiresInMs, scheduledFor, isMarketing = false, campaign, tag, waitsForWindow = false } = draft
    const [name = '', value] = tag?.split(':') ?? []
    return {
      to,
      sender,
      ...contentOf(draft),
      idempotencyKey: key,
      priority: lanes[lane],
      onUnknown: policy,
      ...(isMarketing ? { category: 'marketing' } : {}),
      ...(campaign === undefined ? {} : { campaign }),
      ...(tag === undefined ? {} : { metadata: { [name]: value } }),
      ...(waitsForWindow ? { whenClosed: 'wait' } : {}),
      ...(expiresInMs === undefined ? {} : { expiresInMs }),
      // A repeat may come minutes after an outage.
      ...(scheduledFor === undefined ? {} : { scheduledFor, whenPast: 'send' })
    }
  }

  function contentOf ({ key, quotes, template }: MessageRequest): Body {
    if (template !== undefined) {
      const components = [{ type: 'body', parameters: [{ type: 'text', text: key }] }]
      return { type: 'template', message: { name: template, language: { code: 'en_US' }, components } }
    }
    return { message: quotes === undefined ? key : { type: 'text', text: { body: key }, context: { message_id: quotes.id } } }
  }

  function notePosted (draft: MessageRequest, batch?: number): void {
    const { key, to, sender, lane = 2, policy, expiresInMs, scheduledFor, isMarketing, quotes, isGraph, template, campaign, tag, caller } = draft
    const posted: Posted = { fact: 'posted', at: monotonicNow(), key, pair: `${sender}/${to}`, lane, policy }
    if (expiresInMs !== undefined) posted.expiresInMs = expiresInMs
    if (scheduledFor !== undefined) posted.scheduledFor = scheduledFor
    if (isMarketing === true) posted.isMarketing = true
    if (isGraph === true) posted.isGraph = true
    if (batch !== undefined) posted.batch = batch
    if (quotes !== undefined) posted.quotes = quotes.key
    if (template !== undefined) posted.template = template
    if (campaign !== undefined) posted.campaign = campaign
    if (tag !== undefined) posted.tag = tag
    if (caller !== undefined) posted.caller = caller
    record(posted)
  }

  function graphBodyOf ({ key, to, quotes }: MessageRequest): Body {
    const context = quotes === undefined ? {} : { context: { message_id: quotes.id } }
    return { messaging_product: 'whatsapp', to, type: 'text', text: { body: key }, ...context }
  }

  /** Every other status means that the request was not processed: no response, a timeout, a rejection or an unavailable node. */
  const isConclusive = (status: number): boolean => ![0, 408, 429].includes(status) && status < 500

  return {
    ask,
    persist,

    async post (draft: MessageRequest): Promise<Body | null> {
      notePosted(draft)
      return await this.repeat(draft)
    },

    /** Repeats a request until its response is conclusive. */
    async repeat (draft: MessageRequest): Promise<Body | null> {
      const isFinal = (status: number, body: Body, askedAt: number, retryAfterMs?: number): boolean => {
        noteResponse(draft.key, status, body, askedAt, retryAfterMs)
        return isConclusive(status)
      }
      return draft.isGraph === true
        ? await persist('POST', `/v25.0/${draft.sender}/messages`, graphBodyOf(draft), isFinal, { 'idempotency-key': draft.key })
        : await persist('POST', '/messages', bodyOf(draft), isFinal)
    },

    /** Posts all messages as one batch; rows without a conclusive result are posted again, one by one. */
    async postBatch (drafts: MessageRequest[]): Promise<void> {
      const batch = ++batches
      for (const draft of drafts) notePosted(draft, batch)
      const askedAt = monotonicNow()
      const { body } = await ask(origins()[0] ?? '', 'POST', '/messages/batch', drafts.map(bodyOf))
      const results = (body['results'] ?? []) as Body[]
      for (const [i, draft] of drafts.entries()) {
        const result = results[i] ?? {}
        noteResponse(draft.key, Number(result['httpStatus'] ?? 0), result, askedAt, Number(result['retryAfterMs'] ?? 0))
        if (!isConclusive(Number(result['httpStatus'] ?? 0))) await this.repeat(draft)
      }
    },

    /** An operator's request, repeated until it is done or refused. Returns the last HTTP status. */
    async operate (method: string, path: string, body?: unknown): Promise<number> {
      let last = 0
      await persist(method, path, body, http => {
        last = http
        return isConclusive(http) && http !== 202
      })
      return last
    },

    /** The state of a message as the gateway reports it; null if the gateway does not know the message. */
    async readEnd ({ key, sender }: Pick<MessageRequest, 'key' | 'sender'>): Promise<Ended | null> {
      let found: Ended | null = null
      await persist('GET', `/messages/${encodeURIComponent(key)}?sender=${sender}`, undefined, (status, body) => {
        if (status === 200) {
          const { id, status: state, to = null, attempts = [], settledAt, createdAt } = body
          found = { fact: 'ended', key, id, state, to, attempts, createdAt: Date.parse(createdAt), settledAt: Date.parse(settledAt) }
        }
        return status === 200 || status === 404
      })
      return found
    }
  }
}

export type ProvingCaller = ReturnType<typeof createCaller>
