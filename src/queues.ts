import { Queue } from 'bullmq'
import type { Bus } from './events.js'
import type { Client } from './redis/client.js'
import { queuePrefix } from './redis/keys.js'

/** BullMQ carries coarse work only: drain runs of senders, retry runs, housekeeping. No job holds a message. */
export const queueNames = { drain: 'WHATSAPP-drain', retry: 'WHATSAPP-retry', housekeeping: 'WHATSAPP-housekeeping' } as const

export interface Queues { drainQueue: Queue, retryQueue: Queue, housekeepingQueue: Queue, close: () => Promise<void> }

/** The queues use the fail-fast connection: a job that cannot be added now is an error now. */
export function createQueues (redis: Client, prefix: string, events: Bus): Queues {
  const create = (name: string): Queue => {
    const queue = new Queue(name, {
      connection: redis,
      prefix: queuePrefix(prefix),
      skipVersionCheck: true,
      defaultJobOptions: { removeOnComplete: { count: 100, age: 3600 }, removeOnFail: { count: 100, age: 86_400 } }
    })
    queue.on('error', error => events.emit('redis.lost', { error: error.message }))
    return queue
  }
  const queues = { drainQueue: create(queueNames.drain), retryQueue: create(queueNames.retry), housekeepingQueue: create(queueNames.housekeeping) }
  return {
    ...queues,
    async close () {
      await Promise.all(Object.values(queues).map(async queue => await queue.close()))
    }
  }
}
