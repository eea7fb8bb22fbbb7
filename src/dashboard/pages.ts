import type { Lane, Payload } from '../message.js'
import { senderKey } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import type { MessageView } from '../settlement/inspect.js'
import { inspectMessage } from '../settlement/inspect.js'
import type { StoredMessage, HistoryEntry } from '../settlement/record.js'
import { parseRecord } from '../settlement/record.js'
import type { SenderView } from '../sender-facts.js'

/** The states of a Bull job. */
export type BullState = 'waiting' | 'active' | 'delayed' | 'completed' | 'failed' | 'paused'

/** A message as the dashboard shows it. Times are ms since the epoch. */
export interface QueueRow {
  sender: string
  id: string
  state: BullState
  recipient: string
  lane: Lane | null
  /** Null once the message is settled and not FAILED. */
  payload: Payload | null
  metadata: Record<string, unknown> | null
  attempts: number
  history: HistoryEntry[]
  waitingFor: 'turn-in-queue' | 'retry' | 'outcome' | 'schedule' | 'pause' | 'sender-stopped' | null
  dueAt: number | null
  startedAt: number | null
  finishedAt: number | null
  /** Position in the queue of its recipient, from 1; 0 where it is in none, or unknown. */
  position: number
}

/** A page looks behind the next message of this many recipients of a sender at most; each costs Redis about 2 µs. */
const BEHIND = 1000
/** Jobs on one page at most. */
const PAGE = 200

/** A part of a list: its length, and how to read a window of it. A window may have fewer rows than counted, never others. */
interface Section { count: number, read: (skip: number, size: number) => Promise<QueueRow[]> }

/**
 * A window of all messages in one state, sender by sender. A section is a sorted set in its own order, and a window of it is read by rank, so
 * a page costs the same wherever it is. Each state shows, in this order:
 *
 * - waiting: next messages whose ready time has come, by ready time, lane by lane; then messages behind them that are due, recipient by recipient
 * - delayed: retries, unknown outcomes and scheduled messages by their time; then the queues as above, by later ready times
 * - paused: the queues of a sender that is not active, lane by lane, recipient by recipient, in queue order
 * - active: by the end of the lease; failed: newest first
 * - completed: nothing: of a sent message only a compact result under its id and a count are kept
 *
 * Behind the next messages it reads `BEHIND` recipients of a sender; what is queued behind further ones is counted and not shown.
 */
export async function readPage (store: Store, senders: SenderView[], state: BullState, start: number, end: number): Promise<QueueRow[]> {
  const rows: QueueRow[] = []
  let skip = Math.max(0, start)
  let size = Math.min(PAGE, end - start + 1)
  for (const section of senders.flatMap(sender => sectionsOf(store, sender, state))) {
    const first = Math.min(skip, section.count)
    const some = Math.min(size, section.count - first)
    skip -= first
    if (some <= 0) continue
    rows.push(...await section.read(first, some))
    size -= some
    if (size <= 0) break
  }
  return rows
}

function sectionsOf (store: Store, sender: SenderView, state: BullState): Section[] {
  const { id, queued, due, inFlight, scheduled, unknown, retrying, failures } = sender
  const open = sender.state === 'active'
  const queues = (which: 'due' | 'later' | 'all', count: number): Section =>
    ({ count, read: async (skip, size) => await readQueues(store, sender, { state, which, skip, size }) })
  const set = (name: string, count: number, waitingFor: QueueRow['waitingFor']): Section =>
    ({ count, read: async (skip, size) => await readSet(store, id, { state, name, waitingFor, skip, size }) })
  switch (state) {
    case 'waiting': return open ? [queues('due', due)] : []
    case 'delayed': return [
      set('failures', retrying, 'retry'), set('unknown', unknown, 'outcome'), set('scheduled', scheduled, 'schedule'),
      ...(open ? [queues('later', queued - due)] : [])
    ]
    case 'paused': return open ? [] : [queues('all', queued)]
    case 'active': return [set('inflight', inFlight, null)]
    case 'failed': return [set('failed', failures.failed, null)]
    case 'completed': return []
    default: return state satisfies never
  }
}

interface QueuesWindow { state: BullState, which: 'due' | 'later' | 'all', skip: number, size: number }

async function readQueues (store: Store, sender: SenderView, { state, which, skip, size }: QueuesWindow): Promise<QueueRow[]> {
  const { messages } = await store.run('inspect-queue', { sender: sender.id }, { which, skip, size, limit: BEHIND })
  return messages.map(({ id, record, momentMs, position }) => ({
    ...common(sender.id, id, state, parseRecord(record)),
    waitingFor: sender.state === 'active' ? 'turn-in-queue' : sender.state === 'paused' ? 'pause' : 'sender-stopped',
    dueAt: momentMs === 0 ? null : momentMs,
    position
  }))
}

