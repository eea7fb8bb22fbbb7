import { addAbortListener } from 'node:events'
import { copyOf, SluiceClientError, toError, type Problem } from './error.js'
import { asFirstResponse, type KeyedMessage } from './idempotency.js'
import { classifyTransient, type RetryBudget } from './retry.js'
import { toJson, type Transport } from './transport.js'
import type { BatchResult, SendResult } from './types.js'

/** Messages and characters of one request. All of them wait for its response, so a larger one would gain little and delay its first message. */
const MAX_MESSAGES = 100
const MAX_CHARACTERS = 1024 * 1024
/** A longer message goes alone, so that it meets the gateway's limit for a single message. */
const LONG_CHARACTERS = 64 * 1024
/** Requests in flight while the next one is not full: meanwhile it collects messages. */
const REQUESTS_IN_FLIGHT = 2

export interface BatcherOptions { tryTimeoutMs: number, connections: number }

export interface Batcher {
  /**
   * Posts one message, never to be sent within the call, and retries it within its own budget. Rejects as `Transport.send` does, and with TypeError
   * for a value that JSON cannot hold.
   */
  send: (message: KeyedMessage, budget: RetryBudget) => Promise<SendResult | Problem>
  /** Sends what has been collected. */
  flush: () => void
}

/** A message on its way. After `resolve` or `reject` further calls of them have no effect. */
interface Entry { json: string, resolve: (result: BatchResult | SendResult) => void, reject: (error: Error) => void }

/**
 * Joins messages that are posted concurrently into batches. The messages of one tick share a request; while requests are in flight, the next one
 * collects what comes meanwhile. So an idle client delays nothing, and a busy one makes few requests. A message alone is a request of its own.
 *
 * Each message keeps its own key, deadline, signal and error. One that is rejected for now returns to a later batch after its own delay.
 */
export function createBatcher (transport: Transport, { tryTimeoutMs, connections }: BatcherOptions): Batcher {
  const waiting = new Set<Entry>()
  const budget: RetryBudget = { signal: undefined, leftMs: () => tryTimeoutMs, wait: async () => false }
  let requests = 0
  let isScheduled = false

  /** One try of one message. */
  function post (json: string, { signal, leftMs }: RetryBudget): Promise<BatchResult | SendResult> {
    signal?.throwIfAborted()
    return new Promise((resolve, reject) => {
      const limitMs = Math.max(1, Math.min(tryTimeoutMs, leftMs()))
      const timer = setTimeout(() => entry.reject(new SluiceClientError('TIMEOUT', `no response within ${Math.round(limitMs)} ms`)), limitMs)
      const listening = signal === undefined ? undefined : addAbortListener(signal, () => entry.reject(signal.reason as Error))
      const end = (): void => {
        waiting.delete(entry)
        clearTimeout(timer)
        listening?.[Symbol.dispose]()
      }
      const entry: Entry = {
        json,
        resolve (result) {
          end()
          resolve(result)
        },
        reject (error) {
          end()
          reject(error)
        }
      }
      if (json.length > LONG_CHARACTERS) return request([entry])
      waiting.add(entry)
      schedule()
    })
  }

  function schedule (): void {
    if (isScheduled) return
    isScheduled = true
    setImmediate(() => {
      isScheduled = false
      while (waiting.size > 0 && requests < (waiting.size < MAX_MESSAGES ? REQUESTS_IN_FLIGHT : connections)) request(nextEntries())
    })
  }

  /** The oldest messages, as many as fit into one request. */
  function nextEntries (): Entry[] {
    const entries: Entry[] = []
    let characters = 0
    for (const entry of waiting) {
      characters += entry.json.length
      if (entries.length === MAX_MESSAGES || characters > MAX_CHARACTERS) break
      entries.push(entry)
      waiting.delete(entry)
    }
    return entries
  }

  function request (entries: Entry[]): void {
    requests++
    resultsOf(entries).then(
      results => results.forEach((result, i) => {
        const entry = entries[i] as Entry
        if ('code' in result) entry.reject(errorOf(result))
        else entry.resolve(result)
      }),
      (error: Error) => {
        // Each call's error has its own key.
        for (const entry of entries) entry.reject(error instanceof SluiceClientError ? copyOf(error) : error)
      }
    ).finally(() => {
      requests--
      if (waiting.size > 0) schedule()
    }).catch(() => undefined) // each call has got its error
  }

  async function resultsOf (entries: Entry[]): Promise<Array<BatchResult | SendResult>> {
    const [first] = entries
    if (entries.length === 1 && first !== undefined) {
      const headers = { prefer: 'respond-async' }
      const { body } = await transport.send({ method: 'POST', path: '/api/v1/messages', json: first.json, headers, retry: 'none' }, budget)
      return [body as SendResult]
    }
    const json = `[${entries.map(entry => entry.json).join(',')}]`
    const { body } = await transport.send({ method: 'POST', path: '/api/v1/messages/batch', json, retry: 'none' }, budget)
    const { results } = body as { results: BatchResult[] }
    if (results.length !== entries.length) {
      throw new SluiceClientError('UNEXPECTED_RESPONSE', `${entries.length} rows were posted, and ${results.length} have a result`)
    }
    return results
  }

  return {
    async send ({ body, hasOwnKey }, budget) {
      const json = toJson(body)
      for (let tries = 1; ; tries++) {
        try {
          const result = withoutStatus(await post(json, budget))
          return tries > 1 && hasOwnKey ? asFirstResponse(result) : result
        } catch (error) {
          if (!(error instanceof SluiceClientError) || classifyTransient(error.code, error.status, error.cause) === null) throw error
          if (!await budget.wait(tries, error.retryAfterMs)) throw error
        }
      }
    },
    flush () {
      while (waiting.size > 0) request(nextEntries())
    }
  }
}

/** The error of a row, as the response to a single request would have it. */
function errorOf (row: Extract<BatchResult, { code: string }>): SluiceClientError {
  const { httpStatus, retryAfterMs, ...problem } = row
  return toError(problem, httpStatus, retryAfterMs)
}

/** A row of a batch as the result of a single request. */
function withoutStatus (result: BatchResult | SendResult): SendResult {
  if (!('httpStatus' in result)) return result as SendResult
  const { httpStatus: _, ...single } = result
  return single as SendResult
}
