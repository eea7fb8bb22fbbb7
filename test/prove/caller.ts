/** A well-behaved caller: it repeats a request with the same idempotency key until a response states the outcome of the message. */
import { pass } from '../support/until.js'
import type { Responded, Ended, Fact, Posted } from './history.js'
import { monotonicNow } from './history.js'

export interface MessageRequest {
  key: string
  to: string
  sender: string
  lane?: 1 | 2 | 3
  policy: 'retry' | 'fail'
  expiresInMs?: number
  scheduledFor?: number
}

export interface CallerOptions {
  apiKey: string
  /** Origins of the nodes, the preferred one first; evaluated before each request. */
  origins: () => string[]
  note: (fact: Fact) => void
  /** Timeout of one request. */
  timeoutMs: number
  isOver: () => boolean
}

type Body = Record<string, any>

const lanes = { 1: 'urgent', 2: 'normal', 3: 'bulk' } as const

export function createCaller ({ apiKey, origins, note, timeoutMs, isOver }: CallerOptions) {
  const authorization = `Bearer ${apiKey}`

  /** One request; status 0 if there was no response. */
  async function ask (origin: string, method: string, path: string, body?: unknown): Promise<{ status: number, body: Body }> {
    try {
      const response = await fetch(`${origin}/api/v1${path}`, {
        method,
        headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        signal: AbortSignal.timeout(timeoutMs),
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      })
      const text = await response.text()
      return { status: response.status, body: text === '' ? {} : JSON.parse(text) as Body }
    } catch {
      return { status: 0, body: {} }
    }
  }

  function noteResponse (key: string, status: number, body: Body, askedAt: number): void {
    const response: Responded = { fact: 'responded', at: monotonicNow(), key, status, askedAt }
    if (typeof body['id'] === 'string') response.id = body['id']
    if (typeof body['status'] === 'string') response.state = body['status']
    if (body['immediate'] === true) response.immediate = true
    if (body['duplicate'] !== true && 'delayMs' in body) response.delayMs = body['delayMs'] as number | null
    if (typeof body['waitingFor'] === 'string') response.waitingFor = body['waitingFor']
    note(response)
  }

  /** Repeats the request, on one node after the other, until a response `isFinal`; null if the run ended before. */
  async function persist (
    method: string,
    path: string,
    body: unknown,
    isFinal: (status: number, body: Body, askedAt: number) => boolean
  ): Promise<Body | null> {
    for (let tries = 0; !isOver(); tries++) {
      const nodes = origins()
      const origin = nodes[tries % Math.max(1, nodes.length)]
      const askedAt = monotonicNow()
      const reply = origin === undefined ? { status: 0, body: {} } : await ask(origin, method, path, body)
      if (isFinal(reply.status, reply.body, askedAt)) return reply.body
      await pass(Math.min(1000, 50 * 2 ** Math.min(tries, 5)))
    }
    return null
  }

  function bodyOf (wish: MessageRequest): Body {
    const { key, to, sender, lane = 2, policy, expiresInMs, scheduledFor } = wish
    return {
      to,
      sender,
      message: key,
      idempotencyKey: key,
      priority: lanes[lane],
      onUnknown: policy,
      ...(expiresInMs === undefined ? {} : { expiresInMs }),
      ...(scheduledFor === undefined ? {} : { scheduledFor })
    }
  }

  function notePosted ({ key, to, sender, lane = 2, policy }: MessageRequest): void {
    const posted: Posted = { fact: 'posted', at: monotonicNow(), key, pair: `${sender}/${to}`, lane, policy }
    note(posted)
  }

  /** Every other status means that the request was not processed: no response, a timeout, a rejection or an unavailable node. */
  const isConclusive = (status: number): boolean => ![0, 408, 429].includes(status) && status < 500

  return {
    ask,
    persist,

    async post (wish: MessageRequest): Promise<Body | null> {
      notePosted(wish)
      return await this.repeat(wish)
    },

    /** Repeats a request until its response is conclusive. */
    async repeat (wish: MessageRequest): Promise<Body | null> {
      return await persist('POST', '/messages', bodyOf(wish), (status, body, askedAt) => {
        noteResponse(wish.key, status, body, askedAt)
        return isConclusive(status)
      })
    },

    /** Posts all messages as one batch; rows without a conclusive result are posted again, one by one. */
    async postBatch (wishes: MessageRequest[]): Promise<void> {
      for (const wish of wishes) notePosted(wish)
      const askedAt = monotonicNow()
      const { body } = await ask(origins()[0] ?? '', 'POST', '/messages/batch', wishes.map(bodyOf))
      const results = (body['results'] ?? []) as Body[]
      for (const [at, wish] of wishes.entries()) {
        const result = results[at] ?? {}
        noteResponse(wish.key, Number(result['httpStatus'] ?? 0), result, askedAt)
        if (!isConclusive(Number(result['httpStatus'] ?? 0))) await this.repeat(wish)
      }
    },

    /** The state of a message as the gateway reports it; null if the gateway does not know the message. */
    async look ({ key, sender }: Pick<MessageRequest, 'key' | 'sender'>): Promise<Ended | null> {
      let found: Ended | null = null
      await persist('GET', `/messages/${encodeURIComponent(key)}?sender=${sender}`, undefined, (status, body) => {
        if (status === 200) found = { fact: 'ended', key, state: body['status'], attempts: body['attempts'] ?? [] }
        return status === 200 || status === 404
      })
      return found
    }
  }
}

export type ProvingCaller = ReturnType<typeof createCaller>
