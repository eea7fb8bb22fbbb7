import { senderKey } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import type { StoredMessage } from '../settlement/record.js'
import { parseRecord } from '../settlement/record.js'
import type { SenderView } from '../throttle/inspect.js'
import type { BullState, DashboardDeps, QueueRow } from './room.js'

/** Recipients of a sender behind whose next message a page looks; each costs Redis about 2 µs. */
const BEHIND = 1000
/** Jobs on one page at most. */
const PAGE = 200

/** A stretch of a list: how many stand in it, and how to read a window of them. May show fewer than it counts, never others. */
interface Section { count: number, read: (skip: number, take: number) => Promise<QueueRow[]> }

/**
 * A window of all that is in one state, sender by sender. A section is a sorted set in its own order and a window of it is
 * read by rank, so that a page costs the same wherever it is. What each state shows, in this order:
 *
 * - waiting: next messages whose turn is due, by turn, lane by lane; then who is due behind them, recipient by recipient
 * - delayed: retries, unknown outcomes and scheduled messages by their moment; then the line as above, by later turns
 * - paused: the line of a closed sender, lane by lane, recipient by recipient, in the order of the line
 * - active: by the end of the lease; failed: newest first
 * - completed: nothing: of a sent message only a compact result is kept, under its id, and a count
 *
 * Behind the next messages it looks for `BEHIND` recipients of a sender; who stands behind further ones is counted and not shown.
 */
export async function readPage (deps: DashboardDeps, senders: SenderView[], state: BullState, start: number, end: number): Promise<QueueRow[]> {
  const shown: QueueRow[] = []
  let skip = Math.max(0, start)
  let take = Math.min(PAGE, end - start + 1)
  for (const section of senders.flatMap(sender => sectionsOf(deps.store, sender, state))) {
    const first = Math.min(skip, section.count)
    const some = Math.min(take, section.count - first)
    skip -= first
    if (some <= 0) continue
    shown.push(...await section.read(first, some))
    take -= some
    if (take <= 0) break
  }
  return shown
}

function sectionsOf (store: Store, sender: SenderView, state: BullState): Section[] {
  const { id, queued, due, inFlight, scheduled, unknown, failures } = sender
  const open = sender.state === 'active'
  const line = (which: 'due' | 'later' | 'all', count: number): Section =>
    ({ count, read: async (skip, take) => await readLines(store, id, state, which, skip, take) })
  const set = (name: string, count: number, waitsFor: QueueRow['waitsFor']): Section =>
    ({ count, read: async (skip, take) => await readSet(store, id, { state, name, waitsFor, skip, take }) })
  switch (state) {
    case 'waiting': return open ? [line('due', due)] : []
    case 'delayed': return [
      set('failures', failures.pending, 'retry'), set('unknown', unknown, 'verdict'), set('scheduled', scheduled, 'schedule'),
      ...(open ? [line('later', queued - due)] : [])
    ]
    case 'paused': return open ? [] : [line('all', queued)]
    case 'active': return [set('inflight', inFlight, null)]
    case 'failed': return [set('failed', failures.failed, null)]
    case 'completed': return []
    default: return state satisfies never
  }
}

async function readLines (store: Store, sender: string, state: BullState, which: 'due' | 'later' | 'all', skip: number, take: number): Promise<QueueRow[]> {
  const { messages } = await store.run('inspect-queue', { sender }, { which, skip, take, limit: BEHIND })
  return messages.map(({ id, record, momentMs, position }) => ({
    ...common(sender, id, state, parseRecord(record)),
    waitsFor: which === 'all' ? 'closed sender' : 'its turn',
    dueAt: momentMs === 0 ? null : momentMs,
    position
  }))
}

interface SetWindow { state: BullState, name: string, waitsFor: QueueRow['waitsFor'], skip: number, take: number }

async function readSet (store: Store, sender: string, { state, name, waitsFor, skip, take }: SetWindow): Promise<QueueRow[]> {
  const { redis, prefix } = store
  const key = senderKey(prefix, sender, name)
  const flat = state === 'failed'
    ? await redis.zrevrange(key, skip, skip + take - 1, 'WITHSCORES')
    : await redis.zrange(key, skip, skip + take - 1, 'WITHSCORES')
  const ids = flat.filter((_, at) => at % 2 === 0)
  if (ids.length === 0) return []
  const texts = await redis.hmget(senderKey(prefix, sender, state === 'failed' ? 'failure-records' : 'backlog'), ...ids)
  const shown = ids.flatMap((id, at): QueueRow[] => {
    const text = texts[at]
    // Settled between the two reads.
    if (text === null || text === undefined) return []
    const score = Number(flat[at * 2 + 1])
    return [{
      ...common(sender, id, state, parseRecord(text)),
      waitsFor,
      dueAt: state === 'delayed' ? score : null,
      finishedAt: state === 'failed' ? score : null
    }]
  }).map(withStart)
  if (state !== 'active') return shown
  const starts = await grantedAt(store, sender, shown.map(({ recipient }) => recipient))
  return shown.map((one, at) => ({ ...one, startedAt: starts[at] ?? null }))
}

/** What is settled started with its last attempt, as far as that is told; else it took no time. */
export function withStart (shown: QueueRow): QueueRow {
  if (shown.finishedAt === null) return shown
  const last = shown.history.filter(line => line.attempt !== undefined).at(-1)
  return { ...shown, startedAt: last === undefined ? shown.finishedAt : last.at - (last.durationMs ?? 0) }
}

/** When the message now in flight to each of these recipients was granted. */
export async function grantedAt (store: Store, sender: string, recipients: string[]): Promise<Array<number | null>> {
  if (recipients.length === 0) return []
  const grants = await store.redis.hmget(senderKey(store.prefix, sender, 'grants'), ...recipients)
  return grants.map(grant => grant === null ? null : Math.floor(Number(grant.split(' ')[4]) / 1000))
}

function common (sender: string, id: string, state: BullState, kept: StoredMessage): QueueRow {
  const { recipient, lane, payload, attempts, history } = kept
  return {
    sender, id, state, recipient, lane, payload, attempts, history, metadata: payload.metadata ?? null, waitsFor: null, dueAt: null, startedAt: null, finishedAt: null, position: 0
  }
}
