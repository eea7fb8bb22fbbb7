import type { Store } from '../redis/store.js'

/** Removes one pair's TAT: an operator's exemption from the rule. What waits for it may be sent at once. Returns whether there was one. */
export async function clearRateLimit (store: Store, sender: string, recipient: string): Promise<boolean> {
  return (await store.run('clear', { sender }, { recipient })).had
}
