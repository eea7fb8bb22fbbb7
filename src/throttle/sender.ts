import { createHash } from 'node:crypto'
import type { Store } from '../redis/store.js'
import type { CircuitState, SenderState } from '../sender-facts.js'
import { noRules } from './inspect.js'
import { senderQuota } from './quota.js'

/** The rules of a sender, in the units of the settings. */
export interface Rules {
  /** Minimum time between two messages of a pair, ms. */
  pairIntervalMs: number
  pairBurst: number
  /** Maximum messages of the sender in any second. */
  perSecond: number
  /** Maximum requests in flight, over all nodes. */
  maxInFlight: number
}

/**
 * Writes a sender's rules to Redis, so that all nodes apply the same ones. Writes nothing if the settings equal those that a start wrote last:
 * an operator's change stays until the settings change. Returns the version of the rules; it rises with each write.
 */
export async function writeRules (store: Store, sender: string, rules: Rules): Promise<{ written: boolean, version: number }> {
  const settings = createHash('sha256').update(JSON.stringify(rules)).digest('hex').slice(0, 16)
  const reply = await store.run('quota', { sender }, { operator: false, settings, ...toArguments(rules) })
  return { written: reply.status === 'written', version: reply.status === 'no_rules' ? 0 : reply.version }
}

/** Applies an operator's change; fields that are left out keep their value. All nodes use it from the next grant on. Returns the new version. */
export async function changeRules (store: Store, sender: string, change: Partial<Rules>): Promise<number> {
  const reply = await store.run('quota', { sender }, { operator: true, settings: '', ...toArguments(change) })
  if (reply.status === 'no_rules') throw noRules()
  // Only here: the same script writes the rules of a start, which must not depend on replicas.
  await store.confirmReplicas(sender)
  return reply.version
}

/** Removes the TAT of one pair, an operator's exemption: its next message may be sent at once. Returns whether there was a TAT. */
export async function clearRateLimit (store: Store, sender: string, recipient: string): Promise<boolean> {
  return (await store.run('clear', { sender }, { recipient })).had
}

function toArguments (
  rules: Partial<Rules>
): Record<'pairIntervalUs' | 'pairBurst' | 'senderIntervalUs' | 'senderBurst' | 'maxInFlight' | 'perSecond', string | number> {
  const quota = rules.perSecond === undefined ? undefined : senderQuota(rules.perSecond)
  return {
    pairIntervalUs: rules.pairIntervalMs === undefined ? '' : rules.pairIntervalMs * 1000,
    pairBurst: rules.pairBurst ?? '',
    senderIntervalUs: quota?.intervalUs ?? '',
    senderBurst: quota?.burst ?? '',
    maxInFlight: rules.maxInFlight ?? '',
    perSecond: rules.perSecond ?? ''
  }
}

/** Pauses a sender for `forMs`, or without an end. Messages stay queued; requests in flight complete. Returns the state before. */
export async function pauseSender (store: Store, sender: string, by: string, forMs?: number): Promise<SenderState> {
  const { before } = await store.run('pause', { sender }, { state: 'paused', forMs: forMs ?? '', reason: by })
  store.recoverySchedule.markDue(sender)
  return before
}

/** Stops a sender as WhatsApp says: nothing is sent until then, ms since the epoch, or for an hour. Then probes show whether it works again. */
export async function stopSender (store: Store, sender: string, reason: string, untilMs?: number): Promise<void> {
  const forMs = untilMs === undefined ? '' : Math.max(1, Math.ceil(untilMs - store.nowMs(sender)))
  await store.run('pause', { sender }, { state: 'stopped', forMs, reason })
}

/** The state of a sender and of its circuit before a change, and whether its lane `bulk` was held. */
export interface StateBefore { before: SenderState, circuit: CircuitState, hadHold?: boolean }

/** Lets the next probe of a stopped sender or an open circuit go now. Any other sender stays as it is. */
export async function trySender (store: Store, sender: string): Promise<StateBefore> {
  return await store.run('pause', { sender }, { state: 'probe', forMs: '', reason: '' })
}

/** Makes a paused or stopped sender active, closes its circuit, and ends the hold of its lane `bulk`. */
export async function resumeSender (store: Store, sender: string): Promise<StateBefore> {
  return await store.run('pause', { sender }, { state: 'active', forMs: '', reason: '' })
}
