import type { Store } from '../redis/store.js'

/** Forgets one pair's pace: an operator's exemption from the rule. What waits for it may go at once. */
export async function clearRateLimit (store: Store, sender: string, recipient: string): Promise<{ had: boolean, wakeHint: '' | 'call' | 'wake' | 'later' }> {
  const [, had, wakeHint] = await store.run('clear', { sender }, { recipient })
  return { had: had === 1, wakeHint }
}
