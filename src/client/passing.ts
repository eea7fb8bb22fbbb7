import type { ErrorCode } from './error.js'

/**
 * What passes by itself, so that a repeat can end otherwise: `undone` where the gateway has certainly done nothing, `perhaps`
 * where it may have. LIMITED and WOULD_EXPIRE are not here, though they are 429 with `Retry-After`: they are what the caller
 * asked for, by `whenLimited: 'reject'` and `expiresInMs`, and a message sent later is not what he asked for.
 */
const byCode: Partial<Record<ErrorCode, Passing>> = {
  OVERLOADED: 'undone',
  SHUTTING_DOWN: 'undone',
  RECIPIENT_QUEUE_FULL: 'undone',
  BACKLOG_FULL: 'undone',
  TOO_SLOW: 'undone',
  UNAVAILABLE: 'perhaps',
  TIMEOUT: 'perhaps'
}

/** Answers of what stands between, such as a balancer, which know none of our codes. */
const byStatus: Record<number, Passing> = { 429: 'undone', 502: 'perhaps', 503: 'perhaps', 504: 'perhaps' }

/** Before the connection stood nobody was there to read a byte. What is not here, such as a wrong certificate, does not pass. */
const byCause: Record<string, Passing> = {
  ECONNREFUSED: 'undone',
  ENOTFOUND: 'undone',
  EAI_AGAIN: 'undone',
  EHOSTUNREACH: 'undone',
  ENETUNREACH: 'undone',
  UND_ERR_CONNECT_TIMEOUT: 'undone',
  ECONNRESET: 'perhaps',
  EPIPE: 'perhaps',
  ETIMEDOUT: 'perhaps',
  UND_ERR_SOCKET: 'perhaps'
}

export type Passing = 'undone' | 'perhaps'

/** Whether a repeat of what failed so can end otherwise; null where not. */
export function passingOf (code: ErrorCode, status?: number, cause?: unknown): Passing | null {
  if (code === 'UNREACHABLE') return byCause[codeOf(cause)] ?? null
  if (code === 'UNEXPECTED_ANSWER') return byStatus[status ?? 0] ?? null
  return byCode[code] ?? null
}

function codeOf (error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
