import type { CloseDeps } from '../drain/close.js'
import { campaignCancelled, campaignEnded, closeAll, templateRejected } from '../drain/close.js'

/** Messages that one script call takes. */
const BATCH = 200

/**
 * Returns the messages whose template is sent again, or whose campaign is resumed, to their queues. Closes those whose template is rejected as
 * FAILED, cancels those of a cancelled campaign, and ends those of one that has ended as EXPIRED. A node that dies in between leaves the rest
 * suspended: housekeeping calls this for every sender each minute.
 */
export async function releaseSuspended (deps: CloseDeps, sender: string): Promise<void> {
  let released = 0
  let rejected = 0
  for (;;) {
    const reply = await deps.store.run('release-suspended', { sender }, { limit: BATCH })
    if (reply.status === 'no_rules') return
    released += reply.count
    const closed = await closeAll(deps, sender, reply.rejected, templateRejected)
    rejected += closed
    const cancelled = await closeAll(deps, sender, reply.cancelled, campaignCancelled)
    const ended = await closeAll(deps, sender, reply.ended, campaignEnded)
    // Nothing could be closed: they are in flight, or the template has just been approved.
    if (reply.isDone || (reply.count === 0 && closed + cancelled + ended === 0)) break
  }
  if (released + rejected > 0) deps.events.emit('templates.released', { sender, released, rejected })
}
