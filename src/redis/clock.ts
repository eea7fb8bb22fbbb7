import type { Client } from './client.js'

/** Milliseconds since the epoch by Redis's clock, the one clock that all nodes share. */
export async function redisNowMs (redis: Client): Promise<number> {
  const [seconds, micros] = await redis.time()
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000)
}
