import { digestOf } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import type { Explain } from './failure.js'
import type { FailureFilter } from './list.js'
import { forMatching } from './matching.js'

/** Marks a failure as acknowledged. False if there is no PENDING or FAILED failure with this id. `by` and `note` are kept in its history. */
export async function acknowledge (store: Store, sender: string, id: string, by: string, note?: string): Promise<boolean> {
  const history = JSON.stringify({ acknowledgedBy: by, ...(note === undefined ? {} : { note }) })
  const { status } = await store.run('acknowledge', { sender, digest: digestOf(id) }, { id, history })
  return status === 'acknowledged'
}

/** Acknowledges the unacknowledged failures of several senders that match a filter, at most its `limit`. `nextCursor`: where to go on. */
export async function acknowledgeAll (
  deps: { store: Store; explain: Explain },
  senders: readonly string[],
  filter: FailureFilter,
  by: string,
  note?: string
): Promise<{ acknowledged: number; more: boolean; nextCursor: string | null; unavailable: string[] }> {
  let acknowledged = 0
  const { nextCursor, unavailable } = await forMatching(deps, senders, filter, async failures => {
    let done = 0
    for (const { sender, id, isAcknowledged } of failures) {
      if (!isAcknowledged && await acknowledge(deps.store, sender, id, by, note)) done++
    }
    acknowledged += done
    return done
  })
  return { acknowledged, more: nextCursor !== null, nextCursor, unavailable }
}
