import type { Client } from './client.js'

/**
 * Milliseconds since the epoch by Redis's clock, the one clock that all nodes share. It asks the server that has `key`: in a cluster the
 * client sends a command without a key to any server, and that one may be down while the key's server answers.
 */
export async function redisNowMs (redis: Client, key: string): Promise<number> {
  const [seconds, micros] = await redis.eval("return redis.call('TIME')", 1, key) as [string, string]
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000)
}
