import type { Bus } from '../events.js'
import { globalKey } from '../redis/keys.js'
import type { Store } from '../redis/store.js'

/** Whoever writes many changes calls once in this time. */
const TOGETHER_MS = 20

/**
 * Has the nodes that tell look at a sender as soon as something is in its outbox. A hint: what gets lost with it, they find on
 * their round.
 */
export function notifyDispatchers (store: Store, events: Bus): void {
  const senders = new Set<string>()
  function call (sender: string): void {
    if (senders.size === 0) setTimeout(publish, TOGETHER_MS).unref()
    senders.add(sender)
  }
  function publish (): void {
    const channel = globalKey(store.prefix, 'callback-wake')
    for (const sender of senders) store.redis.publish(channel, sender).catch(() => undefined) // the round is another chance
    senders.clear()
  }
  events.on('attempt.settled', ({ sender, verdict }) => { if (verdict === 'sent' || verdict === 'failed') call(sender) })
  events.on('attempt.stale', ({ sender, result }) => { if (result === 'sent') call(sender) })
  events.on('receipt.taken', ({ sender, result }) => { if (['sent', 'raised', 'failed'].includes(result)) call(sender) })
  events.on('message.closed', ({ sender }) => call(sender))
  events.on('webhook.relayed', ({ sender }) => call(sender))
}
