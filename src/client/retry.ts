import { setTimeout as sleep } from 'node:timers/promises'
import { backoffMs } from '../values/backoff.js'
import type { ErrorCode } from './error.js'

const BACKOFF = { firstMs: 100, longestMs: 5000 }

/** The time that one call may take with all its attempts, and the delays between them. */
export interface RetryBudget {
  readonly signal: AbortSignal | undefined
  /** Until the call's deadline. */
  leftMs: () => number
  /**
   * Waits before the next attempt, at least `retryAfterMs`. Returns false at once if the deadline would pass meanwhile. Rejects with the
   * reason of the caller's signal.
   */
  wait: (attempts: number, retryAfterMs: number | undefined) => Promise<boolean>
}

export function createRetryBudget (timeoutMs: number, signal: AbortSignal | undefined): RetryBudget {
  const deadline = performance.now() + timeoutMs
  const leftMs = (): number => deadline - performance.now()
  return {
    signal,
    leftMs,
    async wait (attempts, retryAfterMs = 0) {
      // On top of the server's Retry-After, which is the same for all rejected callers: they must not return in lockstep.
      const retryInMs = retryAfterMs + backoffMs(attempts - 1, BACKOFF)
      if (retryInMs >= leftMs()) return false
      await sleep(retryInMs, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
        signal?.throwIfAborted()
        throw error
      })
      return true
    }
  }
}

/** A transient error: a retry may succeed. `not-executed`: the request certainly had no effect; `maybe-executed`: it may have had one. */
export type TransientError = 'not-executed' | 'maybe-executed'

/**
 * LIMITED and WOULD_EXPIRE are 429 with `Retry-After` too, and are not transient: the caller set these limits by
 * `whenLimited: 'reject'` and `expiresInMs`, so a retry that sends the message later breaks them.
 */
const byCode: Partial<Record<ErrorCode, TransientError>> = {
  OVERLOADED: 'not-executed',
  SHUTTING_DOWN: 'not-executed',
  CALLER_RATE_LIMITED: 'not-executed',
  RECIPIENT_QUEUE_FULL: 'not-executed',
  BACKLOG_FULL: 'not-executed',
  CALLER_BACKLOG_FULL: 'not-executed',
  TOO_SLOW: 'not-executed',
  UNAVAILABLE: 'maybe-executed',
  TIMEOUT: 'maybe-executed'
}

/** Responses of a load balancer or proxy, which have no code of the gateway. */
const byStatus: Record<number, TransientError> = { 429: 'not-executed', 502: 'maybe-executed', 503: 'maybe-executed', 504: 'maybe-executed' }

/** Connection errors. Before the connection is established, no byte is sent. Other errors, such as an invalid certificate, persist. */
const byCause: Record<string, TransientError> = {
  ECONNREFUSED: 'not-executed',
  ENOTFOUND: 'not-executed',
  EAI_AGAIN: 'not-executed',
  EHOSTUNREACH: 'not-executed',
  ENETUNREACH: 'not-executed',
  UND_ERR_CONNECT_TIMEOUT: 'not-executed',
  ECONNRESET: 'maybe-executed',
  EPIPE: 'maybe-executed',
  ETIMEDOUT: 'maybe-executed',
  UND_ERR_SOCKET: 'maybe-executed'
}

/** Classifies a failed try; null if a retry has the same result. `cause`: the transport error of `UNREACHABLE`. */
export function classifyTransient (code: ErrorCode, status?: number, cause?: unknown): TransientError | null {
  if (code === 'UNREACHABLE') return byCause[causeCode(cause)] ?? null
  if (code === 'UNEXPECTED_RESPONSE') return byStatus[status ?? 0] ?? null
  return byCode[code] ?? null
}

function causeCode (error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
