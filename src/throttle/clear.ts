import type { Bus } from '../events.js'
import type { Store } from '../redis/store.js'

/** Forgets one pair's pace: an operator's exemption from the rule, told as an event. What waits for it may go at once. */
export async function clearRateLimit (room: { store: Store, events: Bus }, sender: string, recipient: string, by: string): Promise<{ had: boolean, attention: '' | 'call' | 'wake' }> {
  const [, had, attention] = await room.store.run('clear', { sender }, { recipient })
  room.events.emit('rate-limit.cleared', { sender, recipient, by })
  return { had: had === 1, attention }
}
