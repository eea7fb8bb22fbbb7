import { digestOf, publicId } from '../redis/keys.js'
import type { Payload, State } from '../message.js'
import { payloadOf } from '../settlement/inspect.js'
import { resultTail } from '../settlement/record.js'
import type { DeliveryDeps } from './deliver.js'

/** How a message ends that is not sent. `note` is kept in its history. */
export interface Ending { state: 'cancelled' | 'expired' | 'rejected' | 'closed', note: string, reason?: 'opted-out' | 'campaign', code?: string }

export const lifetimeEnded: Ending = { state: 'expired', note: 'lifetime ended' }
/** Of marketing messages. */
export const optedOut: Ending = { state: 'cancelled', note: 'recipient opted out', reason: 'opted-out' }
/** Of messages whose template is rejected. It ends them as FAILED. */
export const templateRejected: Ending = {
  state: 'rejected', note: 'its template is rejected, disabled or deleted at WhatsApp', code: 'TEMPLATE_REJECTED'
}
/** Of messages that need an open window, where it is closed. It ends them as FAILED. */
export const windowClosed: Ending = {
  state: 'closed', note: 'its recipient has not written or called in the last 24 hours', code: 'WINDOW_CLOSED'
}
/** Of messages that waited when their campaign was cancelled. */
export const campaignCancelled: Ending = { state: 'cancelled', note: 'its campaign was cancelled', reason: 'campaign' }
/** Of messages that had not started by the end of their campaign. */
export const campaignEnded: Ending = { state: 'expired', note: 'its campaign has ended' }
export const cancelledBy = (name: string): Ending => ({ state: 'cancelled', note: `by ${name}` })

/**
 * `busy`: it is in flight or its outcome is unknown. `alive`: it has not expired and its campaign not ended, its template is not
 * rejected, or its window not closed. `gone`: it is settled, or not stored.
 */
export type Closed = 'done' | 'busy' | 'alive' | 'gone'

export type CloseDeps = Pick<DeliveryDeps, 'store' | 'events' | 'wakes' | 'settlement'>

/** Endings as FAILED, and their reasons in events. */
const failures: Partial<Record<Ending['state'], string>> = { rejected: 'template-rejected', closed: 'window-closed' }

/** Closes a waiting message. */
export async function closeMessage (
  deps: CloseDeps, sender: string, id: string, { state, note, reason, code }: Ending, payload: Payload
): Promise<Closed> {
  const outcome = failures[state] === undefined ? state : 'rejected'
  const { status } = await deps.store.run('cancel', { sender, digest: digestOf(id) }, {
    id,
    reason: state,
    resultSuffix: resultTail(payload, undefined, deps.settlement.callbacksEnabled, reason),
    history: JSON.stringify({ outcome, ...(code === undefined ? {} : { code, error: note }), reason: outcome, note })
  })
  if (status === 'done') {
    const ended = failures[state] === undefined ? { state: state as State, reason } : { state: 'failed' as const, reason: failures[state] }
    const why = ended.reason === undefined ? {} : { reason: ended.reason }
    deps.events.emit('message.closed', { sender, id: publicId(sender, id), state: ended.state, ...why })
  }
  return status
}

/** Closes waiting messages one after the other; returns the number of those that are now closed. */
export async function closeAll (deps: CloseDeps, sender: string, ids: readonly string[], ending: Ending): Promise<number> {
  let closed = 0
  for (const id of ids) {
    const payload = await payloadOf(deps.store, sender, id)
    if (payload !== null && await closeMessage(deps, sender, id, ending, payload) === 'done') closed++
  }
  return closed
}
