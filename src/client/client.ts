import { sendOne, sendRows } from './batch.js'
import { createBatcher } from './batcher.js'
import { SluiceClientError, toError } from './error.js'
import { generateIdempotencyKey, withDelay, withKey, type KeyOptions } from './idempotency.js'
import { OperatorCalls } from './operator-calls.js'
import { createRetryBudget, type RetryBudget } from './retry.js'
import { createTransport, segment, type ApiRequest } from './transport.js'
import type {
  AuditEntry, BatchResult, CallOptions, ClientOptions, EraseResult, Failure, Failures, Message, OptOuts, PostMessage, QueryOptions, QueueStats,
  Quota, RateLimit, Recipient, RetryCounts, RetryWorkerStatus, Rules, Schemas, Sender, SendOptions, SendResult, Stats,
  UndefinedCallOptions
} from './types.js'

const API = '/api/v1'

/**
 * A client of the gateway's HTTP API. Calls retry transient errors with `Retry-After` and jitter until `timeoutMs`. Retries of a send
 * are safe: a message keeps one idempotency key over all tries. Calls reject with SluiceClientError, or with the reason of `signal`.
 *
 * @example
 * const client = new SluiceClient({ baseUrl: 'http://localhost:3000', apiKey: process.env.SLUICE_API_KEY })
 */
export class SluiceClient extends OperatorCalls {
  readonly #transport
  readonly #batcher
  readonly #timeoutMs

