import { admittedAt, publicId } from '../redis/keys.js'
import type { StoredMessage, HistoryEntry } from '../settlement/record.js'
import { parseRecord } from '../settlement/record.js'

export type FailureStatus = 'PENDING' | 'RESOLVED' | 'FAILED'

/** Explains an error code: what it means and what to do. */
export type Explain = (code: string) => { title: string, explanation: string, remedy: string }

/** A delivery failure as the API returns it; times in ISO 8601. */
export interface Failure {
  id: string
  phoneNumber: string
  message: string | Record<string, unknown>
  idempotencyKey: string | null
  errorMessage: string | null
  errorCode: string | null
  attemptCount: number
  status: FailureStatus
  metadata: Record<string, unknown> | null
  nextRetryAt: string | null
  lastAttemptAt: string | null
  resolvedAt: string | null
  createdAt: string
  updatedAt: string
  reason: NonNullable<HistoryEntry['reason']> | null
  explanation: string | null
  remedy: string | null
  retryNotBefore: string | null
  acknowledgedAt: string | null
  acknowledgedBy: string | null
  attempts: Attempt[]
}

export interface Attempt { attempt: number, at: string, durationMs: number | null, outcome: string, code: string | null, error: string | null }

/** Converts a record of Redis. `scoreMs`: when it is retried next, or when it was settled. */
export function toFailure (sender: string, id: string, text: string, status: FailureStatus, scoreMs: number, explain: Explain): Failure {
  const kept = parseRecord(text)
  const attempts = attemptsOf(kept.history)
  const last = attempts.at(-1)
  const lastError = attempts.filter(attempt => attempt.outcome !== 'sent').at(-1)
  const lastEntry = kept.history.at(-1)
  const acknowledged = acknowledgedOf(kept.history)
  const wait = kept.history.filter(entry => entry.retryNotBeforeMs !== undefined).at(-1)
  const explained = lastError?.code === null || lastError === undefined ? null : explain(lastError.code)
  const createdAt = iso(admittedAt(id))
  return {
    id: publicId(sender, id),
    phoneNumber: kept.payload.to,
    message: kept.payload.message,
    idempotencyKey: kept.payload.idempotencyKey ?? null,
    errorMessage: lastError?.error ?? null,
    errorCode: lastError?.code ?? null,
    attemptCount: kept.attempts,
    status,
    metadata: kept.payload.metadata ?? null,
    nextRetryAt: status === 'PENDING' ? iso(scoreMs) : null,
    lastAttemptAt: last?.at ?? null,
    resolvedAt: status === 'RESOLVED' ? iso(scoreMs) : null,
    createdAt,
    updatedAt: lastEntry === undefined ? createdAt : iso(lastEntry.at),
    reason: status === 'PENDING' ? null : kept.history.filter(entry => entry.reason !== undefined).at(-1)?.reason ?? null,
    explanation: explained?.explanation ?? null,
    remedy: explained?.remedy ?? null,
    retryNotBefore: wait?.retryNotBeforeMs === undefined ? null : iso(wait.at + wait.retryNotBeforeMs),
    acknowledgedAt: acknowledged === undefined ? null : iso(acknowledged.at),
    acknowledgedBy: acknowledged?.acknowledgedBy ?? null,
    attempts
  }
}

/** The entry that acknowledges a failure. An acknowledgement before the last end of the message no longer counts. */
export function acknowledgedOf (history: StoredMessage['history']): HistoryEntry | undefined {
  return history.slice(history.findLastIndex(entry => entry.reason !== undefined) + 1).findLast(entry => entry.acknowledgedBy !== undefined)
}

/** The attempts of a history, oldest first; `at` is when each was settled. */
export function attemptsOf (history: StoredMessage['history']): Attempt[] {
  return history.filter(entry => entry.attempt !== undefined).map(entry => ({
    attempt: entry.attempt ?? 0,
    at: iso(entry.at),
    durationMs: entry.durationMs ?? null,
    outcome: entry.outcome ?? 'unknown',
    code: entry.code ?? null,
    error: entry.error ?? null
  }))
}

function iso (ms: number): string {
  return new Date(ms).toISOString()
}
