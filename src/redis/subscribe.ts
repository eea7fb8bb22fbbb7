import type { Client } from './client.js'

/** Interval at which the client subscribes again, in case the subscription was refused or lost. */
const RESUBSCRIBE_MS = 2000

/**
 * Subscribes to a channel on a client of its own. Returns a function that unsubscribes. It subscribes again whenever the connection is made,
 * and at intervals. ioredis' own `autoResubscribe` would leave a refusal as an unhandled rejection, and the subscription lost.
 */
export async function subscribe (client: Client, channel: string, onMessage: (message: string) => void): Promise<() => void> {
  const refused = (): void => {} // tried again after RESUBSCRIBE_MS; a missed message delays a drain run by half a second
  const resubscribe = (): void => { client.subscribe(channel).catch(refused) }
  client.on('message', (_: string, message: string) => onMessage(message))
  client.on('ready', resubscribe)
  const timer = setInterval(() => { if (client.status === 'ready') resubscribe() }, RESUBSCRIBE_MS)
  timer.unref()
  await client.subscribe(channel).catch(refused)
  return () => {
    clearInterval(timer)
    client.disconnect()
  }
}
