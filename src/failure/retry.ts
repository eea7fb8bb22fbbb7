import { elapsedNow } from '../elapsed.js'
import type { Bus } from '../events.js'
import { redisNowMs } from '../redis/clock.js'
import { digestOf } from '../redis/keys.js'
import { groupBySender, type SetEntry } from '../redis/merge-sets.js'
import type { DeliveryDeps } from '../drain/deliver.js'
import { deliver } from '../drain/deliver.js'
import { cancel, dropUnwanted } from '../drain/cancel.js'
import { lanes, NEVER } from '../message.js'
import { payloadOf } from '../settlement/inspect.js'
import { parsePayload } from '../settlement/record.js'
import { dueFailures } from './due.js'

/** `lifeMs`: life of a message from its admission, ms. */
export interface RetryDeps extends DeliveryDeps { events: Bus, lifeMs: number }

/** Results of one run, by failure; the four counts are disjoint and add up to `total`. */
export interface RetryCounts { total: number, succeeded: number, failed: number, permanentlyFailed: number, deferred: number }
type Retried = Exclude<keyof RetryCounts, 'total'> | 'gone'

/** Failures retried in parallel; few, since each grant has to start within START_WITHIN_MS. */
const CONCURRENCY = 50

/**
 * Retries the due failures of a sender, oldest first, at most `limit`; with `force` also those that are not due. `by`: name of the operator's
 * API key; null for the retry worker. No retry starts after `withinMs`.
 */
export async function retryFailures (
  deps: RetryDeps,
  sender: string,
  options: { limit: number; force: boolean; by: string | null; withinMs?: number }
): Promise<RetryCounts> {
  return await retryAll(deps, [sender], options)
}

/** The same for several senders: `limit` is that of all, and the oldest failures of all go first. */
export async function retryAll (
  deps: RetryDeps,
  senders: readonly string[],
  options: { limit: number; force: boolean; by: string | null; withinMs?: number }
): Promise<RetryCounts> {
  // By Redis's clock. A second more, since the script checks each one again.
  const until = options.force ? Infinity : await redisNowMs(deps.store.redis) + 1000
  const due = alternate(await dueFailures(deps.store, senders, until, options.limit))
  const counts: RetryCounts = { total: 0, succeeded: 0, failed: 0, permanentlyFailed: 0, deferred: 0 }
  const rest = due.values()
  const startUntil = performance.now() + (options.withinMs ?? Infinity)
  async function work (): Promise<void> {
    for (const { sender, id } of rest) {
      if (performance.now() > startUntil) return
      const result = await retryOne(deps, sender, id, options)
      if (result === 'gone') continue
      counts[result]++
      counts.total++
    }
  }
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, due.length) }, work))
  if (counts.total > 0) deps.events.emit('retry.ran', { ...counts, by: options.by ?? 'the retry worker' })
  return counts
}

/**
 * Retries one failure under the same limits as a new message: it is sent at once, or becomes the head of its queue (`deferred`). With `force` it
 * need not be due, and a FAILED one is reopened. `gone`: there is no failure that may be retried.
 */
export async function retryOne (deps: RetryDeps, sender: string, id: string, { force, by }: { force: boolean, by: string | null }): Promise<Retried> {
  const { startWithinMs, lifeMs } = deps
  const askedAt = elapsedNow()
  const { reply, terms, isCertain } = await deps.store.granting(sender, async (terms, isCertain) => ({
    terms,
    isCertain,
    reply: await deps.store.run('retry', { sender, digest: digestOf(id) }, {
      id, force, inline: true, lifeMs, history: by === null ? '' : JSON.stringify({ note: `retried by ${by}` }), ...terms
    })
  }))
  switch (reply.status) {
    case 'granted': {
      const { recipient, attempt, stops, lane, body, pairHits, nowMs } = reply
      const { settled } = await deliver(deps, {
        sender,
        id,
        recipient,
        attempt,
        stops,
        pairHits,
        lateUs: 0,
        askedAt,
        startBy: isCertain(nowMs) ? askedAt + startWithinMs : NEVER,
        holder: terms.holder,
        lane: lanes[lane - 1] ?? 'normal',
        payload: parsePayload(recipient, body)
      })
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
    case 'expired': {
      const payload = await payloadOf(deps.store, sender, id)
      if (payload !== null) await cancel(deps, sender, id, 'expired', by ?? 'the clock', payload)
      return 'permanentlyFailed'
    }
    case 'unwanted':
      return (await dropUnwanted(deps, sender, [id], async () => await payloadOf(deps.store, sender, id))) === 1 ? 'permanentlyFailed' : 'gone'
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
