import { digestOf, publicId } from '../redis/keys.js'
import type { Payload } from '../message.js'
import { resultTail } from '../settlement/record.js'
import type { DeliveryDeps } from './deliver.js'

export type Cancelled = 'done' | 'busy' | 'alive' | 'gone'

/**
 * Closes a waiting message: `cancelled`, or `expired` once its life is over. `by` is kept in the history. Returns `busy` if the message is in
 * flight or its outcome is unknown, `alive` if it has not expired, `gone` if it is settled or unknown.
 */
export async function cancel (
  deps: Pick<DeliveryDeps, 'store' | 'events' | 'wakes' | 'settlement'>,
  sender: string,
  id: string,
  reason: 'cancelled' | 'expired',
  by: string,
  payload: Payload,
  cancelReason?: 'opted-out'
): Promise<Cancelled> {
  const reply = await deps.store.run(
    'cancel',
    { sender, digest: digestOf(id) },
    {
      id,
      reason,
      resultSuffix: resultTail(payload, undefined, deps.settlement.callbacksEnabled, cancelReason),
      history: JSON.stringify({ outcome: reason, reason, note: `by ${by}` })
    }
  )
  if (reply.status === 'done') {
    deps.events.emit('message.closed', {
      sender, id: publicId(sender, id), state: reason, ...(cancelReason === undefined ? {} : { reason: cancelReason })
    })
  }
  return reply.status
}

/** Closes messages whose life is over; returns their number. */
export async function expire (
  deps: Pick<DeliveryDeps, 'store' | 'events' | 'wakes' | 'settlement'>,
  sender: string,
  ids: string[],
  payloadOf: (id: string) => Promise<Payload | null>
): Promise<number> {
  let closed = 0
  for (const id of ids) {
    const payload = await payloadOf(id)
    if (payload !== null && await cancel(deps, sender, id, 'expired', 'the clock', payload) === 'done') closed++
  }
  return closed
}

/** Closes marketing messages whose recipient has opted out; returns their number. */
export async function dropUnwanted (
  deps: Pick<DeliveryDeps, 'store' | 'events' | 'wakes' | 'settlement'>,
  sender: string,
  ids: string[],
  payloadOf: (id: string) => Promise<Payload | null>
): Promise<number> {
  let closed = 0
  for (const id of ids) {
    const payload = await payloadOf(id)
    if (payload !== null && await cancel(deps, sender, id, 'cancelled', 'its recipient', payload, 'opted-out') === 'done') closed++
  }
  return closed
}
