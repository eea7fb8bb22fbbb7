/** Damage for tests of the doctor: each case breaks the data of one world, and says what has to be found and what has to become of it. */
import { writePayload } from '../../src/redis/payload.js'
import type { Arguments } from '../../src/redis/commands.js'
import type { KindName } from '../../src/doctor/kinds.js'
import { BOB, type World } from '../lua/support.js'

export const NUMBER = '100000000000001'

export interface Damage {
  name: string
  /** Breaks something; a returned id is the message that it hits. */
  inflict: (w: World) => Promise<unknown>
  finds: KindName[]
  /** What is left after --repair. */
  leaves?: KindName[]
  /** The message reaches WhatsApp once a node runs. */
  isDelivered?: true
}

const recipients = new Map<World, string>()

/** The recipient of a world's message. */
export function recipientOf (w: World): string {
  const recipient = recipients.get(w) ?? `p1415555${2000 + recipients.size}`
  recipients.set(w, recipient)
  return recipient
}

/** A message to the world's recipient, or to whom `change` says, as the gateway stores it. */
export function message (w: World, key: string, change: Partial<Arguments['admit']> = {}): Parameters<World['admit']>[0] {
  const recipient = String(change.recipient ?? recipientOf(w))
  const to = `+${recipient.slice(1)}`
  const payload = writePayload(recipient, { to, type: 'text', message: key, keySource: 'field', caller: 'app', idempotencyKey: key })
  return { key, recipient, payload, ...change }
}

export const queued = async (w: World): Promise<string> => await w.queue(message(w, 'a', { inline: false }))
/** A failure whose first attempt failed: it waits for its retry, or is queued for it. */
async function failed (w: World, place: 'waits' | 'queued again'): Promise<string> {
  const grant = await w.grant(message(w, 'a'))
  await w.settled(grant, 'retry', { afterMs: 100, history: '{"attempt":1,"outcome":"retryable"}' })
  if (place === 'queued again') await w.retry(grant.id, { force: true, inline: false })
  return grant.id
}
const queueOf = (w: World): string => w.key('queue:normal')
export const leaveQueue = async (w: World): Promise<void> => {
  await w.redis.del(queueOf(w), w.key('ready:normal'))
}
export const lost = 'AAAAAAAAAAAAAAAAAAAAAA.19000000000'

