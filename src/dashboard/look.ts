import type { MessageView } from '../settlement/inspect.js'
import { inspectMessage } from '../settlement/inspect.js'
import { grantedAt, withStart } from './pages.js'
import type { BullState, DashboardDeps, QueueRow } from './room.js'

/** One message, wherever it stands. Null where nothing is known, or it was cancelled: a removed job is no more. */
export async function look (deps: Pick<DashboardDeps, 'store'>, sender: string, id: string): Promise<QueueRow | null> {
  const view = await inspectMessage(deps.store, sender, { id })
  if (view === null || view.state === 'cancelled') return null
  const { recipient, lane, payload, metadata, attempts, history, position } = view
  const state = stateOf(view)
  const [startedAt = null] = state === 'active' ? await grantedAt(deps.store, sender, [recipient]) : []
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
    waitsFor: waitsFor(view, state),
    dueAt: state === 'delayed' ? view.momentMs ?? view.nowMs + (view.delayMs ?? 0) : null,
    startedAt,
    finishedAt: view.settledAt,
    position
  })
}

/** Waits whoever the pair's pace lets go: what the flow or others' turns add is no delay of its own. */
function stateOf ({ state, waitingFor, delayMs }: MessageView): BullState {
  switch (state) {
    case 'queued':
      if (waitingFor === 'pause' || waitingFor === 'sender-stopped') return 'paused'
      return waitingFor === 'sender-rate' || waitingFor === 'turn-in-queue' || delayMs === 0 ? 'waiting' : 'delayed'
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

function waitsFor ({ state }: MessageView, bull: BullState): QueueRow['waitsFor'] {
  if (bull === 'paused') return 'closed sender'
  switch (state) {
    case 'queued': return 'its turn'
    case 'scheduled': return 'schedule'
    case 'retrying': return 'retry'
    case 'unknown': return 'verdict'
    default: return null
  }
}
