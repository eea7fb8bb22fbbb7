import type { Bus } from '../events.js'
import type { SenderReply } from '../redis/commands.js'
import type { Store } from '../redis/store.js'
import type { SenderView } from '../sender-facts.js'
import { formatTime } from '../values/time.js'

/** For so long a status shows that webhooks of a sender come here, as in lua/watch-statuses.lua. */
const DAY_MS = 86_400_000

export interface BulkHoldDeps { store: Store, events: Bus }

/**
 * Counts of how much of what WhatsApp accepts it reports statuses, and holds the lane `bulk` while that is too little. `mostMs`: longest hold; 0 for
 * none, null where no webhooks come.
 */
export async function watchStatuses ({ store, events }: BulkHoldDeps, sender: string, mostMs: number | null): Promise<void> {
  const reply = await store.run('watch-statuses', { sender }, { mostMs: mostMs ?? '' })
  if (reply.status === 'no_rules' || reply.change === '') return
  const counted = reply.status === 'watched' ? { percent: reply.percent, accepted: reply.accepted } : {}
  events.emit('bulk-hold.changed', { sender, state: reply.change, ...counted })
}

/** The fields of :sender, as lua/watch-statuses.lua writes them. */
export function readBulkHold ({ bulk, nowMs }: Pick<SenderReply, 'bulk' | 'nowMs'>): SenderView['bulk'] {
  const none = { since: null, until: null, nextProbeAt: null, missingPercent: null }
  if (bulk === '') return { state: 'off', ...none }
  const [seenMs = 0, sinceMs, probeUs = 0, untilMs = 0, missingPercent = 0] = bulk.trim().split(' ').map(Number)
  if (sinceMs === undefined) return { state: seenMs > nowMs - DAY_MS ? 'active' : 'collecting', ...none }
  const [since, until, nextProbeAt] = [sinceMs, untilMs, probeUs / 1000].map(formatTime)
  return { state: 'held', since: since ?? null, until: until ?? null, nextProbeAt: nextProbeAt ?? null, missingPercent }
}
