import { SluiceClientError, type Problem } from './error.js'
import { asFirstResponse, withDelay, withKey, type KeyedMessage } from './idempotency.js'
import { classifyTransient, type RetryBudget } from './retry.js'
import type { Transport } from './transport.js'
import type { BatchResult, PostMessage, Schemas, SendResult } from './types.js'

/** Posts one message in a request of its own. */
export async function sendOne (
  transport: Transport, { body, hasOwnKey }: KeyedMessage, respondAsync: boolean, budget: RetryBudget
): Promise<SendResult | Problem> {
  const headers = respondAsync ? { prefer: 'respond-async' } : {}
  const response = await transport.send({ method: 'POST', path: '/api/v1/messages', body, headers, retry: 'all' }, budget)
  const received = response.body as SendResult
  return response.tries > 1 && hasOwnKey ? asFirstResponse(received) : received
}

/**
 * Posts a batch, then retries only the rows with a transient error, until all have a final result or the budget is used up. At the
 * deadline the results so far are returned. Rejects only if no row has a result.
 */
export async function sendRows (transport: Transport, messages: PostMessage[], budget: RetryBudget): Promise<BatchResult[]> {
  const rows = messages.map(withKey)
  const results: BatchResult[] = []
  let pending = [...rows.keys()]
  for (let tries = 1; ; tries++) {
    try {
      const body = { messages: pending.map(row => rows[row]?.body) }
      const response = await transport.send({ method: 'POST', path: '/api/v1/messages/batch', body, retry: 'all' }, budget)
      const isRetry = tries > 1 || response.tries > 1
      const received = (response.body as { results: BatchResult[] }).results
      if (received.length !== pending.length) {
        throw new SluiceClientError('UNEXPECTED_RESPONSE', `${pending.length} rows were posted, and ${received.length} have a result`)
      }
      pending.forEach((row, i) => { results[row] = resultOf(received[i] as BatchResult, isRetry && rows[row]?.hasOwnKey === true) })
    } catch (error) {
      if (tries > 1 && error instanceof SluiceClientError) return results
      throw error
    }
    pending = pending.filter(row => isRetried(results[row], budget.leftMs()))
    const longestMs = Math.max(0, ...pending.map(row => retryAfterMs(results[row])))
    if (pending.length === 0 || !await budget.wait(tries, longestMs)) return results
  }
}

function resultOf (received: BatchResult, mayBeFirst: boolean): BatchResult {
  const result = mayBeFirst ? asFirstResponse(received) : received
  return 'code' in result ? { httpStatus: result.status, ...result } : withDelay(result)
}

function isRetried (result: BatchResult | undefined, leftMs: number): boolean {
  return result !== undefined && 'code' in result && classifyTransient(result.code, result.status) !== null && retryAfterMs(result) < leftMs
}

function retryAfterMs (result: BatchResult | undefined): number {
  return (result as Schemas['ProblemRow'] | undefined)?.retryAfterMs ?? 0
}
