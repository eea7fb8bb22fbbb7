/** Faults of minutes and days, in seconds: what Redis holds of the time before is made older. */
import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import type { Random } from '../property/random.js'
import { pass } from '../support/until.js'
import { monotonicNow, type BulkHeld, type Fact } from './history.js'

export interface Past {
  redisPort: number
  prefix: string
  senders: string[]
  /** The sender with a daily limit. */
  daily: string
  record: (fact: Fact) => void
}

const MINUTE = 60_000
const SPAN_MS = 10 * MINUTE
/** For how long the record of a sent message waits for a status: lua/settle.lua. */
const KEPT_MS = 15 * MINUTE
const COUNT = 60
const WITHIN_MS = 30_000
const DAY_MS = 87_000_000

/** Unless a grant is out: the request that it permits would arrive on the next day. */
const NEXT_DAY = `
if redis.call('HLEN', KEYS[2]) > 0 then return 0 end
for _, person in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('ZINCRBY', KEYS[1], -ARGV[1], person) end
return 1`

async function withRedis<Result> (port: number, work: (redis: Redis) => Promise<Result>): Promise<Result> {
  const redis = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: 20 })
  // Each command rejects with it.
  redis.on('error', () => undefined)
  try {
    return await work(redis)
  } finally {
    redis.disconnect()
  }
}

/** WhatsApp has accepted messages some minutes ago, and reported no status of them; after a while it reports all. */
export async function hideStatuses ({ redisPort, prefix, senders, record }: Past, random: Random): Promise<boolean> {
  const sender = random.pick(senders)
  const key = (name: string): string => `{${prefix}:${sender}}:${name}`
  const held: BulkHeld = { fact: 'bulk-held', sender, from: monotonicNow(), at: Infinity, until: Infinity, to: Infinity }
  record(held)
  return await withRedis(redisPort, async redis => {
    const now = Date.now()
    // Both moments are in one span, since only then nothing else counts between them.
    const isOver = Math.floor((now - 3.5 * MINUTE) / SPAN_MS) < Math.floor((now - 2.5 * MINUTE) / SPAN_MS)
    const last = now - (isOver ? 4.5 : 2.5) * MINUTE
    const names = Array.from({ length: COUNT }, (_, n) => `${`${now % 1e9}x${n}`.padStart(22, 'A')}.19000000000`)
    const find = async (isHeld: boolean): Promise<boolean> => {
      for (const end = performance.now() + WITHIN_MS; performance.now() < end; await pass(100)) {
        if ((await redis.hexists(key('sender'), 'bulkHold') === 1) === isHeld) return true
        // The sender is due to be checked.
        await redis.zadd(`{${prefix}}:recovery-schedule`, 'XX', 0, sender)
      }
      return false
    }
    await redis.zadd(key('unconfirmed'), ...names.flatMap(id => [last + KEPT_MS, id]))
    await redis.hset(key('sender'), { statuses: `${last - MINUTE}:0 ${last}:${COUNT}`, statusesSeen: last })
    const isHeld = await find(true)
    if (isHeld) {
      held.at = monotonicNow()
      await pass(random.int(11_000, 25_000))
    }
    held.until = monotonicNow()
    await redis.zrem(key('unconfirmed'), ...names)
    if (await find(false)) held.to = monotonicNow()
    return isHeld
  })
}

/** A day passes for the people who are counted; then housekeeping returns what waits. */
export async function passDay ({ redisPort, prefix, daily, record }: Past): Promise<boolean> {
  const key = (name: string): string => `{${prefix}:${daily}}:${name}`
  return await withRedis(redisPort, async redis => {
    // Otherwise the first command waits for the connection.
    await redis.ping()
    for (const end = performance.now() + WITHIN_MS; performance.now() < end; await pass(50)) {
      const from = monotonicNow()
      if (await redis.eval(NEXT_DAY, 2, key('daily'), key('grants'), DAY_MS) !== 1) continue
      record({ fact: 'day-passed', from, at: monotonicNow(), sender: daily })
      const queue = new Queue('WHATSAPP-housekeeping', { connection: { host: '127.0.0.1', port: redisPort }, prefix: `{${prefix}}` })
      queue.on('error', () => undefined)
      await queue.add('housekeeping', {}, { removeOnComplete: true })
      await queue.close()
      return true
    }
    return false
  })
}
