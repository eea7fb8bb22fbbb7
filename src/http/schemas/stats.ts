import { Type } from '@sinclair/typebox'
import { count, listOf, ref, sandboxFlag } from './common.js'
import { FailureCountsSchema, SenderSchema } from './sender.js'

const counts = {
  waiting: count('In line of an open sender, their turn come'),
  active: count('Under way to WhatsApp'),
  delayed: count('In line with a later turn, or waiting for a retry or their moment'),
  completed: count('Sent in the last 24 h'),
  failed: count('Given up'),
  paused: count('In line of a sender that is paused or stopped')
}

export const QueueCountsSchema = Type.Object(counts, { $id: 'QueueCounts', description: 'The messages in Bull\'s words; each is counted in one place' })

export const QueueStatsSchema = Type.Object({
  queue: Type.Unsafe<'WHATSAPP'>({ type: 'string', const: 'WHATSAPP', description: 'Name of the queue' }), ...counts
}, { $id: 'QueueStats', description: 'The queue in Bull\'s words' })

export const StatsSchema = Type.Object({
  throttling: Type.Object({ activeRateLimits: count('Recipients whose pace binds now') }, { description: 'The throttle' }),
  deliveryFailures: ref(FailureCountsSchema, 'Delivery failures of all senders'),
  queue: ref(QueueCountsSchema, 'The queue of all senders'),
  senders: listOf(SenderSchema, 'Each sender'),
  sandbox: sandboxFlag
}, { $id: 'Stats', description: 'The counts of the whole gateway' })
