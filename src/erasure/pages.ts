import type { Store } from '../redis/store.js'
import type { StoredMessage } from '../settlement/record.js'
import { parseRecord } from '../settlement/record.js'

/** Approximate number of messages that one script call scans: a few ms of Redis. */
const PAGE = 1000

/** Every unsettled message, or every failure, of the recipient. A message may be returned twice (HSCAN). */
export async function * pagesOf (
  store: Store,
  sender: string,
  recipient: string,
  which: 'waiting' | 'failures'
): AsyncGenerator<{ id: string; kept: StoredMessage }> {
  let cursor = '0'
  do {
    const page = await store.run('find-recipient', { sender }, { recipient, which, cursor, limit: PAGE })
    for (const { id, record } of page.messages) yield { id, kept: parseRecord(record) }
    cursor = page.cursor
  } while (cursor !== '0')
}
