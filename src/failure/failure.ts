import { admittedAt, publicId } from '../redis/keys.js'
import type { StoredMessage, HistoryEntry } from '../settlement/record.js'
import { parseRecord } from '../settlement/record.js'

export type FailureStatus = 'PENDING' | 'RESOLVED' | 'FAILED'

/** What a code means and what to do about it, in plain words. */
export type Explain = (code: string) => { title: string, explanation: string, remedy: string }

/** One delivery failure as callers see it; moments are ISO 8601. */
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

/** Makes a failure of what Redis keeps. `momentMs` is its score: next retry, or when it was settled. */
export function toFailure (sender: string, id: string, text: string, status: FailureStatus, momentMs: number, explain: Explain): Failure {
  const kept = parseRecord(text)
  const attempts = attemptsOf(kept.history)
  const last = attempts.at(-1)
  const lastError = attempts.filter(attempt => attempt.outcome !== 'sent').at(-1)
  const lastLine = kept.history.at(-1)
  const acknowledged = acknowledgedOf(kept.history)
  const wait = kept.history.filter(line => line.retryNotBeforeMs !== undefined).at(-1)
  const told = lastError?.code === null || lastError === undefined ? null : explain(lastError.code)
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
    nextRetryAt: status === 'PENDING' ? iso(momentMs) : null,
    lastAttemptAt: last?.at ?? null,
    resolvedAt: status === 'RESOLVED' ? iso(momentMs) : null,
    createdAt,
    updatedAt: lastLine === undefined ? createdAt : iso(lastLine.at),
    reason: status === 'PENDING' ? null : kept.history.filter(line => line.reason !== undefined).at(-1)?.reason ?? null,
    explanation: told?.explanation ?? null,
    remedy: told?.remedy ?? null,
    retryNotBefore: wait?.retryNotBeforeMs === undefined ? null : iso(wait.at + wait.retryNotBeforeMs),
    acknowledgedAt: acknowledged === undefined ? null : iso(acknowledged.at),
    acknowledgedBy: acknowledged?.acknowledgedBy ?? null,
    attempts
  }
}

/** The line that says who has seen a failure. Of what became of it since nobody can have seen anything. */
export function acknowledgedOf (history: StoredMessage['history']): HistoryEntry | undefined {
  return history.slice(history.findLastIndex(line => line.reason !== undefined) + 1).findLast(line => line.acknowledgedBy !== undefined)
}

/** The attempts of a story, oldest first; `at` is when each was settled. */
export function attemptsOf (history: StoredMessage['history']): Attempt[] {
  return history.filter(line => line.attempt !== undefined).map(line => ({
    attempt: line.attempt ?? 0,
    at: iso(line.at),
    durationMs: line.durationMs ?? null,
    outcome: line.outcome ?? 'unknown',
    code: line.code ?? null,
    error: line.error ?? null
  }))
}

function iso (ms: number): string {
  return new Date(ms).toISOString()
}
