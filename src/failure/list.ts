import { SluiceError } from '../errors.js'
import { redisNowMs } from '../redis/clock.js'
import { senderKey } from '../redis/keys.js'
import { readPayload } from '../redis/payload.js'
import type { Store } from '../redis/store.js'
import { canonicalName } from '../recipient.js'
import type { Explain, Failure, FailureStatus } from './failure.js'
import { toFailure } from './failure.js'

export interface FailureFilter {
  status?: FailureStatus
  /** Only PENDING ones whose retry is due. */
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

const places: Record<FailureStatus, { zset: string, hash: string, newestFirst: boolean }> = {
  PENDING: { zset: 'failures', hash: 'backlog', newestFirst: false },
  FAILED: { zset: 'failed', hash: 'failure-records', newestFirst: true },
  RESOLVED: { zset: 'resolved', hash: 'failure-records', newestFirst: true }
}
const order: FailureStatus[] = ['PENDING', 'FAILED', 'RESOLVED']

/**
 * A page of failures: PENDING by next retry, then FAILED and RESOLVED, newest first. `nextCursor` is null at the end; a page may hold fewer than
 * `limit` before. Throws INVALID_REQUEST for an invalid cursor.
 */
export async function listFailures (
  deps: { store: Store; explain: Explain },
  sender: string,
  filter: FailureFilter
): Promise<{ failures: Failure[]; nextCursor: string | null }> {
  const statuses = filter.due === true ? ['PENDING' as const] : filter.status === undefined ? order : [filter.status]
  const from = parseCursor(filter.cursor)
  const matches = matcher(filter)
  const failures: Failure[] = []
  let scanned = 0
  for (const status of statuses.slice(from === null ? 0 : Math.max(0, statuses.indexOf(from.status)))) {
    let after = from !== null && from.status === status ? from : null
    for (;;) {
      const page = await read(deps.store, sender, status, after, filter.due === true)
      for (const entry of page) {
        after = { status, score: entry.score, id: entry.id }
        scanned++
        if (entry.text === null || !matches(entry)) continue
        failures.push(toFailure(sender, entry.id, entry.text, status, entry.score, deps.explain))
        if (failures.length >= filter.limit) return { failures, nextCursor: formatCursor(after) }
      }
      if (page.length < CHUNK) break
      if (scanned >= SCAN && after !== null) return { failures, nextCursor: formatCursor(after) }
    }
  }
  return { failures, nextCursor: null }
}

interface Cursor { status: FailureStatus, score: number, id: string }
interface Entry { id: string, score: number, text: string | null }

async function read (store: Store, sender: string, status: FailureStatus, after: Cursor | null, due: boolean): Promise<Entry[]> {
  const { zset, hash, newestFirst } = places[status]
  const key = senderKey(store.prefix, sender, zset)
  const start = after === null ? 0 : await rankAfter(store, key, after, newestFirst)
  const flat = newestFirst
    ? await store.redis.zrevrange(key, start, start + CHUNK - 1, 'WITHSCORES')
    : await store.redis.zrange(key, start, start + CHUNK - 1, 'WITHSCORES')
  const entries: Entry[] = []
  for (let i = 0; i < flat.length; i += 2) entries.push({ id: flat[i] ?? '', score: Number(flat[i + 1]), text: null })
  const untilMs = due ? await redisNowMs(store.redis, key) : Infinity
  const wanted = entries.filter(entry => entry.score <= untilMs)
  if (wanted.length === 0) return []
  const texts = await store.redis.hmget(senderKey(store.prefix, sender, hash), ...wanted.map(entry => entry.id))
  return wanted.map((entry, i) => ({ ...entry, text: texts[i] ?? null }))
}

/** The rank after the cursor's entry, even if that entry has been removed or moved since. */
async function rankAfter (store: Store, key: string, after: Cursor, newestFirst: boolean): Promise<number> {
  const [rank, score] = await Promise.all([
    newestFirst ? store.redis.zrevrank(key, after.id) : store.redis.zrank(key, after.id),
    store.redis.zscore(key, after.id)
  ])
  if (rank !== null && Number(score) === after.score) return rank + 1
  return newestFirst
    ? await store.redis.zcount(key, `(${after.score}`, '+inf')
    : await store.redis.zcount(key, '-inf', `(${after.score}`)
}

function matcher (filter: FailureFilter): (entry: Entry) => boolean {
  const recipient = filter.recipient === undefined ? null : canonicalName(filter.recipient)
  return ({ text }) => {
    if (text === null) return false
    if (recipient !== null && !text.startsWith(`${recipient} `)) return false
    if (filter.idempotencyKey === undefined && filter.caller === undefined) return true
    const payload = readPayload('', text.split('\n')[1] ?? '{}')
    return (filter.caller === undefined || payload.caller === filter.caller) &&
      (filter.idempotencyKey === undefined || payload.idempotencyKey === filter.idempotencyKey)
  }
}

function formatCursor (cursor: Cursor): string {
  return Buffer.from(JSON.stringify([cursor.status, cursor.score, cursor.id])).toString('base64url')
}

/** Throws INVALID_REQUEST for an invalid cursor. Starting again from the first page would make a client loop for ever. */
function parseCursor (text: string | undefined): Cursor | null {
  if (text === undefined) return null
  try {
    const [status, score, id] = JSON.parse(Buffer.from(text, 'base64url').toString()) as [FailureStatus, number, string]
    if (Object.hasOwn(places, status) && Number.isFinite(score) && typeof id === 'string') return { status, score, id }
  } catch {
    // not Base64 of JSON: refused below
  }
  throw new SluiceError('INVALID_REQUEST', { detail: 'not a cursor of this list: use the nextCursor of a previous page', field: 'cursor' })
}
