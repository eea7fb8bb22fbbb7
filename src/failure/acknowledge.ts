import { digestOf, parseId } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import type { Explain } from './failure.js'
import type { FailureFilter } from './list.js'
import { listFailures } from './list.js'

/** Pages that one call reads at most: some 100,000 failures. */
const PAGES = 50

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
  const left = new Set<string>()
  let cursor: string | null = filter.cursor ?? null
  for (let page = 0; page < PAGES; page++) {
    const { failures, nextCursor, unavailable } = await listFailures(deps, senders, {
      ...filter,
      limit: Math.min(200, filter.limit - acknowledged),
      ...(cursor === null ? {} : { cursor })
    })
    for (const failure of failures) {
      const parts = parseId(failure.id)
      if (failure.acknowledgedAt === null && parts !== null && await acknowledge(deps.store, parts.sender, parts.id, by, note)) acknowledged++
    }
    for (const sender of unavailable) left.add(sender)
    cursor = nextCursor
    if (cursor === null || acknowledged >= filter.limit) break
  }
  return { acknowledged, more: cursor !== null, nextCursor: cursor, unavailable: [...left] }
}
