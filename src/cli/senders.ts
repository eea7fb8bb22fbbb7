import type { Sender } from '../client/index.js'
import { facts, table } from './show.js'

/** A sender after it was closed or opened. */
export function showSender ({ id, state, reason, resumesAt, queued, inFlight }: Sender): string {
  return facts({ sender: id, state, reason, 'opens by itself': resumesAt, 'in line': queued, 'under way': inFlight })
}

/** All of them, a row each. */
export function showSenders (senders: Sender[]): string {
  const rows = senders.map(({ id, state, reason, queued, due, inFlight, scheduled, unknown, failures, sentLast24h }) =>
    [id, reason === null ? state : `${state}: ${reason}`, queued, due, inFlight, scheduled, unknown, failures.pending, failures.failed, sentLast24h])
  return table(['sender', 'state', 'in line', 'due', 'under way', 'scheduled', 'unknown', 'pending', 'failed', 'sent in 24 h'], rows)
}
