import type { Ask, Told } from './exchange.js'
import { createExchange } from './exchange.js'
import { SluiceClientError, toError } from './error.js'
import { generateIdempotencyKey, type KeyOptions } from './key.js'
import { asFirst, withKey } from './own.js'
import { sendRows } from './batch.js'
import { createRetryBudget } from './retry-budget.js'
import type {
  AuditEntry, Answer, BatchAnswer, CallOptions, EraseResult, Failure, Failures, Message, OptOuts, PostMessage, QueryOptions, QueueStats, Quota, RateLimit, RetryCounts,
  RetryWorkerStatus, Rules, Schemas, Sender, SendOptions, Stats, To
} from './types.js'

export interface ClientOptions {
  /** Where the gateway is, such as `http://localhost:3000`; may have a path before `/api/v1`. */
  baseUrl: string
  /** One of the gateway's API keys; none where it asks for none. */
  apiKey?: string
  /** How long a call may take, all its tries and the rests between them; 30,000 ms. */
  timeoutMs?: number
  /** How long one try may take before it is repeated; 10,000 ms. */
  tryTimeoutMs?: number
  /** Connections that are open at most; 16. */
  connections?: number
}

const API = '/api/v1'

/**
 * A client of the gateway's HTTP API. Every call repeats what passes by itself, as `Retry-After` asks, until `timeoutMs` is over; sending is
 * safe to repeat, since each message keeps one idempotency key over all tries. Calls reject with SluiceClientError.
 */
export class SluiceClient {
  readonly #exchange
  readonly #timeoutMs

  constructor ({ baseUrl, apiKey, timeoutMs = 30_000, tryTimeoutMs = 10_000, connections = 16 }: ClientOptions) {
    this.#exchange = createExchange({ baseUrl, apiKey, connections, tryTimeoutMs })
    this.#timeoutMs = timeoutMs
  }

  /** Sends a text, or a Cloud API message object: `immediate`, `queued` with its wait, or `duplicate`. */
  async sendMessage (to: To, message: PostMessage['message'], { signal, timeoutMs, respondAsync = false, ...options }: SendOptions = {}): Promise<Answer> {
    const { body, isOwn } = withKey({ ...(typeof to === 'string' ? { to } : to), message, ...options })
    const ask: Ask = { method: 'POST', path: `${API}/messages`, body, headers: respondAsync ? { prefer: 'respond-async' } : {}, repeatable: true }
    try {
      const told = await this.#exchange.ask(ask, this.#patience({ signal, timeoutMs }))
      const answer = told.tries > 1 && isOwn ? asFirst(told.body as Answer) : told.body as Answer
      if ('code' in answer) throw toError(answer, answer.status)
      return answer
    } catch (error) {
      if (error instanceof SluiceClientError && body.idempotencyKey !== undefined) Object.assign(error, { idempotencyKey: body.idempotencyKey })
      throw error
    }
  }

