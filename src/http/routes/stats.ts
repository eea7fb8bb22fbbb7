import { Type } from '@sinclair/typebox'
import type { Store } from '../../redis/store.js'
import { inspectSenders, queueOf, sumOf } from '../../throttle/inspect.js'
import type { Api } from '../api.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { count, listOf, notCounted, ref, sandboxFlag, unavailable } from '../schemas/common.js'
import type { NamingSenders } from './senders.js'
import { FailureCountsSchema, nameSender, SenderSchema, senderSample } from './senders.js'

const counts = {
  waiting: count('Queued with an active sender, and due'),
  active: count('In flight to WhatsApp'),
  delayed: count('Queued and not due yet, scheduled, or waiting for a retry'),
  completed: count('Sent in the last 24 h'),
  failed: count('Failed permanently'),
  paused: count('Queued with a paused or stopped sender')
}

const QueueCountsSchema = Type.Object(counts, { $id: 'QueueCounts', description: 'The messages by Bull\'s job states; each is counted once' })

const QueueStatsSchema = Type.Object({
  queue: Type.Unsafe<'WHATSAPP'>({ type: 'string', const: 'WHATSAPP', description: 'Name of the queue' }), ...counts, unavailable
}, { $id: 'QueueStats', description: 'The queue by Bull\'s job states' })

const StatsSchema = Type.Object({
  throttling: Type.Object({ activeRateLimits: count('Recipients whose rate limit delays their next message') }, { description: 'The throttle' }),
  deliveryFailures: ref(FailureCountsSchema, 'Delivery failures of all senders'),
  queue: ref(QueueCountsSchema, 'The queue of all senders'),
  senders: listOf([SenderSchema], 'Each sender'),
  unavailable,
  sandbox: sandboxFlag
}, { $id: 'Stats', description: 'The counts of the whole gateway' })

const queue = { waiting: 3, active: 4, delayed: 12, completed: 5120, failed: 1, paused: 0 }
const stats = { throttling: { activeRateLimits: 9 }, deliveryFailures: senderSample.failures, queue, senders: [senderSample] }

const getStats = {
  operationId: 'getStats',
  tags: ['Counts'],
  summary: 'Returns the counts of throttling, delivery failures, the queue and each sender',
  response: { 200: json('The counts', ref(StatsSchema), { examples: { stats } }) }
}
const getQueueStats = {
  operationId: 'getQueueStats',
  tags: ['Counts'],
  summary: 'Returns the counts of the queue by Bull\'s job states',
  response: { 200: json('The counts', ref(QueueStatsSchema), { examples: { counts: { queue: 'WHATSAPP', ...queue } } }) }
}

/** The counts of the original service, and Bull's counts of the queue. */
export interface StatsDeps { store: Store, senders: NamingSenders, sandbox: boolean }

export function statsRoutes (api: Api, deps: StatsDeps): void {
  addSchemas(api, QueueCountsSchema, QueueStatsSchema, StatsSchema)

  api.get('/stats', { schema: getStats, config: { roles: ['read', 'admin'] } }, async () => {
    const { senders, unavailable } = await inspectSenders(deps.store, deps.senders.ids())
    return {
      throttling: { activeRateLimits: sumOf(senders, sender => sender.activeRateLimits) },
      deliveryFailures: {
        pending: sumOf(senders, sender => sender.failures.pending),
        resolved: sumOf(senders, sender => sender.failures.resolved),
        failed: sumOf(senders, sender => sender.failures.failed)
      },
      queue: queueOf(senders),
      senders: senders.map(sender => nameSender(deps.senders, sender)),
      ...notCounted(unavailable),
      ...(deps.sandbox ? { sandbox: true } : {})
    }
  })

  api.get('/queues/stats', { schema: getQueueStats, config: { roles: ['read', 'admin'] } }, async () => {
    const { senders, unavailable } = await inspectSenders(deps.store, deps.senders.ids())
    return { queue: 'WHATSAPP' as const, ...queueOf(senders), ...notCounted(unavailable) }
  })
}
