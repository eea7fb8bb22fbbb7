import type { Grant, Outcome, Provider } from '../message.js'
import type { Settled, SettlementRoom } from '../settlement/settle.js'
import { settle } from '../settlement/settle.js'
import type { Wakes } from './wake.js'

export interface DeliveryRoom extends SettlementRoom {
  provider: Provider
  wakes: Wakes
  /** Deliveries under way in this process; a closing node waits for them. */
  underway: Set<Promise<unknown>>
}

export interface Delivery { outcome: Outcome, settled: Settled }

/** One granted message's journey: sent, settled, and whoever has to look next is told. Never rejects on an outcome. */
export async function deliver (room: DeliveryRoom, grant: Grant, onStart?: () => void): Promise<Delivery> {
  const journey = travel(room, grant, onStart)
  room.underway.add(journey)
  try {
    return await journey
  } finally {
    room.underway.delete(journey)
  }
}

async function travel (room: DeliveryRoom, grant: Grant, onStart: (() => void) | undefined): Promise<Delivery> {
  const outcome = await room.provider.send(grant, onStart)
  const settled = await settle(room, grant, outcome)
  if (settled.attention !== '') await room.wakes.attend(grant.sender, settled.attention)
  return { outcome, settled }
}
