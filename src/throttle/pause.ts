import type { SenderState } from '../sender-facts.js'
import type { Store } from '../redis/store.js'

/** Pauses a sender for `forMs`, or without an end. Messages stay queued; requests in flight complete. Returns the state before. */
export async function pauseSender (store: Store, sender: string, by: string, forMs?: number): Promise<SenderState> {
  const { before } = await store.run('pause', { sender }, { state: 'paused', forMs: forMs ?? '', reason: by })
  store.recoverySchedule.markDue(sender)
  return before
}

/** Probes a stopped sender now instead of at its next time; any other sender stays as it is. Returns the state before. */
export async function trySender (store: Store, sender: string): Promise<SenderState> {
  return (await store.run('pause', { sender }, { state: 'probe', forMs: '', reason: '' })).before
}

/** Makes a paused or stopped sender active. Returns the state before. */
export async function resumeSender (store: Store, sender: string): Promise<SenderState> {
  return (await store.run('pause', { sender }, { state: 'active', forMs: '', reason: '' })).before
}
