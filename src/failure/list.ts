import { SluiceError } from '../errors.js'
import { inParallel } from '../parallel.js'
import { redisNowMs } from '../redis/clock.js'
import { senderKey } from '../redis/keys.js'
import { groupBySender, mergeSets, type SetEntry } from '../redis/merge-sets.js'
import { readPayload } from '../redis/payload.js'
import type { Store } from '../redis/store.js'
import { canonicalName } from '../recipient.js'
import { inspectMessage } from '../settlement/inspect.js'
import type { Explain, Failure, FailureStatus, Wait } from './failure.js'
import { toFailure } from './failure.js'

export interface FailureFilter {
  status?: FailureStatus
  /** Only PENDING ones whose retry is due or has begun. */
  due?: boolean
  recipient?: string
  idempotencyKey?: string
  /** Only messages of this API key. */
  caller?: string
  cursor?: string
  limit: number
}

/** Entries scanned for one page at most, so that one request with a narrow filter cannot scan a million failures. */
const SCAN = 2000
const CHUNK = 200
/** Messages that are asked at once what they wait for. */
const CONCURRENCY = 20

/** `begun`: retries that began since the first page was read. Their failures may have left `failures` just before it was read. */
type Place = 'retries' | 'failures' | 'begun' | 'failed' | 'resolved'
/** In the order of the list. */
const places: Record<Place, { status: FailureStatus, zset: string, hash: string, newestFirst: boolean }> = {
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
  senders: readonly string[],
  filter: FailureFilter
): Promise<{ failures: Failure[]; nextCursor: string | null }> {
  const { store } = deps
  const from = parseCursor(filter.cursor)
  const names = (Object.keys(places) as Place[])
    .filter(name => filter.due === true ? places[name].status === 'PENDING' : filter.status === undefined || places[name].status === filter.status)
  const matches = matcher(filter)
  const found: Found[] = []
  const nowMs = await redisNowMs(store.redis, senderKey(store.prefix, senders[0] ?? '', 'failures'))
  const sinceMs = from?.sinceMs ?? nowMs
  let scanned = 0
  const page = async (after: Omit<Cursor, 'sinceMs'> | null): Promise<{ failures: Failure[]; nextCursor: string | null }> =>
    ({ failures: await describe(deps, found), nextCursor: after === null ? null : formatCursor({ ...after, sinceMs }) })
  for (const place of names.slice(from === null ? 0 : Math.max(0, names.indexOf(from.place)))) {
    const until = { retries: sinceMs - 1, failures: filter.due === true ? nowMs : Infinity, begun: Infinity, failed: Infinity, resolved: Infinity }
    const start = place === 'begun' ? { score: sinceMs, id: '' } : null
    const take = mergeSets(store, senders, places[place].zset, {
      newestFirst: places[place].newestFirst, after: from?.place === place ? from : start, until: until[place]
    })
    for (;;) {
      const entries = await take(CHUNK)
      const texts = await readRecords(store, place, entries)
      for (const [at, entry] of entries.entries()) {
        const text = texts[at] ?? null
        if (text === null || !matches(text)) continue
        found.push({ ...entry, place, text })
        if (found.length >= filter.limit) return await page({ place, score: entry.score, id: entry.id })
      }
      scanned += entries.length
      const last = entries.at(-1)
      if (last === undefined || entries.length < CHUNK) break
      if (scanned >= SCAN) return await page({ place, score: last.score, id: last.id })
    }
  }
  return await page(null)
}

interface Cursor { place: Place, score: number, id: string, sinceMs: number }
interface Found extends SetEntry { place: Place, text: string }

/** The records of entries, in their order: one command for each sender. */
async function readRecords (store: Store, place: Place, entries: readonly SetEntry[]): Promise<Array<string | null>> {
  const bySender = groupBySender(entries)
  const texts = new Map<string, string | null>()
  await inParallel([...bySender], CONCURRENCY, async ([sender, own]) => {
    const values = await store.redis.hmget(senderKey(store.prefix, sender, places[place].hash), ...own.map(({ id }) => id))
    own.forEach(({ id }, at) => texts.set(id, values[at] ?? null))
  })
  return entries.map(({ id }) => texts.get(id) ?? null)
}

/** The failures as the API returns them. One that was settled meanwhile is left out: it is listed under its new status. */
async function describe ({ store, explain }: { store: Store; explain: Explain }, found: readonly Found[]): Promise<Failure[]> {
  const failures = await inParallel(found, CONCURRENCY, async ({ sender, id, place, text, score }) => {
    const { status } = places[place]
    if (status !== 'PENDING') return [toFailure(sender, id, text, { status, settledMs: score }, explain)]
    const wait: Wait | null = place === 'failures'
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

function matcher (filter: FailureFilter): (text: string) => boolean {
  const recipient = filter.recipient === undefined ? null : canonicalName(filter.recipient)
  return text => {
    if (recipient !== null && !text.startsWith(`${recipient} `)) return false
    if (filter.idempotencyKey === undefined && filter.caller === undefined) return true
    const payload = readPayload('', text.split('\n')[1] ?? '{}')
    return (filter.caller === undefined || payload.caller === filter.caller) &&
      (filter.idempotencyKey === undefined || payload.idempotencyKey === filter.idempotencyKey)
  }
}

function formatCursor (cursor: Cursor): string {
  return Buffer.from(JSON.stringify([cursor.place, cursor.score, cursor.id, cursor.sinceMs])).toString('base64url')
}

/** Throws INVALID_REQUEST for an invalid cursor. Starting again from the first page would make a client loop for ever. */
function parseCursor (text: string | undefined): Cursor | null {
  if (text === undefined) return null
  try {
    const [place, score, id, sinceMs] = JSON.parse(Buffer.from(text, 'base64url').toString()) as [Place, number, string, number]
    if (Object.hasOwn(places, place) && Number.isFinite(score) && typeof id === 'string' && Number.isFinite(sinceMs)) {
      return { place, score, id, sinceMs }
    }
  } catch {
    // not Base64 of JSON: refused below
  }
  throw new SluiceError('INVALID_REQUEST', { detail: 'not a cursor of this list: use the nextCursor of a previous page', field: 'cursor' })
}
