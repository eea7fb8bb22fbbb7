import { digestOf, publicId } from '../redis/keys.js'
import type { Payload } from '../message.js'
import { resultTail } from '../settlement/record.js'
import type { DeliveryDeps } from './deliver.js'

export type Cancelled = 'done' | 'busy' | 'alive' | 'gone'

/** Takes a message that waits out for good: `cancelled` by somebody, or `expired` once its life is over. */
export async function cancel (
  deps: Pick<DeliveryDeps, 'store' | 'events' | 'wakes' | 'settlement'>,
  sender: string,
  id: string,
  reason: 'cancelled' | 'expired',
  by: string,
  payload: Payload,
  why?: 'opted-out'
): Promise<Cancelled> {
  const reply = await deps.store.run(
    'cancel',
    { sender, digest: digestOf(id) },
    {
      id,
      reason,
      resultSuffix: resultTail(payload, undefined, deps.settlement.callbacksEnabled, why),
      history: JSON.stringify({ outcome: reason, reason, note: `by ${by}` })
    }
  )
  if (reply.status === 'done') {
    deps.events.emit('message.closed', { sender, id: publicId(sender, id), state: reason, ...(why === undefined ? {} : { reason: why }) })
  }
  return reply.status
}

/** Drops messages whose life is over; returns how many. */
export async function expire (
  deps: Pick<DeliveryDeps, 'store' | 'events' | 'wakes' | 'settlement'>,
  sender: string,
  ids: string[],
  payloadOf: (id: string) => Promise<Payload | null>
): Promise<number> {
  let dropped = 0
  for (const id of ids) {
    const payload = await payloadOf(id)
    if (payload !== null && await cancel(deps, sender, id, 'expired', 'the clock', payload) === 'done') dropped++
  }
  return dropped
}

/** Drops marketing whose recipient wants none; returns how many. */
export async function dropUnwanted (
  deps: Pick<DeliveryDeps, 'store' | 'events' | 'wakes' | 'settlement'>,
  sender: string,
  ids: string[],
  payloadOf: (id: string) => Promise<Payload | null>
): Promise<number> {
  let dropped = 0
  for (const id of ids) {
    const payload = await payloadOf(id)
    if (payload !== null && await cancel(deps, sender, id, 'cancelled', 'its recipient', payload, 'opted-out') === 'done') dropped++
  }
  return dropped
}