  /**
   * Accepts up to 1,000 messages in one request, never sent within it. One answer each, in the same order; a refused one, with a `code`, does
   * not hurt the others. Messages that were turned away for what passes are repeated, those alone.
   */
  async sendBatch (messages: PostMessage[], options: CallOptions = {}): Promise<BatchAnswer[]> {
    return await sendRows(this.#exchange, messages, this.#patience(options))
  }

  /** The key that the gateway derives from number, content, type and timestamp: given to `sendMessage` it makes equal messages duplicates. */
  generateIdempotencyKey (phone: string, message: string | Record<string, unknown>, options: KeyOptions = {}): string {
    return generateIdempotencyKey(phone, message, options)
  }

  /** A message's state and story, by its id or by your own idempotency key. */
  async getMessage (id: string, { sender, ...options }: QueryOptions<'getMessage'> = {}): Promise<Message> {
    return await this.#get(`/messages/${escape(id)}`, { sender }, options)
  }

  /**
   * Messages of a recipient, an idempotency key, a provider's id or a tag of the metadata (`key:value`), newest first; of all senders, or one.
   * Asked for by POST, so that no telephone number stands in an address, which proxies log.
   */
  async findMessages ({ signal, timeoutMs, ...body }: Partial<Schemas['FindMessages']> & CallOptions): Promise<Message[]> {
    const { messages } = await this.#call<Schemas['Messages']>({ method: 'POST', path: '/messages/find', body, repeatable: true }, { signal, timeoutMs })
    return messages
  }

  /** Takes a waiting message out; null where nothing is known of it any more. */
  async cancelMessage (id: string, { sender, ...options }: QueryOptions<'cancelMessage'> = {}): Promise<Message | null> {
    return await this.#call({ method: 'DELETE', path: `/messages/${escape(id)}`, query: { sender }, repeatable: true }, options)
  }

  /** A page of failures: PENDING by next retry, then FAILED and RESOLVED newest first. */
  async listFailures ({ signal, timeoutMs, ...query }: QueryOptions<'listFailures'> = {}): Promise<Failures> {
    return await this.#get('/failures', query, { signal, timeoutMs })
  }

  /** All failures that fit, page by page: `for await (const failure of client.failures({ status: 'FAILED' }))`. */
  async * failures (query: QueryOptions<'listFailures'> = {}): AsyncGenerator<Failure, void, undefined> {
    let cursor = query.cursor
    do {
      const page = await this.listFailures({ ...query, ...(cursor === undefined ? {} : { cursor }) })
      yield * page.failures
      cursor = page.nextCursor ?? undefined
    } while (cursor !== undefined)
  }

  /** Retries due failures now, at most `limit`; with `force` also others. Not repeated where an answer is lost: that would retry further ones. */
  async retryFailedMessages (limit?: number, { force, sender, ...options }: Omit<Partial<Schemas['RetryFailures']>, 'limit'> & CallOptions = {}): Promise<RetryCounts> {
    return await this.#call({ method: 'POST', path: '/failures/retry', body: { limit, force, sender }, repeatable: false }, options)
  }

  /** Retries one failure, due or not; reopens a FAILED one. */
  async retryFailure (id: string, options: CallOptions = {}): Promise<RetryCounts> {
    return await this.#call({ method: 'POST', path: `/failures/${escape(id)}/retry`, repeatable: false }, options)
  }

  /** Somebody has seen it. */
  async acknowledgeFailure (id: string, { note, ...options }: Schemas['Acknowledge'] & CallOptions = {}): Promise<Schemas['Acknowledged']> {
    return await this.#call({ method: 'POST', path: `/failures/${escape(id)}/acknowledge`, body: { note }, repeatable: true }, options)
  }

  /** Somebody has seen all that fit. */
  async acknowledgeFailures ({ signal, timeoutMs, ...body }: Partial<Schemas['AcknowledgeAll']> & CallOptions = {}): Promise<Schemas['AcknowledgedAll']> {
    return await this.#call({ method: 'POST', path: '/failures/acknowledge', body, repeatable: true }, { signal, timeoutMs })
  }

  /** A recipient's rule, its next slot, who waits and what binds. By POST, as `findMessages`. */
  async getRateLimit (phone: string, { sender, priority, ...options }: QueryOptions<'getRateLimit'> = {}): Promise<RateLimit> {
    return await this.#call({ method: 'POST', path: '/rate-limits/find', body: { recipient: phone, sender, priority }, repeatable: true }, options)
  }

  /** Forgets a recipient's pace. */
  async clearRateLimit (phone: string, { sender, ...options }: QueryOptions<'clearRateLimit'> = {}): Promise<Schemas['RateLimitCleared']> {
    return await this.#call({ method: 'DELETE', path: `/rate-limits/${escape(phone)}`, query: { sender }, repeatable: true }, options)
  }

  /** Erases what is held about a recipient. While `inFlight` names messages it is not all gone: call again. */
  async eraseRecipient (recipient: string, { sender, ...options }: QueryOptions<'eraseRecipient'> = {}): Promise<EraseResult> {
    return await this.#call({ method: 'DELETE', path: `/recipients/${escape(recipient)}`, query: { sender }, repeatable: true }, options)
  }

  /** A page of the recipients that want no marketing. */
  async listOptOuts ({ signal, timeoutMs, ...query }: QueryOptions<'listOptOuts'> = {}): Promise<OptOuts> {
    return await this.#get('/opt-outs', query, { signal, timeoutMs })
  }

  /** Notes that a recipient wants no marketing, and drops what waits. */
  async stopMarketing (recipient: string, { sender, reason, ...options }: QueryOptions<'stopMarketing'> & Schemas['StopMarketing'] = {}): Promise<Schemas['MarketingStopped']> {
    return await this.#call({ method: 'PUT', path: `/opt-outs/${escape(recipient)}`, query: { sender }, body: { reason }, repeatable: true }, options)
  }

  /** Notes that a recipient wants some again. */
  async resumeMarketing (recipient: string, { sender, ...options }: QueryOptions<'resumeMarketing'> = {}): Promise<Schemas['MarketingResumed']> {
    return await this.#call({ method: 'DELETE', path: `/opt-outs/${escape(recipient)}`, query: { sender }, repeatable: true }, options)
  }

  /** Counts of throttling, failures and queue, and of each sender. */
  async getStats (options: CallOptions = {}): Promise<Stats> {
    return await this.#get('/stats', {}, options)
  }

  /** The queue's counts in Bull's words. */
  async getQueueStats (options: CallOptions = {}): Promise<QueueStats> {
    return await this.#get('/queues/stats', {}, options)
  }

  /** The retry worker of all nodes: whether it runs, what it last did. */
  async getRetryStatus (options: CallOptions = {}): Promise<RetryWorkerStatus> {
    return await this.#get('/workers/retry', {}, options)
  }

  /** Stops the retry worker on all nodes, until it is resumed. */
  async pauseRetries (options: CallOptions = {}): Promise<RetryWorkerStatus> {
    return await this.#call({ method: 'POST', path: '/workers/retry/stop', repeatable: true }, options)
  }

  /** Starts it again on all nodes. */
  async resumeRetries (options: CallOptions = {}): Promise<RetryWorkerStatus> {
    return await this.#call({ method: 'POST', path: '/workers/retry/start', repeatable: true }, options)
  }

  /** Counts, state and rules of the sending numbers. */
  async listSenders (options: CallOptions = {}): Promise<Sender[]> {
    return (await this.#get<Schemas['Senders']>('/senders', {}, options)).senders
  }

  /** Closes a sender, for `forMs` or until it is resumed. */
  async pauseSender (id: string, { forMs, ...options }: Schemas['Pause'] & CallOptions = {}): Promise<Sender> {
    return await this.#call({ method: 'POST', path: `/senders/${escape(id)}/pause`, body: { forMs }, repeatable: true }, options)
  }

  /** Opens it, whoever or whatever closed it. */
  async resumeSender (id: string, options: CallOptions = {}): Promise<Sender> {
    return await this.#call({ method: 'POST', path: `/senders/${escape(id)}/resume`, repeatable: true }, options)
  }

  /** Changes a sender's rules on all nodes, from the next grant; what is left out stays. */
  async changeQuota (id: string, quota: Quota, options: CallOptions = {}): Promise<Rules> {
    return await this.#call({ method: 'PUT', path: `/senders/${escape(id)}/quota`, body: quota, repeatable: true }, options)
  }

  /** Who did what by hand, newest first. */
  async listAudit ({ limit, ...options }: QueryOptions<'listAudit'> = {}): Promise<AuditEntry[]> {
    return (await this.#get<Schemas['Audit']>('/audit', { limit }, options)).entries
  }

  /** Whose the API key is, and what it may do. */
  async getCaller (options: CallOptions = {}): Promise<Schemas['Caller']> {
    return await this.#get('/caller', {}, options)
  }

  /** What an error code of WhatsApp's means, and what to do about it. */
  async getCode (code: string, options: CallOptions = {}): Promise<Schemas['Code']> {
    return await this.#get(`/codes/${escape(code)}`, {}, options)
  }

  /** Whether the node that answers takes messages. Asked once. */
  async isReady (options: CallOptions = {}): Promise<boolean> {
    const ask = async (): Promise<Told> => await this.#exchange.ask({ method: 'GET', path: '/health/ready', repeatable: false }, this.#patience(options))
    return await ask().then(() => true, (error: unknown) => {
      if (error instanceof SluiceClientError) return false
      throw error
    })
  }

  /** Ends the connections once the calls under way are over. A program that ends need not: idle connections don't keep it. */
  async close (): Promise<void> {
    await this.#exchange.close()
  }

  async #get<Body> (path: string, query: NonNullable<Ask['query']>, options: Loose): Promise<Body> {
    return await this.#call({ method: 'GET', path, query, repeatable: true }, options)
  }

  async #call<Body> (ask: Ask, options: Loose): Promise<Body> {
    const { body } = await this.#exchange.ask({ ...ask, path: API + ask.path }, this.#patience(options))
    return body as Body
  }

  #patience ({ signal, timeoutMs = this.#timeoutMs }: Loose): ReturnType<typeof createRetryBudget> {
    return createRetryBudget(timeoutMs, signal)
  }
}

/** Options as they come out of a destructuring: absent may be undefined. */
type Loose = { [Key in keyof CallOptions]: CallOptions[Key] | undefined }

function escape (part: string): string {
  return encodeURIComponent(part)
}