  constructor ({ baseUrl, apiKey, timeoutMs = 30_000, tryTimeoutMs = 10_000, connections = 16, batching = true }: ClientOptions) {
    super(async (method, path, options, more) => await this.#send(method, path, options, more))
    this.#transport = createTransport({ baseUrl, apiKey, connections, tryTimeoutMs })
    this.#batcher = batching ? createBatcher(this.#transport, { tryTimeoutMs, connections }) : null
    this.#timeoutMs = timeoutMs
  }

  /**
   * Sends a message: at once if the rate limits permit, else it waits in its queue.
   *
   * @param to a phone number, `{ recipient }` for a business-scoped user id, or `{ group }`
   * @param content a text, or a Cloud API message object such as a template
   * @param options the fields of `POST /messages`, `respondAsync`, `timeoutMs` and `signal`
   * @returns `immediate` (sent), `queued` (with `delayMs`, the least wait in ms) or `duplicate`
   * @throws SluiceClientError `PROVIDER_REJECTED` if WhatsApp rejects the message for good; `error.idempotencyKey` makes a repeat safe
   * @example
   * const sent = await client.sendMessage('+15550101234', 'Your order is ready', { metadata: { orderId: 'ORD123' } })
   * if (sent.queued) console.log('starts in', sent.delayMs, 'ms or later')
   * @example
   * const template = { name: 'hello_world', language: { code: 'en_US' } }
   * await client.sendMessage('+15550101234', { type: 'template', template }, { priority: 'bulk' })
   * @example
   * // Calls with respondAsync that are made at the same time share requests.
   * await Promise.allSettled(customers.map(({ phone }) => client.sendMessage(phone, 'We open at nine', { respondAsync: true })))
   */
  async sendMessage (to: Recipient, content: PostMessage['message'], options: SendOptions = {}): Promise<SendResult> {
    const { signal, timeoutMs, respondAsync = false, ...fields } = options
    const message = withKey({ ...(typeof to === 'string' ? { to } : to), message: content, ...fields })
    const { idempotencyKey } = message.body
    const budget = this.#budget({ signal, timeoutMs })
    try {
      const result = respondAsync && this.#batcher !== null
        ? await this.#batcher.send(message, budget)
        : await sendOne(this.#transport, message, respondAsync, budget)
      if ('code' in result) throw toError(result, result.status)
      return withDelay(result)
    } catch (error) {
      if (error instanceof SluiceClientError && idempotencyKey !== undefined) Object.assign(error, { idempotencyKey })
      throw error
    }
  }

  /**
   * Queues up to 1,000 messages in one request; none is sent within the request. Only rows with a transient error are retried.
   * @returns one result per message, in the same order; a rejected one has a `code` and does not affect the others
   */
  async sendBatch (messages: PostMessage[], options: CallOptions = {}): Promise<BatchResult[]> {
    return await sendRows(this.#transport, messages, this.#budget(options))
  }

  /**
   * What would become of up to 1,000 messages, without accepting any: one result per message, in the same order, and the speed of their
   * senders. Each is checked alone, so two equal messages are both new.
   */
  async checkBatch (messages: PostMessage[], options: CallOptions = {}): Promise<Schemas['Checked']> {
    return await this.#send('POST', '/messages/check', options, { body: { messages } })
  }

  /** The key that the gateway derives from number, content, type and timestamp. With it equal messages are duplicates. */
  generateIdempotencyKey (phone: string, message: string | Record<string, unknown>, options: KeyOptions = {}): string {
    return generateIdempotencyKey(phone, message, options)
  }

  /** A message's state and history, by its id or by your idempotency key. Rejects with `NOT_FOUND`. */
  async getMessage (id: string, { sender, ...options }: QueryOptions<'getMessage'> = {}): Promise<Message> {
    return await this.#get(`/messages/${segment(id)}`, { sender }, options)
  }

  /**
   * Messages that match all criteria that are given, newest first; without any the newest ones; of all senders or one; at most `limit`, 20 by
   * default. Uses POST: proxies log addresses, and a body keeps telephone numbers out of them.
   */
  async findMessages ({ signal, timeoutMs, ...body }: Partial<Schemas['FindMessages']> & CallOptions): Promise<Message[]> {
    const { limit = 20 } = body
    const found: Message[] = []
    let cursor = body.cursor ?? null
    // A page may have fewer messages than its limit, since one request reads a limited part of the index.
    do {
      const page = await this.#send<Schemas['Messages']>('POST', '/messages/find', { signal, timeoutMs }, {
        body: { ...body, limit: limit - found.length, ...(cursor === null ? {} : { cursor }) }
      })
      found.push(...page.messages)
      cursor = page.nextCursor
    } while (cursor !== null && found.length < limit)
    return found
  }

  /** Cancels a waiting message and returns it; null if its record no longer exists. Rejects with `NOT_CANCELLABLE` if it does not wait. */
  async cancelMessage (id: string, { sender, ...options }: QueryOptions<'cancelMessage'> = {}): Promise<Message | null> {
    return await this.#send('DELETE', `/messages/${segment(id)}`, options, { query: { sender } })
  }

  /** Moves a waiting message to another lane, time or expiry, and returns it; `scheduledFor: null` is now. Rejects with `NOT_MOVABLE`. */
  async moveMessage (id: string, { sender, signal, timeoutMs, ...body }: QueryOptions<'moveMessage'> & Schemas['MoveMessage']): Promise<Message> {
    return await this.#send('PATCH', `/messages/${segment(id)}`, { signal, timeoutMs }, { query: { sender }, body })
  }

  /** A page of failures: PENDING by next retry, then FAILED and RESOLVED, newest first. `nextCursor` is null on the last page. */
  async listFailures ({ signal, timeoutMs, ...query }: QueryOptions<'listFailures'> = {}): Promise<Failures> {
    return await this.#get('/failures', query, { signal, timeoutMs })
  }

  /** Counts all PENDING and FAILED failures by cause, the largest group first. */
  async summarizeFailures ({ sender, ...options }: QueryOptions<'summarizeFailures'> = {}): Promise<Schemas['FailureSummary']> {
    return await this.#get('/failures/summary', { sender }, options)
  }

  /** All failures that match, page by page: `for await (const failure of client.failures({ status: 'FAILED' }))`. */
  async * failures (query: QueryOptions<'listFailures'> = {}): AsyncGenerator<Failure, void, undefined> {
    let cursor = query.cursor
    do {
      const page = await this.listFailures({ ...query, ...(cursor === undefined ? {} : { cursor }) })
      yield * page.failures
      cursor = page.nextCursor ?? undefined
    } while (cursor !== undefined)
  }

  /**
   * Retries at most `limit` due failures now, with `force` others too, and with a filter only those that match. A lost response is not retried: that
   * would retry further ones.
   */
  async retryFailedMessages (
    limit?: number, { signal, timeoutMs, ...filter }: Omit<Partial<Schemas['RetryFailures']>, 'limit'> & CallOptions = {}
  ): Promise<RetryCounts> {
    return await this.#send('POST', '/failures/retry', { signal, timeoutMs }, { body: { limit, ...filter }, retry: 'not-executed' })
  }

  /** Retries one failure, due or not; reopens a FAILED one. A lost response is not retried. */
  async retryFailure (id: string, options: CallOptions = {}): Promise<RetryCounts> {
    return await this.#send('POST', `/failures/${segment(id)}/retry`, options, { retry: 'not-executed' })
  }

  /** Acknowledges one failure, with an optional note. */
  async acknowledgeFailure (id: string, { note, ...options }: Schemas['Acknowledge'] & CallOptions = {}): Promise<Schemas['Acknowledged']> {
    return await this.#send('POST', `/failures/${segment(id)}/acknowledge`, options, { body: { note } })
  }

  /** Acknowledges all failures that match. */
  async acknowledgeFailures (
    { signal, timeoutMs, ...body }: Partial<Schemas['AcknowledgeAll']> & CallOptions = {}
  ): Promise<Schemas['AcknowledgedAll']> {
    return await this.#send('POST', '/failures/acknowledge', { signal, timeoutMs }, { body })
  }

  /** A recipient's rule and next slot, its queue, and what a new message would wait for. Uses POST, as `findMessages`. */
  async getRateLimit (phone: string, { sender, priority, ...options }: QueryOptions<'getRateLimit'> = {}): Promise<RateLimit> {
    return await this.#send('POST', '/rate-limits/find', options, { body: { recipient: phone, sender, priority } })
  }

  /** Resets the pair rate of a recipient. */
  async clearRateLimit (phone: string, { sender, ...options }: QueryOptions<'clearRateLimit'> = {}): Promise<Schemas['RateLimitCleared']> {
    return await this.#send('DELETE', `/rate-limits/${segment(phone)}`, options, { query: { sender } })
  }

  /** Erases all data about a recipient. Messages in `inFlight` are not erased yet: call again until it is empty. */
  async eraseRecipient (recipient: string, { sender, ...options }: QueryOptions<'eraseRecipient'> = {}): Promise<EraseResult> {
    return await this.#send('DELETE', `/recipients/${segment(recipient)}`, options, { query: { sender } })
  }

  /** A page of the recipients that opted out of marketing. */
  async listOptOuts ({ signal, timeoutMs, ...query }: QueryOptions<'listOptOuts'> = {}): Promise<OptOuts> {
    return await this.#get('/opt-outs', query, { signal, timeoutMs })
  }

  /** Records a recipient's opt-out of marketing, and cancels its waiting marketing messages. */
  async stopMarketing (
    recipient: string, { sender, reason, ...options }: QueryOptions<'stopMarketing'> & Schemas['StopMarketing'] = {}
  ): Promise<Schemas['MarketingStopped']> {
    return await this.#send('PUT', `/opt-outs/${segment(recipient)}`, options, { query: { sender }, body: { reason } })
  }

  /** Removes a recipient's opt-out. */
  async resumeMarketing (recipient: string, { sender, ...options }: QueryOptions<'resumeMarketing'> = {}): Promise<Schemas['MarketingResumed']> {
    return await this.#send('DELETE', `/opt-outs/${segment(recipient)}`, options, { query: { sender } })
  }

  /** Counts of throttling, failures and queue, and of each sender. */
  async getStats (options: CallOptions = {}): Promise<Stats> {
    return await this.#get('/stats', {}, options)
  }

  /** What each sender accepted, sent and failed, by minute and by day. */
  async getActivity ({ sender, since, ...options }: QueryOptions<'getActivity'> = {}): Promise<Schemas['Activity']> {
    return await this.#get('/activity', { sender, since }, options)
  }

  /** The queue's counts in Bull's terms. */
  async getQueueStats (options: CallOptions = {}): Promise<QueueStats> {
    return await this.#get('/queues/stats', {}, options)
  }

  /** The state of the retry worker over all nodes, and its last run. */
  async getRetryStatus (options: CallOptions = {}): Promise<RetryWorkerStatus> {
    return await this.#get('/workers/retry', {}, options)
  }

  /** Stops the retry worker on all nodes until it is resumed. */
  async pauseRetries (options: CallOptions = {}): Promise<RetryWorkerStatus> {
    return await this.#send('POST', '/workers/retry/stop', options)
  }

  /** Starts the retry worker again on all nodes. */
  async resumeRetries (options: CallOptions = {}): Promise<RetryWorkerStatus> {
    return await this.#send('POST', '/workers/retry/start', options)
  }

  /** State, counts and rules of all senders. */
  async listSenders (options: CallOptions = {}): Promise<Sender[]> {
    return (await this.#get<Schemas['Senders']>('/senders', {}, options)).senders
  }

  /** Pauses a sender, for `forMs` or until it is resumed; `note` says why. */
  async pauseSender (id: string, { forMs, note, ...options }: Schemas['Pause'] & CallOptions = {}): Promise<Sender> {
    return await this.#send('POST', `/senders/${segment(id)}/pause`, options, { body: { forMs, note } })
  }

  /** Resumes a paused or stopped sender. */
  async resumeSender (id: string, options: CallOptions = {}): Promise<Sender> {
    return await this.#send('POST', `/senders/${segment(id)}/resume`, options)
  }

  /** Changes a sender's rules on all nodes, from the next grant on; omitted rules stay. */
  async changeQuota (id: string, quota: Quota, options: CallOptions = {}): Promise<Rules> {
    return await this.#send('PUT', `/senders/${segment(id)}/quota`, options, { body: quota })
  }

  /** Operator actions, newest first. */
  async listAudit ({ limit, ...options }: QueryOptions<'listAudit'> = {}): Promise<AuditEntry[]> {
    return (await this.#get<Schemas['Audit']>('/audit', { limit }, options)).entries
  }

  /** Name and role of the API key. */
  async getCaller (options: CallOptions = {}): Promise<Schemas['Caller']> {
    return await this.#get('/caller', {}, options)
  }

  /** Meaning and remedy of an error code of WhatsApp. */
  async getCode (code: string, options: CallOptions = {}): Promise<Schemas['Code']> {
    return await this.#get(`/codes/${segment(code)}`, {}, options)
  }

  /** Whether the responding node accepts messages. Never retried; false for any SluiceClientError. */
  async isReady (options: CallOptions = {}): Promise<boolean> {
    try {
      await this.#transport.send({ method: 'GET', path: '/health/ready', retry: 'none' }, this.#budget(options))
      return true
    } catch (error) {
      if (error instanceof SluiceClientError) return false
      throw error
    }
  }

  /** Closes the connections after the calls in flight. A program that ends need not call it: idle connections do not keep it alive. */
  async close (): Promise<void> {
    this.#batcher?.flush()
    await this.#transport.close()
  }

  async #get<Body> (path: string, query: NonNullable<ApiRequest['query']>, options: UndefinedCallOptions): Promise<Body> {
    return await this.#send('GET', path, options, { query })
  }

  async #send<Body> (
    method: ApiRequest['method'], path: string, options: UndefinedCallOptions, more: Partial<Pick<ApiRequest, 'query' | 'body' | 'retry'>> = {}
  ): Promise<Body> {
    const { body } = await this.#transport.send({ method, path: API + path, retry: 'all', ...more }, this.#budget(options))
    return body as Body
  }

  #budget ({ signal, timeoutMs = this.#timeoutMs }: UndefinedCallOptions): RetryBudget {
    return createRetryBudget(timeoutMs, signal)
  }
}
