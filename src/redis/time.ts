import type { Client } from './client.js'

/** Milliseconds since the epoch by Redis's clock, by which scripts compare moments. */
export async function redisNowMs (redis: Pick<Client, 'time'>): Promise<number> {
  const [seconds, micros] = await redis.time()
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000)
}
