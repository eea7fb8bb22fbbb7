import type { HistoryEntry } from '../settlement/record.js'

export type Reason = NonNullable<HistoryEntry['reason']>

/** Stands for failures without a code in a filter: those that expired before an attempt failed. */
export const NO_CODE = 'none'

/** Why a message failed, read from the text of its record. `code`: of the last attempt that failed; `at`: when it was settled, ms. */
export interface Cause { recipient: string, code: string | null, reason: Reason | null, isAcknowledged: boolean, at: number }

/**
 * Reads the cause of a failure without its payload, since there may be a hundred thousand of them. An acknowledgement before the last end of the
 * message no longer counts.
 */
export function causeOf (text: string): Cause {
  const [header = '', , ...history] = text.split('\n')
  const cause: Cause = { recipient: header.slice(0, header.indexOf(' ')), code: null, reason: null, isAcknowledged: false, at: 0 }
  let hasAttempt = false
  for (const line of history.reverse()) {
    const entry = JSON.parse(line.slice(line.indexOf(' ') + 1)) as Omit<HistoryEntry, 'at'>
    if (cause.reason === null && entry.reason !== undefined) cause.reason = entry.reason
    else if (cause.reason === null && entry.acknowledgedBy !== undefined) cause.isAcknowledged = true
    if (!hasAttempt && entry.attempt !== undefined && entry.outcome !== 'sent') {
      hasAttempt = true
      cause.code = entry.code ?? null
      cause.at = parseInt(line, 10)
    }
    if (hasAttempt && cause.reason !== null) break
  }
  // A message may have been moved and never have failed.
  if (cause.at === 0 && cause.reason !== null) cause.at = parseInt(history[0] ?? '0', 10)
  return cause
}
