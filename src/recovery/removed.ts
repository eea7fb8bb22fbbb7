import type { Bus } from '../events.js'
import { delistSender, knownSenders } from '../redis/known-senders.js'
import type { Store } from '../redis/store.js'

export interface RemovedDeps {
  store: Store
  events: Bus
  /** Ids of the senders that this node serves. */
  senders: { ids: () => readonly string[] }
  housekeeping: { forgetMs: number }
}

/** The senders that housekeeping is for: all that have data in Redis, whether a node serves them or not. */
export async function sendersToKeep ({ store, senders }: Pick<RemovedDeps, 'store' | 'senders'>): Promise<string[]> {
  return [...new Set([...senders.ids(), ...await knownSenders(store)])]
}

/**
 * Removes the last keys of a sender once no node has served it for `forgetMs` and nothing of its messages is left. A crash in between is
 * repaired by the next run: the sender stays listed until its keys are gone.
 */
export async function forgetIfRemoved ({ store, events, senders, housekeeping }: RemovedDeps, sender: string): Promise<boolean> {
  if (senders.ids().includes(sender)) return false
  const { status } = await store.run('forget', { sender }, { afterMs: housekeeping.forgetMs })
  if (status === 'kept') return false
  await delistSender(store, sender)
  events.emit('sender.forgotten', { sender })
  return true
}
