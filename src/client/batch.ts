import type { Exchange } from './exchange.js'
import { SluiceClientError } from './error.js'
import { asFirst, withKey } from './own.js'
import { passingOf } from './passing.js'
import type { RetryBudget } from './retry-budget.js'
import type { BatchAnswer, PostMessage, Schemas } from './types.js'

/**
 * Posts a batch, and again those of its rows that were turned away for what passes, until none is left or the patience is over. Rejects
 * only where not a single row has an answer.
 */
export async function sendRows (exchange: Exchange, messages: PostMessage[], retryBudget: RetryBudget): Promise<BatchAnswer[]> {
  const rows = messages.map(withKey)
  const answers: BatchAnswer[] = []
  let open = [...rows.keys()]
  for (let tries = 1; ; tries++) {
    try {
      const body = { messages: open.map(at => rows[at]?.body) }
      const told = await exchange.ask({ method: 'POST', path: '/api/v1/messages/batch', body, repeatable: true }, retryBudget)
      const isRepeat = tries > 1 || told.tries > 1
      const { results } = told.body as { results: BatchAnswer[] }
      open.forEach((at, i) => { answers[at] = answerOf(results[i] as BatchAnswer, isRepeat && rows[at]?.isOwn === true) })
    } catch (error) {
      if (tries > 1 && error instanceof SluiceClientError) return answers
      throw error
    }
    open = open.filter(at => passes(answers[at], retryBudget.leftMs()))
    const longestMs = Math.max(0, ...open.map(at => retryAfterMs(answers[at])))
    if (open.length === 0 || !await retryBudget.wait(tries, longestMs)) return answers
  }
}

function answerOf (told: BatchAnswer, isOwn: boolean): BatchAnswer {
  const answer = isOwn ? asFirst(told) : told
  return 'code' in answer ? { httpStatus: answer.status, ...answer } : answer
}

function passes (answer: BatchAnswer | undefined, leftMs: number): boolean {
  return answer !== undefined && 'code' in answer && passingOf(answer.code, answer.status) !== null && retryAfterMs(answer) < leftMs
}

function retryAfterMs (answer: BatchAnswer | undefined): number {
  return (answer as Schemas['ProblemRow'] | undefined)?.retryAfterMs ?? 0
}
