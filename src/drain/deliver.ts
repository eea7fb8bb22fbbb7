import type { Grant, Outcome, Provider } from '../message.js'
import { publicId } from '../redis/keys.js'
import type { SettleResult, SettlementDeps } from '../settlement/settle.js'
import { settle } from '../settlement/settle.js'
import type { Starting } from './starting.js'
import type { Wakes } from './wake.js'

export interface DeliveryDeps extends SettlementDeps {
  provider: Provider
  wakes: Wakes
  /** A grant that has not started this long after it was requested is given back, ms. */
  startWithinMs: number
  /** Limits the grants of this node that wait for their start. */
  starting: Starting
  /** Deliveries in flight in this process; a graceful shutdown waits for them. */
  underway: Set<Promise<unknown>>
}

export interface Delivery { outcome: Outcome, settled: SettleResult }

/**
 * Sends one granted message and settles the attempt. Never rejects on an outcome. `onStart` is called once the send has started or will not start:
 * before the settlement, which may have to wait for Redis.
 */
export async function deliver (deps: DeliveryDeps, grant: Grant, onStart?: () => void): Promise<Delivery> {
  const delivery = sendAndSettle(deps, grant, onStart)
  deps.underway.add(delivery)
  try {
    return await delivery
  } finally {
    deps.underway.delete(delivery)
  }
}

async function sendAndSettle (deps: DeliveryDeps, grant: Grant, onStart: (() => void) | undefined): Promise<Delivery> {
  const outcome = await deps.provider.send(grant, onStart)
  onStart?.()
  const settled = await settle(deps, grant, outcome)
  if (grant.isReplaced === true && outcome.status === 'sent') {
    deps.events.emit('message.replaced', { sender: grant.sender, id: publicId(grant.sender, grant.id) })
  }
  return { outcome, settled }
}
