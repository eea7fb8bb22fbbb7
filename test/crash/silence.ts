/** WhatsApp accepts messages and reports no status of them, in the matrix: as if that had begun minutes ago, since a check judges minutes. */
import { Redis } from 'ioredis'
import { until } from '../support/until.js'
import type { Stage } from './stage.js'

export const HOLD = { BULK_HOLD_MS: '3600000' }
const MINUTE = 60_000
const COUNT = 60

/** 60 messages were accepted some minutes ago and have no status, while all had one before. */
export async function fallSilent (stage: Stage): Promise<void> {
  await write(stage, async (redis, key) => {
    const [first, last] = [Date.now() - 9 * MINUTE, Date.now() - 2.5 * MINUTE]
    await redis.zadd(key('unconfirmed'), ...namesOf(stage).flatMap(id => [Date.now() + 10 * MINUTE, id]))
    await redis.zadd(key('completed'), COUNT, Math.floor(last / (10 * MINUTE)))
    await redis.hset(key('sender'), { statuses: `${first}:0 ${last}:${COUNT}`, statusesSeen: first })
  })
}

/** The statuses of all of these come. */
export async function report (stage: Stage): Promise<void> {
  await write(stage, async (redis, key) => await redis.zrem(key('unconfirmed'), ...namesOf(stage)))
}

/** Waits until a node has found it. */
export async function untilHeld ({ caller, sender }: Stage): Promise<void> {
  await until('the lane is held', async () => {
    const senders = await caller.persist('GET', '/senders', undefined, status => status === 200)
    return senders?.['senders'].find(({ id }: { id: string }) => id === sender)?.bulk.state === 'held'
  }, 60_000)
}

function namesOf ({ round }: Stage): string[] {
  return Array.from({ length: COUNT }, (_, n) => `${`${round}x${n}`.padStart(22, 'A')}.19000000000`)
}

/** The sender is due to be checked, too. */
async function write ({ prefix, redisPort, sender }: Stage, work: (redis: Redis, key: (name: string) => string) => Promise<unknown>): Promise<void> {
  const redis = new Redis(redisPort, '127.0.0.1')
  await work(redis, name => `{${prefix}:${sender}}:${name}`)
  await redis.zadd(`{${prefix}}:recovery-schedule`, 0, sender)
  await redis.quit()
}
