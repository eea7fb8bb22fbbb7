import type { Store } from '../redis/store.js'

export interface Changed { before: 'active' | 'paused' | 'stopped', wakeHint: '' | 'call' | 'wake' | 'later' }

/** Closes a sender for `forMs`, or without an end. What waits keeps its place; nothing in flight is called back. */
export async function pauseSender (store: Store, sender: string, by: string, forMs?: number): Promise<Changed> {
  const [before, wakeHint] = await store.run('pause', { sender }, { state: 'paused', forMs: forMs ?? '', reason: by })
  store.recoverySchedule.markDue(sender)
  return { before, wakeHint }
}

/** Lets a stopped sender be tried now instead of at its next time; whatever else it is, it stays. */
export async function trySender (store: Store, sender: string): Promise<Changed> {
  const [before, wakeHint] = await store.run('pause', { sender }, { state: 'try', forMs: '', reason: '' })
  return { before, wakeHint }
}

/** Opens a sender, whoever closed it. */
export async function resumeSender (store: Store, sender: string): Promise<Changed> {
  const [before, wakeHint] = await store.run('pause', { sender }, { state: 'active', forMs: '', reason: '' })
  return { before, wakeHint }
}
