import { parseId } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import type { Explain } from './failure.js'
import { listFailures, type FailureFilter } from './list.js'

/** Pages that one call reads at most: some 100,000 failures. */
const PAGES = 50
const PAGE = 200

export interface MatchingFailure { sender: string, id: string, isAcknowledged: boolean }

/**
 * Reads the failures that match, page by page, until `work` has done the filter's `limit`; it returns how many it did. `nextCursor`: where to go on.
 */
export async function forMatching (
  deps: { store: Store, explain: Explain },
  senders: readonly string[],
  filter: FailureFilter,
  work: (failures: MatchingFailure[]) => Promise<number>
): Promise<{ nextCursor: string | null, unavailable: string[] }> {
  const left = new Set<string>()
  let [done, cursor] = [0, filter.cursor ?? null]
  for (let page = 0; page < PAGES; page++) {
    const { failures, nextCursor, unavailable } = await listFailures(deps, senders, {
      ...filter, limit: Math.min(PAGE, filter.limit - done), cursor: cursor ?? undefined
    })
    for (const sender of unavailable) left.add(sender)
    done += await work(failures.flatMap(({ id, acknowledgedAt }) => {
      const parts = parseId(id)
      return parts === null ? [] : [{ ...parts, isAcknowledged: acknowledgedAt !== null }]
    }))
    cursor = nextCursor
    if (cursor === null || done >= filter.limit) break
  }
  return { nextCursor: cursor, unavailable: [...left] }
}
