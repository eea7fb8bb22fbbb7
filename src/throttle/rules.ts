import { createHash } from 'node:crypto'
import type { Store } from '../redis/store.js'

/** The rules of a sender as people say them. */
export interface Rules {
  /** Least time between two messages of a pair, ms. */
  pairIntervalMs: number
  pairBurst: number
  /** Most messages of the sender in any second. */
  perSecond: number
  /** Sends under way at once, over all nodes. */
  maxInFlight: number
}

/**
 * The flow's bucket for a rate: a small burst, and an interval so that no sliding second holds more than the rate: the
 * burst and what its interval lets through in one second together stay within it.
 */
export function flowQuota (perSecond: number): { intervalUs: number, burst: number } {
  const burst = Math.max(1, Math.floor(perSecond / 40))
  return { burst, intervalUs: Math.ceil(1_000_000 / (perSecond - burst + 1)) }
}

/**
 * Writes a sender's rules where the scripts read them, so that two nodes never apply different ones. A start writes only
 * what differs from the settings last written by a start; an operator's change stands until then.
 */
export async function writeRules (store: Store, sender: string, rules: Rules, by: 'start' | 'operator'): Promise<{ written: boolean, version: number }> {
  const flow = flowQuota(rules.perSecond)
  const settings = createHash('sha256').update(JSON.stringify(rules)).digest('hex').slice(0, 16)
  const [status, version] = await store.run('quota', { sender }, {
    operator: by === 'operator',
    settings: by === 'operator' ? '' : settings,
    pairIntervalUs: rules.pairIntervalMs * 1000,
    pairBurst: rules.pairBurst,
    flowIntervalUs: flow.intervalUs,
    flowBurst: flow.burst,
    maxInFlight: rules.maxInFlight,
    perSecond: rules.perSecond
  })
  return { written: status === 'written', version }
}
