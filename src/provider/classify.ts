import type { Outcome } from '../message.js'
import { clampRetryAfter } from '../message.js'
import {
  parseBody, readError, readMessageId, readMessageStatus, readRecipientId, readRetryAfterMs, type HttpResponse, type MetaError
} from './response.js'
import type { CodeRow } from './code-row.js'
import type { Policy } from './policy.js'
import { standardPolicy } from './policy.js'
import { redact } from '../redact.js'

type WithoutTimes<T> = T extends unknown ? Omit<T, 'startedAfterMs' | 'durationMs'> : never

/** An outcome without the times of its request. */
export type UntimedOutcome = WithoutTimes<Outcome>

/**
 * The outcome of a complete HTTP response. Meta, "Error codes", says to use `error.code` and not the HTTP status, which is
 * misleading for some codes and has changed for others. So, in this order: a message id is a success; a code in the table has the
 * outcome of its row; the status decides about unknown codes and responses without a code.
 * `pairHits`: how often in a row the pair limit has rejected this message before.
 */
export function classify (response: HttpResponse, policy: Policy = standardPolicy, pairHits = 0): UntimedOutcome {
  const body = parseBody(response.body)
  const providerMessageId = readMessageId(body)
  if (providerMessageId !== undefined && isSuccess(response)) {
    const recipientId = readRecipientId(body)
    const messageStatus = readMessageStatus(body)
    const sent: UntimedOutcome = { status: 'sent', providerMessageId }
    if (recipientId !== undefined) sent.recipientId = recipientId
    if (messageStatus !== undefined) sent.messageStatus = messageStatus
    return sent
  }
  const error = readError(body)
  const { code, row } = findRow(response, error, policy)
  const text = error?.text ?? ''
  const context = { pairHits, retryAfterMs: readRetryAfterMs(response.headers) }
  return toOutcome(row, code, text === '' ? `HTTP ${response.statusCode}: ${row.title}` : text, context)
}

/** What a cool-down also depends on. `retryAfterMs`: the `Retry-After` of the response, if it has one. */
interface OutcomeContext { pairHits?: number, retryAfterMs?: number | undefined }

/** The outcome that a row of the table gives to a code. */
export function toOutcome (row: CodeRow, code: string, error: string, { pairHits = 0, retryAfterMs }: OutcomeContext = {}): UntimedOutcome {
  switch (row.outcome) {
    case 'limited-pair': {
      const coolDownMs = clampRetryAfter(Math.min(row.mostMs, row.coolDownMs * row.growth ** pairHits), retryAfterMs)
      return { status: 'limited', bucket: 'pair', code, error, coolDownMs }
    }
    case 'limited-flow':
      return {
        status: 'limited',
        bucket: row.slows === true ? 'throughput' : 'sender-rate',
        code,
        error,
        coolDownMs: clampRetryAfter(row.coolDownMs, retryAfterMs)
      }
    case 'rejected':
      return {
        status: 'rejected',
        code,
        error,
        ...(row.retryNotBeforeMs === undefined ? {} : { retryNotBeforeMs: row.retryNotBeforeMs }),
        ...(row.optsOut === true ? { optsOut: true } : {}),
        ...(row.template === undefined ? {} : { template: row.template }),
        ...(row.window === true ? { window: true } : {}),
        ...(row.stopsTemplatesMs === undefined ? {} : { stopsTemplatesMs: row.stopsTemplatesMs })
      }
    case 'sender-stopped':
      return {
        status: 'sender-stopped',
        code,
        error,
        probeMs: clampRetryAfter(row.probeMs, retryAfterMs),
        ...(row.scope === undefined ? {} : { scope: row.scope })
      }
    case 'retryable':
      return {
        status: 'retryable',
        code,
        error,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
        ...(row.mostAttempts === undefined ? {} : { mostAttempts: row.mostAttempts }),
        ...(row.outage === true ? { outage: true } : {})
      }
    case 'unsent':
    case 'unknown':
      return { status: row.outcome, code, error, ...(row.outage === true ? { outage: true } : {}) }
    default:
      return row satisfies never
  }
}

/**
 * The outcome of a failure that a webhook reports, by the same table. The text is redacted. An unknown code is final: there is no
 * HTTP status to go by, and an accepted message is not sent again without evidence that it failed.
 */
export function classifyStatus (code: string, error: string, policy: Policy = standardPolicy): Exclude<UntimedOutcome, { status: 'sent' }> {
  const row = policy.find(code) ?? policy.rowOf('HTTP_4XX')
  const outcome = toOutcome(row, code === '' ? 'NO_CODE' : code, redact(error === '' ? row.title : error, []))
  return outcome as Exclude<UntimedOutcome, { status: 'sent' }>
}

/** The code of a response that is no success, and its row. */
export function findRow (response: HttpResponse, error: MetaError | undefined, policy: Policy): { code: string, row: CodeRow } {
  if (error?.code === undefined) {
    const code = error?.isTransient === true ? 'TRANSIENT' : codeOfStatus(response)
    return { code, row: policy.rowOf(code) }
  }
  // Graph still sends some subcodes that WhatsApp's page calls deprecated: 100/33 means that the number does not exist.
  const withSubcode = `${error.code}/${error.subcode ?? ''}`
  const code = policy.find(withSubcode)?.code === withSubcode ? withSubcode : error.code
  return { code, row: policy.find(code) ?? policy.rowOf(codeLike(response, error)) }
}

/** The table's code that comes closest to a code missing in it: Meta adds some every year. */
function codeLike ({ statusCode }: HttpResponse, error: MetaError): string {
  if (error.isTransient || statusCode >= 500) return 'TRANSIENT'
  if (statusCode < 300) return 'INVALID_RESPONSE'
  // A new code for a rate limit or a rejected token must not fail a whole backlog message by message.
  return statusCode === 401 || statusCode === 429 ? `HTTP_${statusCode}` : 'HTTP_4XX'
}

function codeOfStatus (response: HttpResponse): string {
  return isSuccess(response) ? 'INVALID_RESPONSE' : `HTTP_${response.statusCode}`
}

function isSuccess ({ statusCode }: HttpResponse): boolean {
  return statusCode >= 200 && statusCode < 300
}
