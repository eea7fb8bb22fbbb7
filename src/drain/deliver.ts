import type { Grant, Outcome, Provider } from '../message.js'
import type { SettleResult, SettlementDeps } from '../settlement/settle.js'
import { settle } from '../settlement/settle.js'
import type { Wakes } from './wake.js'

export interface DeliveryDeps extends SettlementDeps {
  provider: Provider
  wakes: Wakes
  /** A grant that has not started this long after it was requested is given back, ms. */
  startWithinMs: number
  /** Deliveries under way in this process; a closing node waits for them. */
  underway: Set<Promise<unknown>>
}

export interface Delivery { outcome: Outcome, settled: SettleResult }

/** One granted message's journey: sent, settled, and whoever has to look next is told. Never rejects on an outcome. */
export async function deliver (deps: DeliveryDeps, grant: Grant, onStart?: () => void): Promise<Delivery> {
  const journey = travel(deps, grant, onStart)
  deps.underway.add(journey)
  try {
    return await journey
  } finally {
    deps.underway.delete(journey)
  }
}

async function travel (deps: DeliveryDeps, grant: Grant, onStart: (() => void) | undefined): Promise<Delivery> {
  const outcome = await deps.provider.send(grant, onStart)
  const settled = await settle(deps, grant, outcome)
  return { outcome, settled }
}
