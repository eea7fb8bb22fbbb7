import { campaignEnded, closeAll, type CloseDeps } from '../drain/close.js'

/** Campaigns, or messages of the backlog, that one script call reads. */
const PAGE = 500

/**
 * Ends the messages of campaigns whose end has passed as EXPIRED, wherever they wait. Drain runs end those at the head of a queue; this is for the
 * rest, such as those in the schedule or of a sender that sends nothing now. Housekeeping calls it for every sender each minute. Returns their
 * number.
 */
export async function expireEnded (deps: CloseDeps, sender: string): Promise<number> {
  let expired = 0
  let cursor = ''
  do {
    const page = await deps.store.run('inspect-campaigns', { sender }, { campaign: '', cursor, limit: PAGE })
    for (const { name, isOverdue } of page.found) if (isOverdue) expired += await expireMessages(deps, sender, name)
    cursor = page.cursor
  } while (cursor !== '0')
  return expired
}

async function expireMessages (deps: CloseDeps, sender: string, campaign: string): Promise<number> {
  let expired = 0
  let cursor = '0'
  do {
    const page = await deps.store.run('find-messages', { sender }, { which: 'waiting', campaign, cursor, limit: PAGE })
    expired += await closeAll(deps, sender, page.messages.map(({ id }) => id), campaignEnded)
    cursor = page.cursor
  } while (cursor !== '0')
  return expired
}
