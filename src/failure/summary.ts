import { setImmediate as nextTick } from 'node:timers/promises'
import { formatTime } from '../values/time.js'
import { inParallel } from '../parallel.js'
import { senderKey } from '../redis/keys.js'
import { groupBySender, mergeSets } from '../redis/merge-sets.js'
import { findReachable } from '../redis/known-senders.js'
import type { Store } from '../redis/store.js'
import { causeOf, type Reason } from './cause.js'
import type { Explain, FailureStatus } from './failure.js'
import { formatCursor, type Cursor } from './list.js'

/** Failures with one cause. Times in ISO 8601; `hours`: failures in each of the last 24 hours, the current one last. */
export interface FailureGroup {
  status: FailureStatus
  errorCode: string | null
  reason: Reason | null
  acknowledged: boolean
  count: number
  recipients: number
  firstAt: string
  lastAt: string
  nextRetryAt: string | null
  hours: number[]
  title: string | null
  explanation: string | null
  remedy: string | null
  /** Where the list of this group begins; null for the start of all. */
  cursor: string | null
}

/** `unavailable`: senders that are left out, because their server is down. */
export interface FailureSummary { groups: FailureGroup[], unavailable: string[] }

const HOURS = 24
const HOUR_MS = 3_600_000
/** Records that are read at once: some hundred kB, and less than a millisecond of Redis. */
const CHUNK = 250
const CONCURRENCY = 20

const sets = [
  { status: 'FAILED', zset: 'failed', hash: 'failure-records' },
  { status: 'PENDING', zset: 'retries', hash: 'backlog' },
  { status: 'PENDING', zset: 'failures', hash: 'backlog' }
] as const

interface Counted extends Pick<FailureGroup, 'status' | 'errorCode' | 'reason' | 'acknowledged'> {
  count: number
  recipients: Set<string>
  first: number
  last: number
  nextRetry: number
  /** Scores of its failures in the set that the list reads first; null where its list begins with those whose retry has begun. */
  start: Pick<Cursor, 'set' | 'score'> | null
  hours: number[]
}

/** Counts all PENDING and FAILED failures of several senders by cause, the largest group first. Reads each record, in small steps. */
export async function summarizeFailures (deps: { store: Store, explain: Explain }, all: readonly string[]): Promise<FailureSummary> {
  const { store, explain } = deps
  const { senders, unavailable, nowMs } = await findReachable(store, all)
  const groups = new Map<string, Counted>()
  const thisHour = Math.floor(nowMs / HOUR_MS)
  for (const { status, zset, hash } of sets) {
    const readNext = mergeSets(store, senders, zset)
    for (;;) {
      const entries = await readNext(CHUNK)
      await inParallel([...groupBySender(entries)], CONCURRENCY, async ([sender, own]) => {
        const texts = await store.redis.hmget(senderKey(store.prefix, sender, hash), ...own.map(({ id }) => id))
        texts.forEach((text, i) => { if (text !== null) add(status, text, { zset, score: own[i]?.score ?? 0 }) })
      })
      if (entries.length < CHUNK) break
      // Requests of others come in between.
      await nextTick()
    }
  }
  return { groups: [...groups.values()].sort((one, other) => other.count - one.count).map(describe), unavailable }

  function add (status: FailureStatus, text: string, { zset, score }: { zset: typeof sets[number]['zset'], score: number }): void {
    const nextRetry = zset === 'failures' ? score : 0
    const { recipient, code, reason, isAcknowledged, at } = causeOf(text)
    const countedReason = status === 'FAILED' ? reason : null
    const key = `${status} ${code ?? ''} ${countedReason ?? ''} ${isAcknowledged}`
    let group = groups.get(key)
    if (group === undefined) {
      group = {
        status,
        errorCode: code,
        reason: countedReason,
        acknowledged: isAcknowledged,
        count: 0,
        recipients: new Set(),
        first: at,
        last: at,
        nextRetry: 0,
        // The newest FAILED one comes first, and so does the PENDING one that is retried first.
        start: zset === 'retries' ? null : { set: zset, score },
        hours: Array.from({ length: HOURS }, () => 0)
      }
      groups.set(key, group)
    }
    group.count++
    group.recipients.add(recipient)
    group.first = Math.min(group.first, at)
    group.last = Math.max(group.last, at)
    if (nextRetry > 0) group.nextRetry = group.nextRetry === 0 ? nextRetry : Math.min(group.nextRetry, nextRetry)
    if (zset === 'failed' && group.start !== null) group.start.score = Math.max(group.start.score, score)
    const hour = HOURS - 1 - (thisHour - Math.floor(at / HOUR_MS))
    if (hour >= 0 && hour < HOURS) group.hours[hour] = (group.hours[hour] ?? 0) + 1
  }

  function describe ({ recipients, first, last, nextRetry, start, ...group }: Counted): FailureGroup {
    const explained = group.errorCode === null ? null : explain(group.errorCode)
    return {
      ...group,
      recipients: recipients.size,
      firstAt: formatTime(first),
      lastAt: formatTime(last),
      nextRetryAt: nextRetry === 0 ? null : formatTime(nextRetry),
      title: explained?.title ?? null,
      explanation: explained?.explanation ?? null,
      remedy: explained?.remedy ?? null,
      // Just before the first one.
      cursor: start === null ? null : formatCursor({ set: start.set, score: start.score + (start.set === 'failed' ? 1 : -1), id: '', sinceMs: nowMs })
    }
  }
}

/** A count is returned to all who ask meanwhile, and kept for ten times as long as it took: consoles that poll cost a tenth of a node at most. */
const KEEP_FACTOR = 10
/** After that a count that takes longer is still returned for a minute, while the next one is made: no reader waits for it. */
const SLOW_MS = 200
const STALE_MS = 60_000

/** `forget`: an operator has changed the counts. */
export interface SharedSummary { read: (senders: readonly string[]) => Promise<FailureSummary>, forget: () => void }

type Count = (senders: readonly string[]) => Promise<FailureSummary>

/** `count`, shared by the requests of a node. */
export function shareSummary (count: Count): SharedSummary {
  const cached = new Map<string, Promise<FailureSummary>>()
  const due = new Set<string>()
  let generation = 0

  async function countAgain (senders: readonly string[], key: string): Promise<FailureSummary> {
    const [began, current] = [performance.now(), generation]
    const made = count(senders)
    if (!cached.has(key)) cached.set(key, made)
    const remove = (): void => { if (cached.get(key) === made) cached.delete(key) }
    made.then(() => {
      if (generation !== current) return
      cached.set(key, made)
      const tookMs = performance.now() - began
      setTimeout(() => {
        if (tookMs < SLOW_MS) return remove()
        due.add(key)
        setTimeout(remove, STALE_MS).unref()
      }, tookMs * KEEP_FACTOR).unref()
    }, remove)
    return await made
  }

  return {
    async read (senders) {
      const key = senders.join(' ')
      const known = cached.get(key)
      if (known === undefined) return await countAgain(senders, key)
      // An error of the count in the background concerns no reader of the former one.
      if (due.delete(key)) countAgain(senders, key).catch(() => {})
      return await known
    },
    forget () {
      generation++
      cached.clear()
      due.clear()
    }
  }
}
