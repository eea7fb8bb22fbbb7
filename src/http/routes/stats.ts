import { Type } from '@sinclair/typebox'
import type { SenderView } from '../../sender-facts.js'
import { inspectSenders, queueOf } from '../../throttle/inspect.js'
import type { Api, ApiDeps } from '../api.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { count, listOf, ref, sandboxFlag } from '../schemas/common.js'
import { FailureCountsSchema, SenderSchema, senderSample } from './senders.js'

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
  queue: Type.Unsafe<'WHATSAPP'>({ type: 'string', const: 'WHATSAPP', description: 'Name of the queue' }), ...counts
}, { $id: 'QueueStats', description: 'The queue by Bull\'s job states' })

const StatsSchema = Type.Object({
  throttling: Type.Object({ activeRateLimits: count('Recipients whose rate limit delays their next message') }, { description: 'The throttle' }),
  deliveryFailures: ref(FailureCountsSchema, 'Delivery failures of all senders'),
  queue: ref(QueueCountsSchema, 'The queue of all senders'),
  senders: listOf([SenderSchema], 'Each sender'),
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
export function statsRoutes (api: Api, deps: ApiDeps): void {
  addSchemas(api, QueueCountsSchema, QueueStatsSchema, StatsSchema)

  api.get('/stats', { schema: getStats, config: { roles: ['read', 'admin'] } }, async () => {
    const senders = await inspectSenders(deps.store, deps.senders.ids())
    return {
      throttling: { activeRateLimits: sum(senders, sender => sender.activeRateLimits) },
      deliveryFailures: {
        pending: sum(senders, sender => sender.failures.pending),
        resolved: sum(senders, sender => sender.failures.resolved),
        failed: sum(senders, sender => sender.failures.failed)
      },
      queue: queueOf(senders),
      senders,
      ...(deps.sandbox ? { sandbox: true } : {})
    }
  })

  api.get('/queues/stats', { schema: getQueueStats, config: { roles: ['read', 'admin'] } }, async () =>
    ({ queue: 'WHATSAPP' as const, ...queueOf(await inspectSenders(deps.store, deps.senders.ids())) }))
}

function sum (senders: SenderView[], of: (sender: SenderView) => number): number {
  return senders.reduce((total, sender) => total + of(sender), 0)
}
