import type { Store } from '../redis/store.js'

/** Removes the TAT of one pair, an operator's exemption: its next message may be sent at once. Returns whether there was a TAT. */
export async function clearRateLimit (store: Store, sender: string, recipient: string): Promise<boolean> {
  return (await store.run('clear', { sender }, { recipient })).had
}
