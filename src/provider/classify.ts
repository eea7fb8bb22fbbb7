import type { Outcome } from '../message.js'
import { clampRetryAfter } from '../message.js'
import { readError, readMessageId, readMessageStatus, readRecipientId, readRetryAfterMs, parseBody, type Answer, type MetaError } from './answer.js'
import type { CodeRow } from './code-row.js'
import type { Policy } from './policy.js'
import { standardPolicy } from './policy.js'
import { redact } from '../redact.js'

type WithoutTimes<T> = T extends unknown ? Omit<T, 'startedAfterMs' | 'durationMs'> : never

/** An outcome before anybody has put the times to it. */
export type Verdict = WithoutTimes<Outcome>

/**
 * Turns an HTTP answer that came whole into a verdict. Meta, "Error codes": build on `error.code`, not on the HTTP
 * status, which lies for some codes and has changed for others. So, in this order: a message id is a success; a code
 * in the table is what the table says; an unknown code and an answer without a code are judged by the status.
 * `pairHits`: how often in a row the pair's limit has met this message before.
 */
export function classify (answer: Answer, policy: Policy = standardPolicy, pairHits = 0): Verdict {
  const body = parseBody(answer.body)
  const providerMessageId = readMessageId(body)
  if (providerMessageId !== undefined && isSuccess(answer)) {
    const recipientId = readRecipientId(body)
    const messageStatus = readMessageStatus(body)
    return {
      status: 'sent',
      providerMessageId,
      ...(recipientId === undefined ? {} : { recipientId }),
      ...(messageStatus === undefined ? {} : { messageStatus })
    }
  }
  const error = readError(body)
  const { code, row } = judge(answer, error, policy)
  const text = error?.text ?? ''
  return toVerdict(row, code, text === '' ? `HTTP ${answer.statusCode}: ${row.title}` : text, { pairHits, retryAfterMs: readRetryAfterMs(answer.headers) })
}

/** What else a rest depends on. `retryAfterMs`: what the other side asks for, if it does. */
interface Circumstances { pairHits?: number, retryAfterMs?: number | undefined }

/** The verdict on something that a row of the table names. */
export function toVerdict (row: CodeRow, code: string, error: string, { pairHits = 0, retryAfterMs }: Circumstances = {}): Verdict {
  switch (row.outcome) {
    case 'limited-pair':
      return { status: 'limited', bucket: 'pair', code, error, coolDownMs: clampRetryAfter(Math.min(row.mostMs, row.coolDownMs * row.growth ** pairHits), retryAfterMs) }
    case 'limited-flow':
      return { status: 'limited', bucket: 'sender-rate', code, error, coolDownMs: clampRetryAfter(row.coolDownMs, retryAfterMs) }
    case 'rejected':
      return {
        status: 'rejected',
        code,
        error,
        ...(row.retryNotBeforeMs === undefined ? {} : { retryNotBeforeMs: row.retryNotBeforeMs }),
        ...(row.optsOut === true ? { optsOut: true } : {})
      }
    case 'sender-stopped':
      return { status: 'sender-stopped', code, error, probeMs: clampRetryAfter(row.probeMs, retryAfterMs) }
    case 'retryable':
      return {
        status: 'retryable',
        code,
        error,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
        ...(row.mostAttempts === undefined ? {} : { mostAttempts: row.mostAttempts })
      }
    case 'unsent':
    case 'unknown':
      return { status: row.outcome, code, error }
    default:
      return row satisfies never
  }
}

/**
 * What a failure means that came by webhook: the same table. The text is made fit to be kept. A code that nobody knows is
 * final: there is no HTTP status to go by, and a message that was accepted is not sent again on a guess.
 */
export function classifyStatus (code: string, error: string, policy: Policy = standardPolicy): Exclude<Verdict, { status: 'sent' }> {
  const row = policy.find(code) ?? policy.rowOf('HTTP_4XX')
  const verdict = toVerdict(row, code === '' ? 'NO_CODE' : code, redact(error === '' ? row.title : error, []))
  return verdict as Exclude<Verdict, { status: 'sent' }>
}

function judge (answer: Answer, error: MetaError | undefined, policy: Policy): { code: string, row: CodeRow } {
  if (error?.code === undefined) {
    const code = error?.isTransient === true ? 'TRANSIENT' : byStatus(answer)
    return { code, row: policy.rowOf(code) }
  }
  // Graph keeps some subcodes although WhatsApp's page calls them deprecated: 100/33 says that the number does not exist.
  const whole = `${error.code}/${error.subcode ?? ''}`
  const code = policy.find(whole)?.code === whole ? whole : error.code
  return { code, row: policy.find(code) ?? policy.rowOf(likeWhat(answer, error)) }
}

/** The row for a code that the table does not have yet: Meta adds some every year. */
function likeWhat ({ statusCode }: Answer, error: MetaError): string {
  if (error.isTransient || statusCode >= 500) return 'TRANSIENT'
  if (statusCode < 300) return 'BAD_ANSWER'
  // A new code for "slow down" or "who are you" must not fail a whole backlog message by message.
  return statusCode === 401 || statusCode === 429 ? `HTTP_${statusCode}` : 'HTTP_4XX'
}

function byStatus (answer: Answer): string {
  return isSuccess(answer) ? 'BAD_ANSWER' : `HTTP_${answer.statusCode}`
}

function isSuccess ({ statusCode }: Answer): boolean {
  return statusCode >= 200 && statusCode < 300
}
