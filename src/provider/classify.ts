import type { Outcome } from '../message.js'
import { readError, readMessageId, readMessageStatus, readRecipientId, readRetryAfterMs, parseBody, type Answer, type MetaError } from './answer.js'
import type { CodeRow } from './code-row.js'
import { findCode, rowOf } from './codes.js'
import { redact } from '../redact.js'

type WithoutTimes<T> = T extends unknown ? Omit<T, 'startedAfterMs' | 'durationMs'> : never

/** An outcome before anybody has put the times to it. */
export type Verdict = WithoutTimes<Outcome>

/**
 * Turns an HTTP answer that came whole into a verdict. Meta, "Error codes": build on `error.code`, not on the HTTP
 * status, which lies for some codes and has changed for others. So, in this order: a message id is a success; a code
 * in the table is what the table says; an unknown code and an answer without a code are judged by the status.
 */
export function classify (answer: Answer): Verdict {
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
  const { code, row } = judge(answer, error)
  const text = error?.text ?? ''
  return toVerdict(row, code, text === '' ? `HTTP ${answer.statusCode}: ${row.title}` : text, readRetryAfterMs(answer.headers))
}

/** The verdict on something that a row of the table names. `retryAfterMs`: what the other side asks for, if it does. */
export function toVerdict (row: CodeRow, code: string, error: string, retryAfterMs?: number): Verdict {
  switch (row.outcome) {
    case 'limited-pair':
      return { status: 'limited', bucket: 'pair', code, error, coolDownMs: restFor(row.coolDownMs, retryAfterMs) }
    case 'limited-flow':
      return { status: 'limited', bucket: 'flow', code, error, coolDownMs: restFor(row.coolDownMs, retryAfterMs) }
    case 'rejected':
      return row.retryNotBeforeMs === undefined
        ? { status: 'rejected', code, error }
        : { status: 'rejected', code, error, retryNotBeforeMs: row.retryNotBeforeMs }
    case 'retryable':
    case 'sender-stopped':
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
export function classifyStatus (code: string, error: string): Exclude<Verdict, { status: 'sent' }> {
  const row = findCode(code) ?? rowOf('HTTP_4XX')
  const verdict = toVerdict(row, code === '' ? 'NO_CODE' : code, redact(error === '' ? row.title : error, []))
  return verdict as Exclude<Verdict, { status: 'sent' }>
}

/** At least our own plan, for `Retry-After: 0` would hammer; at most twice, for a wrong header must not silence a sender. */
function restFor (planMs: number, retryAfterMs = planMs): number {
  return Math.min(Math.max(retryAfterMs, planMs), 2 * planMs)
}

function judge (answer: Answer, error: MetaError | undefined): { code: string, row: CodeRow } {
  if (error?.code === undefined) {
    const code = error?.isTransient === true ? 'TRANSIENT' : byStatus(answer)
    return { code, row: rowOf(code) }
  }
  // Graph keeps this subcode although WhatsApp's page calls subcodes deprecated: the number does not exist.
  const code = error.code === '100' && error.subcode === '33' ? '100/33' : error.code
  return { code, row: findCode(code) ?? rowOf(likeWhat(answer, error)) }
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
