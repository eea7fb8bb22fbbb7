import { campaignEnded, closeAll, type CloseDeps } from '../drain/close.js'

/** Messages of the backlog that one script call reads. */
const PAGE = 500

/**
 * Ends the messages of campaigns whose end has passed as EXPIRED, wherever they wait. Drain runs end those at the head of a queue; this is for the
 * rest, such as those in the schedule or of a sender that sends nothing now. Housekeeping calls it for every sender each minute. Returns their
 * number.
 */
export async function expireEnded (deps: CloseDeps, sender: string): Promise<number> {
  const { found } = await deps.store.run('inspect-campaigns', { sender }, { campaign: '' })
  let expired = 0
  for (const { name, isOverdue } of found) {
    if (!isOverdue) continue
    let cursor = '0'
    do {
      const page = await deps.store.run('find-messages', { sender }, { which: 'waiting', campaign: name, cursor, limit: PAGE })
      expired += await closeAll(deps, sender, page.messages.map(({ id }) => id), campaignEnded)
      cursor = page.cursor
    } while (cursor !== '0')
  }
  return expired
}
