import { spellingsOf } from '../recipient.js'
import type { Store } from '../redis/store.js'

/** Subjects that one script call scans, and events that one call moves out of the outbox: a few ms of Redis each. */
const PAGE = 500

/**
 * Erases a recipient from undelivered callbacks. First moves all events from the outbox to the callbacks, where they can be scanned. Events that
 * are added from now on belong to messages that were posted during the erasure. Returns the number of erased events.
 */
export async function eraseCallbacks (store: Store, sender: string, recipient: string): Promise<number> {
  while ((await store.run('lease-callbacks', { sender }, { limit: 0, leaseMs: 0, take: PAGE, cap: Number.MAX_SAFE_INTEGER })).left > 0);
  const names = spellingsOf(recipient).map(name => JSON.stringify(name)).join('\n')
  let erased = 0
  let cursor = '0'
  do {
    const page = await store.run('erase-callbacks', { sender }, { recipient, names, cursor, limit: PAGE })
    erased += page.count
    cursor = page.cursor
  } while (cursor !== '0')
  return erased
}
