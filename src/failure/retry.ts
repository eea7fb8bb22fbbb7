import { elapsedNow } from '../deadlines.js'
import type { Bus } from '../events.js'
import { digestOf } from '../redis/keys.js'
import { groupBySender, type SetEntry } from '../redis/merge-sets.js'
import { findReachable } from '../redis/known-senders.js'
import type { DeliveryDeps } from '../drain/deliver.js'
import { deliver } from '../drain/deliver.js'
import { closeAll, lifetimeEnded, optedOut } from '../drain/close.js'
import { NEVER } from '../message.js'
import { readGrant } from '../settlement/record.js'
import { dueFailures } from './due.js'
import type { Explain } from './failure.js'
import type { FailureFilter } from './list.js'
import { forMatching } from './matching.js'

/** `lifeMs`: life of a message from its admission, ms. */
export interface RetryDeps extends DeliveryDeps { events: Bus, lifeMs: number }

/** Results of one run, by failure; the four counts are disjoint and add up to `total`. */
export interface RetryCounts { total: number, succeeded: number, failed: number, permanentlyFailed: number, deferred: number }
type Retried = Exclude<keyof RetryCounts, 'total'> | 'gone'

/** Failures of a sender that are retried in parallel. */
const CONCURRENCY = 50
/** How long a retry waits for a place among the grants that start; without one it goes to its queue, and a drain run sends it. */
const PLACE_WITHIN_MS = 500

/**
 * Retries the due failures of senders, oldest first, at most `limit` of all; with `force` also those that are not due. `by`: name of the
 * operator's API key. `unavailable`: senders that are left out, because their server is down.
 */
export async function retryAll (
  deps: RetryDeps, all: readonly string[], { limit, force, by }: { limit: number; force: boolean; by: string }
): Promise<{ counts: RetryCounts, unavailable: string[] }> {
  const { senders, unavailable, nowMs } = await findReachable(deps.store, all)
  // A second more, since the script checks each one again by its server's clock.
  const due = alternate(await dueFailures(deps.store, senders, force ? Infinity : nowMs + 1000, limit))
  return { counts: (await retryEach(deps, due, { force, by, isOver: () => false })).counts, unavailable }
}

/** Retries the failures that match a filter, at most its `limit`, due or not. `nextCursor`: where to go on. */
export async function retryMatching (
  deps: RetryDeps & { explain: Explain }, senders: readonly string[], filter: FailureFilter, by: string
): Promise<{ counts: RetryCounts, nextCursor: string | null, unavailable: string[] }> {
  let counts: RetryCounts = { total: 0, succeeded: 0, failed: 0, permanentlyFailed: 0, deferred: 0 }
  const { nextCursor, unavailable } = await forMatching(deps, senders, filter, async failures => {
    const { counts: own } = await retryEach(deps, failures, { force: true, by, isOver: () => false })
    counts = addCounts(counts, own)
    return own.total
  })
  return { counts, nextCursor, unavailable }
}

/**
 * Retries these failures until `isOver`. `gone`: those that are no failures any more, or may not be retried now. An error ends it: it is thrown
 * once the retries under way have ended.
 */
export async function retryEach (
  deps: RetryDeps, due: ReadonlyArray<Pick<SetEntry, 'sender' | 'id'>>, options: { force: boolean, by: string | null, isOver: () => boolean }
): Promise<{ counts: RetryCounts, gone: string[] }> {
  const counts: RetryCounts = { total: 0, succeeded: 0, failed: 0, permanentlyFailed: 0, deferred: 0 }
  const rest = due.values()
  const errors: unknown[] = []
  const gone: string[] = []
  async function work (): Promise<void> {
    for (const { sender, id } of rest) {
      if (errors.length > 0 || options.isOver()) return
      try {
        const result = await retryOne(deps, sender, id, options)
        if (result === 'gone') gone.push(id)
        else counts[result]++
      } catch (error) {
        errors.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, due.length) }, work))
  counts.total = counts.succeeded + counts.failed + counts.permanentlyFailed + counts.deferred
  if (counts.total > 0) deps.events.emit('retry.ran', { ...counts, by: options.by ?? 'the retry worker' })
  if (errors.length > 0) throw errors[0]
  return { counts, gone }
}

/**
 * Retries one failure under the same limits as a new message: it is sent at once, or becomes the head of its queue (`deferred`). With `force` it
 * need not be due, and a FAILED one is reopened. `gone`: there is no failure that may be retried.
 */
export async function retryOne (deps: RetryDeps, sender: string, id: string, options: { force: boolean, by: string | null }): Promise<Retried> {
  const freePlace = await deps.starting.reserveOne(PLACE_WITHIN_MS)
  try {
    return await retryWith(deps, sender, id, options, freePlace)
  } finally {
    freePlace?.()
  }
}

async function retryWith (
  deps: RetryDeps, sender: string, id: string, { force, by }: { force: boolean, by: string | null }, freePlace: (() => void) | null
): Promise<Retried> {
  const { startWithinMs, lifeMs } = deps
  const askedAt = elapsedNow()
  const { reply, terms, isCertain } = await deps.store.granting(sender, async (terms, isCertain) => ({
    terms,
    isCertain,
    reply: await deps.store.run('retry', { sender, digest: digestOf(id) }, {
      id,
      force,
      inline: freePlace !== null,
      lifeMs,
      history: by === null ? '' : JSON.stringify({ note: `retried by ${by}` }),
      ...terms
    })
  }))
  switch (reply.status) {
    case 'granted': {
      const startBy = isCertain(reply.nowMs) ? askedAt + startWithinMs : NEVER
      const grant = readGrant(sender, { ...reply, id, lateUs: 0 }, { askedAt, startBy, holder: terms.holder })
      const { settled } = await deliver(deps, grant, freePlace ?? undefined)
      switch (settled.status) {
        case 'sent': return 'succeeded'
        case 'failed': return 'permanentlyFailed'
        case 'retry':
        case 'unknown': return 'failed'
        case 'wait':
        case 'stale': return 'deferred'
        default: return settled.status satisfies never
      }
    }
    case 'queued': return 'deferred'
    case 'expired':
      await closeAll(deps, sender, [id], lifetimeEnded)
      return 'permanentlyFailed'
    case 'unwanted':
      return await closeAll(deps, sender, [id], optedOut) === 1 ? 'permanentlyFailed' : 'gone'
    case 'gone':
    case 'no_rules': return 'gone'
    default: return reply satisfies never
  }
}

/** One failure of each sender, then the next of each, so that one whose requests are slow does not delay the others. */
function alternate (due: readonly SetEntry[]): SetEntry[] {
  const groups = [...groupBySender(due).values()]
  const longest = Math.max(0, ...groups.map(group => group.length))
  return Array.from({ length: longest }, (_, round) => groups.flatMap(group => group[round] ?? [])).flat()
}

export function addCounts (a: RetryCounts, b: RetryCounts): RetryCounts {
  return {
    total: a.total + b.total,
    succeeded: a.succeeded + b.succeeded,
    failed: a.failed + b.failed,
    permanentlyFailed: a.permanentlyFailed + b.permanentlyFailed,
    deferred: a.deferred + b.deferred
  }
}