interface SetWindow { state: BullState, name: string, waitingFor: QueueRow['waitingFor'], skip: number, size: number }

async function readSet (store: Store, sender: string, { state, name, waitingFor, skip, size }: SetWindow): Promise<QueueRow[]> {
  const { redis, prefix } = store
  const key = senderKey(prefix, sender, name)
  const flat = state === 'failed'
    ? await redis.zrevrange(key, skip, skip + size - 1, 'WITHSCORES')
    : await redis.zrange(key, skip, skip + size - 1, 'WITHSCORES')
  // A member of the schedule has its number before the id.
  const ids = flat.filter((_, i) => i % 2 === 0).map(member => member.slice(member.indexOf(':') + 1))
  if (ids.length === 0) return []
  const texts = await redis.hmget(senderKey(prefix, sender, state === 'failed' ? 'failure-records' : 'backlog'), ...ids)
  const rows = ids.flatMap((id, i): QueueRow[] => {
    const text = texts[i]
    // The message was settled between the two reads.
    if (text === null || text === undefined) return []
    const score = Number(flat[i * 2 + 1])
    return [{
      ...common(sender, id, state, parseRecord(text)),
      waitingFor,
      dueAt: state === 'delayed' ? score : null,
      finishedAt: state === 'failed' ? score : null
    }]
  }).map(withStart)
  if (state !== 'active') return rows
  const starts = await grantedAt(store, sender, rows.map(({ recipient }) => recipient))
  return rows.map((row, i) => ({ ...row, startedAt: starts[i] ?? null }))
}

/** One message in any state. Null where it is unknown or cancelled: Bull removes such a job. */
export async function readRow (store: Store, sender: string, id: string): Promise<QueueRow | null> {
  const view = await inspectMessage(store, sender, { id })
  if (view === null || view.state === 'cancelled') return null
  const { recipient, lane, payload, metadata, attempts, history, position } = view
  const state = stateOf(view)
  const [startedAt = null] = state === 'active' ? await grantedAt(store, sender, [recipient]) : []
  return withStart({
    sender,
    id: view.id,
    state,
    recipient,
    lane,
    payload,
    metadata,
    attempts,
    history,
    waitingFor: waitingFor(view),
    dueAt: state === 'delayed' ? view.momentMs ?? view.nowMs + (view.delayMs ?? 0) : null,
    startedAt,
    finishedAt: view.settledAt,
    position
  })
}

/** A message is waiting where its pair may send now: the sender rate and messages ahead of it do not count as its own delay. */
function stateOf ({ state, waitingFor, delayMs }: MessageView): BullState {
  switch (state) {
    case 'queued':
      if (waitingFor === 'pause' || waitingFor === 'sender-stopped') return 'paused'
      return waitingFor === 'sender-rate' || waitingFor === 'outage' || waitingFor === 'turn-in-queue' || delayMs === 0 ? 'waiting' : 'delayed'
    case 'scheduled':
    case 'retrying':
    case 'unknown': return 'delayed'
    case 'sending': return 'active'
    case 'sent':
    case 'delivered':
    case 'read': return 'completed'
    case 'failed':
    case 'cancelled':
    case 'expired': return 'failed'
    default: return state satisfies never
  }
}

function waitingFor ({ state, waitingFor }: MessageView): QueueRow['waitingFor'] {
  switch (state) {
    case 'queued': return waitingFor === 'pause' ? 'pause' : waitingFor === 'sender-stopped' ? 'sender-stopped' : 'turn-in-queue'
    case 'scheduled': return 'schedule'
    case 'retrying': return 'retry'
    case 'unknown': return 'outcome'
    default: return null
  }
}

/** A settled message started with its last attempt. Where none is recorded, start and end are the same. */
function withStart (row: QueueRow): QueueRow {
  if (row.finishedAt === null) return row
  const last = row.history.filter(entry => entry.attempt !== undefined).at(-1)
  return { ...row, startedAt: last === undefined ? row.finishedAt : last.at - (last.durationMs ?? 0) }
}

/** When the message in flight to each of these recipients was granted. */
async function grantedAt (store: Store, sender: string, recipients: string[]): Promise<Array<number | null>> {
  if (recipients.length === 0) return []
  const grants = await store.redis.hmget(senderKey(store.prefix, sender, 'grants'), ...recipients)
  return grants.map(grant => grant === null ? null : Math.floor(Number(grant.split(' ')[4]) / 1000))
}

function common (sender: string, id: string, state: BullState, stored: StoredMessage): QueueRow {
  const { recipient, lane, payload, attempts, history } = stored
  return {
    sender,
    id,
    state,
    recipient,
    lane,
    payload,
    attempts,
    history,
    metadata: payload.metadata ?? null,
    waitingFor: null,
    dueAt: null,
    startedAt: null,
    finishedAt: null,
    position: 0
  }
}
