import { invalidField } from '../errors.js'
import { inParallel } from '../parallel.js'
import { senderKey } from '../redis/keys.js'
import { groupBySender, mergeSets, type SetEntry } from '../redis/merge-sets.js'
import { findReachable } from '../redis/known-senders.js'
import type { Store } from '../redis/store.js'
import { inspectMessage } from '../settlement/inspect.js'
import type { Explain, Failure, FailureStatus, Wait } from './failure.js'
import { toFailure } from './failure.js'
import { createMatcher, type MessageFilter } from './match.js'

export interface FailureFilter {
  status?: FailureStatus | undefined
  /** Only PENDING ones whose retry is due or has begun. */
  due?: boolean | undefined
  match: MessageFilter
  cursor?: string | undefined
  limit: number
}

/** `unavailable`: senders that are left out, because their server is down. */
export interface FailurePage { failures: Failure[], nextCursor: string | null, unavailable: string[] }

/** Entries scanned for one page at most, so that one request with a narrow filter cannot scan a million failures. */
const SCAN = 2000
const CHUNK = 200
/** Messages that are asked at once what they wait for. */
const CONCURRENCY = 20

/** `begun`: retries that began since the first page was read. Their failures may have left `failures` just before it was read. */
type FailureSet = 'retries' | 'failures' | 'begun' | 'failed' | 'resolved'
/** In the order of the list. */
const sets: Record<FailureSet, { status: FailureStatus, zset: string, hash: string, newestFirst: boolean }> = {
  retries: { status: 'PENDING', zset: 'retries', hash: 'backlog', newestFirst: false },
  failures: { status: 'PENDING', zset: 'failures', hash: 'backlog', newestFirst: false },
  begun: { status: 'PENDING', zset: 'retries', hash: 'backlog', newestFirst: false },
  failed: { status: 'FAILED', zset: 'failed', hash: 'failure-records', newestFirst: true },
  resolved: { status: 'RESOLVED', zset: 'resolved', hash: 'failure-records', newestFirst: true }
}

/**
 * A page of the failures of several senders: PENDING by next retry, those whose retry has begun first; then FAILED and RESOLVED, newest first.
 * `nextCursor` is null at the end; a page may hold fewer than `limit` before. Throws INVALID_REQUEST for an invalid cursor.
 */
export async function listFailures (
  deps: { store: Store; explain: Explain },
  all: readonly string[],
  filter: FailureFilter
): Promise<FailurePage> {
  const { store } = deps
  const from = filter.cursor === undefined ? null : parseCursor(filter.cursor)
  const names = (Object.keys(sets) as FailureSet[])
    .filter(name => filter.due === true ? sets[name].status === 'PENDING' : filter.status === undefined || sets[name].status === filter.status)
  const matches = createMatcher(filter.match)
  const found: Found[] = []
  const { senders, unavailable, nowMs } = await findReachable(store, all)
  const sinceMs = from?.sinceMs ?? nowMs
  let scanned = 0
  const page = async (after: Omit<Cursor, 'sinceMs'> | null): Promise<FailurePage> =>
    ({ failures: await describe(deps, found), nextCursor: after === null ? null : formatCursor({ ...after, sinceMs }), unavailable })
  for (const set of names.slice(from === null ? 0 : Math.max(0, names.indexOf(from.set)))) {
    const until = { retries: sinceMs - 1, failures: filter.due === true ? nowMs : Infinity, begun: Infinity, failed: Infinity, resolved: Infinity }
    const start = set === 'begun' ? { score: sinceMs, id: '' } : null
    const readNext = mergeSets(store, senders, sets[set].zset, {
      newestFirst: sets[set].newestFirst, after: from?.set === set ? from : start, until: until[set]
    })
    for (;;) {
      const entries = await readNext(CHUNK)
      const texts = await readRecords(store, set, entries)
      for (const [i, entry] of entries.entries()) {
        const text = texts[i] ?? null
        if (text === null || !matches(entry.id, text)) continue
        found.push({ ...entry, set, text })
        if (found.length >= filter.limit) return await page({ set, score: entry.score, id: entry.id })
      }
      scanned += entries.length
      const last = entries.at(-1)
      if (last === undefined || entries.length < CHUNK) break
      if (scanned >= SCAN) return await page({ set, score: last.score, id: last.id })
    }
  }
  return await page(null)
}

export interface Cursor { set: FailureSet, score: number, id: string, sinceMs: number }
interface Found extends SetEntry { set: FailureSet, text: string }

/** The records of entries, in their order: one command for each sender. */
async function readRecords (store: Store, set: FailureSet, entries: readonly SetEntry[]): Promise<Array<string | null>> {
  const bySender = groupBySender(entries)
  const texts = new Map<string, string | null>()
  await inParallel([...bySender], CONCURRENCY, async ([sender, own]) => {
    const values = await store.redis.hmget(senderKey(store.prefix, sender, sets[set].hash), ...own.map(({ id }) => id))
    own.forEach(({ id }, i) => texts.set(id, values[i] ?? null))
  })
  return entries.map(({ id }) => texts.get(id) ?? null)
}

/** The failures as the API returns them. One that was settled meanwhile is left out: it is listed under its new status. */
async function describe ({ store, explain }: { store: Store; explain: Explain }, found: readonly Found[]): Promise<Failure[]> {
  const failures = await inParallel(found, CONCURRENCY, async ({ sender, id, set, text, score }) => {
    const { status } = sets[set]
    if (status !== 'PENDING') return [toFailure(sender, id, text, { status, settledMs: score }, explain)]
    const wait: Wait | null = set === 'failures'
      ? { state: 'retrying', waitingFor: 'retry', nextRetryMs: score }
      : await waitOf(store, sender, id)
    return wait === null ? [] : [toFailure(sender, id, text, { status, wait }, explain)]
  })
  return failures.flat()
}

/** How a failure whose retry has begun waits; null if it is settled. */
async function waitOf (store: Store, sender: string, id: string): Promise<Wait | null> {
  const view = await inspectMessage(store, sender, { id })
  if (view === null) return null
  const { state, waitingFor, momentMs, delayMs, nowMs } = view
  if (state !== 'retrying' && state !== 'queued' && state !== 'sending' && state !== 'unknown') return null
  return { state, waitingFor, nextRetryMs: momentMs ?? (delayMs === null ? null : nowMs + delayMs) }
}

/** The position after which a page begins. Its entry need not exist. */
export function formatCursor (cursor: Cursor): string {
  return Buffer.from(JSON.stringify([cursor.set, cursor.score, cursor.id, cursor.sinceMs])).toString('base64url')
}

/** Throws INVALID_REQUEST for an invalid cursor. Starting again from the first page would make a client loop for ever. */
export function parseCursor (text: string): Cursor {
  try {
    const [set, score, id, sinceMs] = JSON.parse(Buffer.from(text, 'base64url').toString()) as [FailureSet, number, string, number]
    if (Object.hasOwn(sets, set) && Number.isFinite(score) && typeof id === 'string' && Number.isFinite(sinceMs)) {
      return { set, score, id, sinceMs }
    }
  } catch {
    // not Base64 of JSON: rejected below
  }
  throw invalidField('INVALID_REQUEST', { field: 'cursor', detail: 'must be the nextCursor of a previous page of this list' })
}
