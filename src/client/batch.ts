import { SluiceClientError } from './error.js'
import { asFirstResponse, withKey } from './idempotency.js'
import type { RetryBudget } from './retry-budget.js'
import { classifyTransient } from './transient.js'
import type { Transport } from './transport.js'
import type { BatchResult, PostMessage, Schemas } from './types.js'

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
      const body = { messages: pending.map(at => rows[at]?.body) }
      const response = await transport.send({ method: 'POST', path: '/api/v1/messages/batch', body, retry: 'all' }, budget)
      const isRetry = tries > 1 || response.tries > 1
      const received = (response.body as { results: BatchResult[] }).results
      pending.forEach((at, i) => { results[at] = resultOf(received[i] as BatchResult, isRetry && rows[at]?.hasOwnKey === true) })
    } catch (error) {
      if (tries > 1 && error instanceof SluiceClientError) return results
      throw error
    }
    pending = pending.filter(at => isRetried(results[at], budget.leftMs()))
    const longestMs = Math.max(0, ...pending.map(at => retryAfterMs(results[at])))
    if (pending.length === 0 || !await budget.wait(tries, longestMs)) return results
  }
}

function resultOf (received: BatchResult, mayBeFirst: boolean): BatchResult {
  const result = mayBeFirst ? asFirstResponse(received) : received
  return 'code' in result ? { httpStatus: result.status, ...result } : result
}

function isRetried (result: BatchResult | undefined, leftMs: number): boolean {
  return result !== undefined && 'code' in result && classifyTransient(result.code, result.status) !== null && retryAfterMs(result) < leftMs
}

function retryAfterMs (result: BatchResult | undefined): number {
  return (result as Schemas['ProblemRow'] | undefined)?.retryAfterMs ?? 0
}
