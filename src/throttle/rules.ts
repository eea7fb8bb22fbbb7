import { createHash } from 'node:crypto'
import { SluiceError } from '../errors.js'
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
 * Writes a sender's rules where the scripts read them, so that two nodes never apply different ones. Writes only what
 * differs from the settings last written by a start; an operator's change stands until then.
 */
export async function writeRules (store: Store, sender: string, rules: Rules): Promise<{ written: boolean, version: number }> {
  const settings = createHash('sha256').update(JSON.stringify(rules)).digest('hex').slice(0, 16)
  const reply = await store.run('quota', { sender }, { operator: false, settings, ...toArguments(rules) })
  return { written: reply.status === 'written', version: reply.status === 'no_rules' ? 0 : reply.version }
}

/** An operator's change; what is left out stays. It governs from the next grant, on all nodes. Returns the new version. */
export async function changeRules (store: Store, sender: string, change: Partial<Rules>): Promise<number> {
  const reply = await store.run('quota', { sender }, { operator: true, settings: '', ...toArguments(change) })
  if (reply.status === 'no_rules') throw new SluiceError('UNAVAILABLE', { detail: 'no rules are written for this sender yet', retryAfterMs: 1000 })
  return reply.version
}

function toArguments (
  rules: Partial<Rules>
): Record<'pairIntervalUs' | 'pairBurst' | 'senderIntervalUs' | 'senderBurst' | 'maxInFlight' | 'perSecond', string | number> {
  const flow = rules.perSecond === undefined ? undefined : flowQuota(rules.perSecond)
  return {
    pairIntervalUs: rules.pairIntervalMs === undefined ? '' : rules.pairIntervalMs * 1000,
    pairBurst: rules.pairBurst ?? '',
    senderIntervalUs: flow?.intervalUs ?? '',
    senderBurst: flow?.burst ?? '',
    maxInFlight: rules.maxInFlight ?? '',
    perSecond: rules.perSecond ?? ''
  }
}
