import { spellingsOf } from '../recipient.js'
import type { Store } from '../redis/store.js'

/** Subjects that one script looks at, about, and changes taken out of the outbox at once: a few ms of Redis each. */
const PAGE = 500

/**
 * Forgets a recipient in what is still to be told. First all of the outbox goes to where it can be found; what enters it from
 * now on is of messages that are not erased. Answers how many events there were.
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
