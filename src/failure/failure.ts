import type { Lane, WaitingFor } from '../message.js'
import { admittedAt, publicId } from '../redis/keys.js'
import type { StoredMessage, HistoryEntry } from '../settlement/record.js'
import { parseRecord } from '../settlement/record.js'
import { formatTime } from '../values/time.js'

export type FailureStatus = 'PENDING' | 'RESOLVED' | 'FAILED'

/** Explains an error code: what it means and what to do. */
export type Explain = (code: string) => { title: string, explanation: string, remedy: string }

/** How an operator moved a message; times in ISO 8601. */
export interface Move { at: string, by: string, priority?: Lane, scheduledFor?: string, expiresAt?: string }

/** A delivery failure as the API returns it; times in ISO 8601. */
export interface Failure {
  id: string
  sender: string
  phoneNumber: string
  message: string | Record<string, unknown>
  idempotencyKey: string | null
  errorMessage: string | null
  errorCode: string | null
  attemptCount: number
  status: FailureStatus
  messageStatus: PendingState | null
  waitingFor: WaitingFor | null
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

/** Where a PENDING failure is. */
export type PendingState = 'retrying' | 'queued' | 'sending' | 'unknown'

/** How a PENDING failure waits. `nextRetryMs`: null where it is in flight, or no end of the wait is known. */
export interface Wait { state: PendingState, waitingFor: WaitingFor | null, nextRetryMs: number | null }

/** Where a failure stands: how it waits, or how and when it was settled. */
export type Standing = { status: 'PENDING', wait: Wait } | { status: 'FAILED' | 'RESOLVED', settledMs: number }

/** Converts a record of Redis. */
export function toFailure (sender: string, id: string, text: string, standing: Standing, explain: Explain): Failure {
  const { status } = standing
  const wait = status === 'PENDING' ? standing.wait : null
  const stored = parseRecord(text)
  const attempts = attemptsOf(stored.history)
  const last = attempts.at(-1)
  const lastError = attempts.filter(attempt => attempt.outcome !== 'sent').at(-1)
  const lastEntry = stored.history.at(-1)
  const acknowledged = acknowledgedOf(stored.history)
  const notBefore = stored.history.filter(entry => entry.retryNotBeforeMs !== undefined).at(-1)
  const explained = lastError?.code === null || lastError === undefined ? null : explain(lastError.code)
  const createdAt = formatTime(admittedAt(id))
  return {
    id: publicId(sender, id),
    sender,
    phoneNumber: stored.payload.to,
    message: stored.payload.message,
    idempotencyKey: stored.payload.idempotencyKey ?? null,
    errorMessage: lastError?.error ?? null,
    errorCode: lastError?.code ?? null,
    attemptCount: stored.attempts,
    status,
    messageStatus: wait?.state ?? null,
    waitingFor: wait?.waitingFor ?? null,
    metadata: stored.payload.metadata ?? null,
    nextRetryAt: wait === null || wait.nextRetryMs === null ? null : formatTime(wait.nextRetryMs),
    lastAttemptAt: last?.at ?? null,
    resolvedAt: status === 'RESOLVED' ? formatTime(standing.settledMs) : null,
    createdAt,
    updatedAt: lastEntry === undefined ? createdAt : formatTime(lastEntry.at),
    reason: status === 'PENDING' ? null : stored.history.filter(entry => entry.reason !== undefined).at(-1)?.reason ?? null,
    explanation: explained?.explanation ?? null,
    remedy: explained?.remedy ?? null,
    retryNotBefore: notBefore?.retryNotBeforeMs === undefined ? null : formatTime(notBefore.at + notBefore.retryNotBeforeMs),
    acknowledgedAt: acknowledged === undefined ? null : formatTime(acknowledged.at),
    acknowledgedBy: acknowledged?.acknowledgedBy ?? null,
    attempts
  }
}

/** The entry that acknowledges a failure. An acknowledgement before the last end of the message no longer counts. */
export function acknowledgedOf (history: StoredMessage['history']): HistoryEntry | undefined {
  return history.slice(history.findLastIndex(entry => entry.reason !== undefined) + 1).findLast(entry => entry.acknowledgedBy !== undefined)
}

/** How operators have moved a message, oldest first. */
export function movesOf (history: StoredMessage['history']): Move[] {
  return history.flatMap(({ at, movedBy, lane, scheduledFor, expiresAt }) => movedBy === undefined
    ? []
    : [{
        at: formatTime(at),
        by: movedBy,
        ...(lane === undefined ? {} : { priority: lane }),
        // A time of the past is now.
        ...(scheduledFor === undefined ? {} : { scheduledFor: formatTime(Math.max(at, scheduledFor)) }),
        ...(expiresAt === undefined ? {} : { expiresAt: formatTime(expiresAt) })
      }])
}

/** The attempts of a history, oldest first; `at` is when each was settled. */
export function attemptsOf (history: StoredMessage['history']): Attempt[] {
  return history.filter(entry => entry.attempt !== undefined).map(entry => ({
    attempt: entry.attempt ?? 0,
    at: formatTime(entry.at),
    durationMs: entry.durationMs ?? null,
    outcome: entry.outcome ?? 'unknown',
    code: entry.code ?? null,
    error: entry.error ?? null
  }))
}
