import type { MessageView } from '../settlement/inspect.js'
import { inspectMessage } from '../settlement/inspect.js'
import { grantedAt, withStart } from './pages.js'
import type { BullState, DashboardRoom, Shown } from './room.js'

/** One message, wherever it stands. Null where nothing is known, or it was cancelled: a removed job is no more. */
export async function look (room: Pick<DashboardRoom, 'store'>, sender: string, id: string): Promise<Shown | null> {
  const view = await inspectMessage(room.store, sender, { id })
  if (view === null || view.state === 'cancelled') return null
  const { recipient, lane, payload, metadata, attempts, story, position } = view
  const state = stateOf(view)
  const [startedAt = null] = state === 'active' ? await grantedAt(room.store, sender, [recipient]) : []
  return withStart({
    sender,
    id: view.id,
    state,
    recipient,
    lane,
    payload,
    metadata,
    attempts,
    story,
    waitsFor: waitsFor(view, state),
    dueAt: state === 'delayed' ? view.momentMs ?? view.nowMs + (view.delayMs ?? 0) : null,
    startedAt,
    finishedAt: view.settledAt,
    position
  })
}

/** Waits whoever the pair's pace lets go: what the flow or others' turns add is no delay of its own. */
function stateOf ({ state, boundBy, delayMs }: MessageView): BullState {
  switch (state) {
    case 'queued':
      if (boundBy === 'pause' || boundBy === 'stop') return 'paused'
      return boundBy === 'flow' || boundBy === 'line' || delayMs === 0 ? 'waiting' : 'delayed'
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

function waitsFor ({ state }: MessageView, bull: BullState): Shown['waitsFor'] {
  if (bull === 'paused') return 'closed sender'
  switch (state) {
    case 'queued': return 'its turn'
    case 'scheduled': return 'schedule'
    case 'retrying': return 'retry'
    case 'unknown': return 'verdict'
    default: return null
  }
}
