import { Cluster } from 'ioredis'
import type { Client } from './client.js'
import { isForbidden } from './unavailable.js'

/**
 * Publishes on a channel. A cluster broadcasts what any of its servers publishes, and the client sends a command without a key to any of them,
 * a dead one included. So it is published where the key with the channel's name is.
 */
export async function publish (redis: Client, channel: string, message: string): Promise<void> {
  if (redis instanceof Cluster) await redis.eval("return redis.call('PUBLISH', KEYS[1], ARGV[1])", 1, channel, message)
  else await redis.publish(channel, message)
}

/** Interval at which the client subscribes again, in case the subscription was refused or lost. */
const RESUBSCRIBE_MS = 2000

/**
 * Subscribes to a channel on a client of its own. Returns a function that unsubscribes. It subscribes again whenever the connection is made,
 * and at intervals. ioredis' own `autoResubscribe` would leave a refusal as an unhandled rejection, and the subscription lost.
 * `onForbidden` is called once if the Redis user may not use the channel: nothing else would show why messages are late.
 */
export async function subscribe (
  client: Client, channel: string, onMessage: (message: string) => void, onForbidden: (error: Error) => void
): Promise<() => void> {
  let isReported = false
  // Tried again after RESUBSCRIBE_MS; a missed message delays a drain run by half a second.
  function refused (error: Error): void {
    if (isReported || !isForbidden(error)) return
    isReported = true
    onForbidden(error)
  }
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
