import type { Sender } from '../client/index.js'
import { facts, table } from './show.js'

/** A sender after it was closed or opened. */
export function showSender ({ id, state, why, reopensAt, inLine, inFlight }: Sender): string {
  return facts({ sender: id, state, why, 'opens by itself': reopensAt, 'in line': inLine, 'under way': inFlight })
}

/** All of them, a row each. */
export function showSenders (senders: Sender[]): string {
  const rows = senders.map(({ id, state, why, inLine, due, inFlight, scheduled, unknown, failures, sentInDay }) =>
    [id, why === null ? state : `${state}: ${why}`, inLine, due, inFlight, scheduled, unknown, failures.pending, failures.failed, sentInDay])
  return table(['sender', 'state', 'in line', 'due', 'under way', 'scheduled', 'unknown', 'pending', 'failed', 'sent in 24 h'], rows)
}
