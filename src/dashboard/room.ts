import type { Queue } from 'bullmq'
import type { Explain } from '../failure/failure.js'
import type { RetryDeps } from '../failure/retry.js'
import type { Lane, Payload } from '../message.js'
import type { SenderRegistry } from '../sender-registry.js'
import type { HistoryEntry } from '../settlement/record.js'

export interface DashboardDeps extends RetryDeps {
  senders: SenderRegistry
  explain: Explain
  sandbox: boolean
  drainQueue: Queue
  retryQueue: Queue
  housekeepingQueue: Queue
}

/** States as Bull's users know them. */
export type BullState = 'waiting' | 'active' | 'delayed' | 'completed' | 'failed' | 'paused'

/** A message as the dashboard knows it, from a page or from a look at this one. Moments are ms since the epoch. */
export interface QueueRow {
  sender: string
  id: string
  state: BullState
  recipient: string
  lane: Lane | null
  /** Null once it is settled and no failure. */
  payload: Payload | null
  metadata: Record<string, unknown> | null
  attempts: number
  history: HistoryEntry[]
  /** What it waits for, in words of our own. */
  waitsFor: 'its turn' | 'retry' | 'verdict' | 'schedule' | 'closed sender' | null
  dueAt: number | null
  startedAt: number | null
  finishedAt: number | null
  /** Counted from 1 in the line of its recipient; 0 where it stands in none, or nobody counted. */
  position: number
}
