import { lanes, type Lane } from '../message.js'
import { digestOf } from '../redis/keys.js'
import type { Store } from '../redis/store.js'

/** Where a waiting message goes; what is left out stays. Times in ms since the epoch; a `scheduledFor` of the past is now. */
export interface Move { lane?: Lane, scheduledFor?: number, expiresAt?: number }

/**
 * `unchanged`: it has this lane, time and end already. `expires`: its life would end before it may start. `retrying`: it has been attempted, and
 * keeps its time. `busy`: it is in flight or its outcome is unknown. `gone`: it is settled, or not stored.
 */
export type Moved = 'moved' | 'unchanged' | 'expires' | 'retrying' | 'busy' | 'gone'

/** Moves a waiting message to another lane, time or end of its life. `by`: the caller, for its history. */
export async function moveMessage (store: Store, sender: string, id: string, move: Move, by: string): Promise<Moved> {
  const { lane, scheduledFor, expiresAt } = move
  const reply = await store.run('move', { sender, digest: digestOf(id) }, {
    id,
    lane: lane === undefined ? '' : lanes.indexOf(lane) + 1,
    scheduledFor: scheduledFor ?? '',
    expiresAt: expiresAt ?? '',
    history: JSON.stringify({ movedBy: by, lane, scheduledFor, expiresAt })
  })
  // No drain run may be under way when its time comes.
  if (reply.status === 'moved' && reply.isScheduled) store.recoverySchedule.markDue(sender)
  return reply.status
}
