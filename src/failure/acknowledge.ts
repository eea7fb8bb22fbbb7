import { digestOf, parseId } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import type { Explain } from './failure.js'
import type { FailureFilter } from './list.js'
import { listFailures } from './list.js'

/** Marks a failure as acknowledged. False if there is no PENDING or FAILED failure with this id. `by` and `note` are kept in its history. */
export async function acknowledge (store: Store, sender: string, id: string, by: string, note?: string): Promise<boolean> {
  const history = JSON.stringify({ acknowledgedBy: by, ...(note === undefined ? {} : { note }) })
  const { status } = await store.run('acknowledge', { sender, digest: digestOf(id) }, { id, history })
  return status === 'acknowledged'
}

/** Acknowledges the unacknowledged failures that match a filter, at most its `limit`. `more`: the filter matches further ones. */
export async function acknowledgeAll (
  deps: { store: Store; explain: Explain },
  sender: string,
  filter: FailureFilter,
  by: string,
  note?: string
): Promise<{ acknowledged: number; more: boolean }> {
  let acknowledged = 0
  let cursor: string | null | undefined = filter.cursor
  do {
    const page = await listFailures(deps, sender, {
      ...filter,
      limit: Math.min(200, filter.limit - acknowledged),
      ...(cursor === undefined || cursor === null ? {} : { cursor })
    })
    for (const failure of page.failures) {
      const parts = parseId(failure.id)
      if (failure.acknowledgedAt === null && parts !== null && await acknowledge(deps.store, sender, parts.id, by, note)) acknowledged++
    }
    cursor = page.nextCursor
  } while (cursor !== null && acknowledged < filter.limit)
  return { acknowledged, more: cursor !== null }
}
