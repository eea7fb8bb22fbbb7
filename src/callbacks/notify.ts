import type { Bus } from '../events.js'
import { globalKey } from '../redis/keys.js'
import { publish as publishOn } from '../redis/publish.js'
import type { Store } from '../redis/store.js'
import { isForbidden } from '../redis/unavailable.js'

/** Coalescing window for notifications: a sender is published once in it, however many events it writes. */
const WINDOW_MS = 20

/** Wakes the callback dispatchers of all nodes when a sender's outbox has something new. A lost notification costs one round of theirs. */
export function notifyDispatchers (store: Store, events: Bus): void {
  const senders = new Set<string>()
  function notify (sender: string): void {
    if (senders.size === 0) setTimeout(publish, WINDOW_MS).unref()
    senders.add(sender)
  }
  let isReported = false
  /** The next round of the dispatchers finds the callback. A user that may never publish would make every one late, so it is reported once. */
  function onError (error: Error): void {
    if (isReported || !isForbidden(error)) return
    isReported = true
    events.emit('unexpected-error', { location: 'callback-wake', error })
  }
  function publish (): void {
    const channel = globalKey(store.prefix, 'callback-wake')
    for (const sender of senders) publishOn(store.redis, channel, sender).catch(onError)
    senders.clear()
  }
  events.on('attempt.settled', ({ sender, settlement }) => { if (settlement === 'sent' || settlement === 'failed') notify(sender) })
  events.on('attempt.stale', ({ sender, result }) => { if (result === 'sent') notify(sender) })
  events.on('receipt.taken', ({ sender, result }) => { if (['sent', 'raised', 'failed'].includes(result)) notify(sender) })
  events.on('message.closed', ({ sender }) => notify(sender))
  events.on('webhook.relayed', ({ sender }) => notify(sender))
}