/** Damage to messages, pairs and failures. */
export const damagesOfMessages: Damage[] = [
  {
    name: 'a message in no queue',
    async inflict (w) {
      await queued(w)
      await leaveQueue(w)
    },
    finds: ['record-without-place'],
    isDelivered: true
  },
  {
    name: 'a scheduled message in no schedule',
    async inflict (w) {
      await w.schedule({ ...message(w, 'a'), scheduledFor: w.ms() + 3_600_000 })
      await w.redis.del(w.key('scheduled'))
    },
    finds: ['record-without-place'],
    leaves: ['record-without-place']
  },
  {
    name: 'a message that is queued and waits for a retry',
    inflict: async w => { await w.redis.zadd(w.key('failures'), w.ms(), await queued(w)) },
    finds: ['record-in-two-places'],
    isDelivered: true
  },
  {
    name: 'a schedule entry without its message, and one with another number',
    async inflict (w) {
      const id = await w.schedule({ ...message(w, 'a'), scheduledFor: w.ms() + 1000 })
      await w.redis.zadd(w.key('scheduled'), w.ms(), `${'9'.repeat(12)}:${id}`, w.ms(), `${'1'.padStart(12, '0')}:${lost}`)
    },
    finds: ['place-without-record'],
    isDelivered: true
  },
  {
    name: 'a queued retry that is not listed',
    async inflict (w) {
      await failed(w, 'queued again')
      await w.redis.del(w.key('retries'))
    },
    finds: ['retry-not-listed'],
    isDelivered: true
  },
  {
    name: 'listed retries of nothing, and of a failure that waits',
    inflict: async w => { await w.redis.zadd(w.key('retries'), w.ms(), await failed(w, 'waits'), w.ms(), lost) },
    finds: ['listed-without-retry'],
    isDelivered: true
  },
  {
    name: 'a message that is queued and in flight',
    async inflict (w) {
      const { id } = await w.grant(message(w, 'a', { leaseMs: 300 }))
      await w.redis.zadd(queueOf(w), 0, `${recipientOf(w)}:${'1'.padStart(12, '0')}:${id}`)
    },
    finds: ['record-in-two-places'],
    isDelivered: true
  },
  {
    name: 'a message that is sent and still queued',
    async inflict (w) {
      const id = await queued(w)
      await w.redis.set(w.key('msg', id), `s ${id.split('.')[1]} 000000000000ff ${w.ms()} 1 ${recipientOf(w)} app wamid.1`, 'PX', 60_000)
    },
    finds: ['record-in-two-places']
  },
  {
    name: 'a queue entry without its message',
    inflict: async w => { await w.redis.hdel(w.key('backlog'), await queued(w)) },
    finds: ['expiry-without-record', 'place-without-record', 'result-without-message']
  },
  {
    name: 'a failure and an unknown outcome without their messages',
    async inflict (w) {
      const id = await failed(w, 'waits')
      await w.redis.hdel(w.key('backlog'), id)
      await w.redis.zadd(w.key('unknown'), w.ms(), lost)
    },
    finds: ['expiry-without-record', 'place-without-record', 'result-without-message']
  },
  {
    name: 'a queue without ready time',
    async inflict (w) {
      await queued(w)
      await w.redis.del(w.key('ready:normal'))
    },
    finds: ['queue-without-ready'],
    isDelivered: true
  },
  {
    name: 'a ready time that never comes',
    inflict: async w => { await queued(w); await w.redis.zadd(w.key('ready:normal'), w.now + 9e15, recipientOf(w)) },
    finds: ['ready-without-queue'],
    isDelivered: true
  },
  {
    name: 'a ready time in the wrong lane',
    async inflict (w) {
      await queued(w)
      await w.redis.rename(w.key('ready:normal'), w.key('ready:bulk'))
    },
    finds: ['ready-without-queue'],
    isDelivered: true
  },
  {
    name: 'a ready time without queue',
    inflict: async w => { await w.redis.zadd(w.key('ready:bulk'), w.now, BOB) },
    finds: ['ready-without-queue']
  },
  {
    name: 'a grant without in-flight entry',
    inflict: async w => { await w.grant(message(w, 'a', { leaseMs: 300 })); await w.redis.del(w.key('inflight')) },
    finds: ['grant-without-lease'],
    isDelivered: true
  },
  {
    name: 'an in-flight entry without grant',
    inflict: async w => { await w.redis.zadd(w.key('inflight'), w.now + 6e7, lost) },
    finds: ['lease-without-grant']
  },
  {
    name: 'a grant whose message is gone, after its lease',
    async inflict (w) {
      const { id } = await w.grant(message(w, 'gone', { leaseMs: 1 }))
      await w.queue(message(w, 'a'))
      await w.redis.hdel(w.key('backlog'), id)
    },
    finds: ['grant-without-record', 'result-without-message'],
    isDelivered: true
  },
  {
    name: 'a grant whose message is gone, within its lease: the grant is as after a receipt',
    inflict: async w => { await w.redis.hdel(w.key('backlog'), (await w.grant(message(w, 'a'))).id) },
    finds: ['result-without-message']
  },
  {
    name: 'a message that never expires',
    async inflict (w) {
      await queued(w)
      await w.redis.del(w.key('expiry'))
    },
    finds: ['record-without-expiry'],
    isDelivered: true
  },
  {
    name: 'an expiry without message',
    inflict: async w => { await w.redis.zadd(w.key('expiry'), w.ms(), lost) },
    finds: ['expiry-without-record']
  },
  {
    name: 'a forgotten key',
    inflict: async w => { await w.redis.del(w.key('msg', await queued(w))) },
    finds: ['key-not-remembered'],
    isDelivered: true
  },
  {
    name: 'a key that expires too early',
    inflict: async w => { await w.redis.pexpire(w.key('msg', await queued(w)), 600_000) },
    finds: ['key-not-remembered'],
    isDelivered: true
  },
  {
    name: 'a result without TTL',
    async inflict (w) {
      const grant = await w.grant(message(w, 'a'))
      await w.settled(grant, 'sent')
      await w.redis.persist(w.key('msg', grant.id))
    },
    finds: ['result-without-message']
  },
  {
    name: 'a settled failure without record',
    inflict: async w => { await w.redis.zadd(w.key('failed'), w.ms(), lost) },
    finds: ['failure-without-record']
  },
  {
    name: 'orphaned failure records',
    inflict: async w => {
      await w.redis.hset(w.key('failure-records'), lost, `${BOB} 21 18bd50bc400 0 1 0\n["app","x","n"]`)
      await w.redis.zadd(w.key('unacknowledged'), 11_700_000_000_000, 'BAAAAAAAAAAAAAAAAAAAAA.19000000000')
    },
    finds: ['orphaned-failure']
  },
  {
    name: 'an unreadable record',
    inflict: async w => { await w.redis.hset(w.key('backlog'), lost, 'x') },
    finds: ['record-unreadable'],
    leaves: ['record-unreadable']
  }
]
