import { Cluster } from 'ioredis'
import type { Client } from './client.js'

/**
 * Publishes on a channel. A cluster broadcasts what any of its servers publishes, and the client sends a command without a key to any of them,
 * a dead one included. So it is published where the key with the channel's name is.
 */
export async function publish (redis: Client, channel: string, message: string): Promise<void> {
  if (redis instanceof Cluster) await redis.eval("return redis.call('PUBLISH', KEYS[1], ARGV[1])", 1, channel, message)
  else await redis.publish(channel, message)
}
