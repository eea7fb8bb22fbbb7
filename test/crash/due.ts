/** What a node does by the minute or more rarely, at once. */
import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import type { Stage } from './stage.js'
import { accountOf } from './webhooks.js'

/** The templates are due to be read, as if the last time were long ago. */
export async function readTemplatesNow ({ prefix, redisPort, sender }: Stage): Promise<void> {
  const redis = new Redis(redisPort, '127.0.0.1')
  await redis.zadd(`{${prefix}}:account-reads`, 1, accountOf(sender))
  await redis.quit()
}

/** A run of housekeeping now, rather than with the next minute. */
export async function runHousekeeping ({ prefix, redisPort }: Pick<Stage, 'prefix' | 'redisPort'>): Promise<void> {
  const queue = new Queue('WHATSAPP-housekeeping', { connection: { host: '127.0.0.1', port: redisPort }, prefix: `{${prefix}}` })
  await queue.add('housekeeping', {}, { removeOnComplete: true })
  await queue.close()
}
