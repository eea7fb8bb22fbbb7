/** Damage to callbacks, parked statuses, senders, jobs and keys, for tests of the doctor. */
import { Queue } from 'bullmq'
import { BOB, CARL, HOUR, type World } from '../lua/support.js'
import { NUMBER, leaveQueue, lost, message, queued, recipientOf, type Damage } from './damage.js'

async function addJobs (w: World): Promise<void> {
  const queue = new Queue('WHATSAPP-drain', { connection: w.redis, prefix: `{${w.prefix}}`, skipVersionCheck: true })
  for (let n = 0; n < 3; n++) await queue.add('drain', { sender: NUMBER })
}

export const damagesElsewhere: Damage[] = [
  {
    name: 'callbacks without due time',
    inflict: async w => { await w.redis.hset(w.key('callbacks'), lost, `0\n${w.ms()} s 19000000000 ff`) },
    finds: ['callback-without-due']
  },
  {
    name: 'a due time without callbacks',
    inflict: async w => { await w.redis.zadd(w.key('callbacks-due'), w.ms(), lost) },
    finds: ['due-without-callback']
  },
  {
    name: 'a due time of a retry without callbacks',
    inflict: async w => { await w.redis.zadd(w.key('callbacks-retries'), w.ms(), lost) },
    finds: ['due-without-callback']
  },
  {
    name: 'callbacks with two due times',
    inflict: async w => {
      await w.redis.hset(w.key('callbacks'), lost, `1\n${w.ms()} s 19000000000 ff`)
      for (const name of ['callbacks-due', 'callbacks-retries', 'callbacks-since']) await w.redis.zadd(w.key(name), w.ms(), lost)
    },
    finds: ['callback-due-twice']
  },
  {
    name: 'parked statuses',
    inflict: async w => {
      await w.redis.zadd(w.key('parked'), w.ms(), 'a:sent')
      await w.redis.hset(w.key('parked-bodies'), 'b:sent', `${w.ms()} {}`)
    },
    finds: ['parked-status']
  },
  {
    name: 'a schedule without sender',
    inflict: async w => { await w.redis.zadd(`{${w.prefix}}:recovery-schedule`, 0, 'missing') },
    finds: ['schedule-without-sender']
  },
  {
    name: 'a sender without schedule',
    async inflict (w) {
      await queued(w)
      await w.redis.del(`{${w.prefix}}:recovery-schedule`)
    },
    finds: ['sender-without-schedule'],
    isDelivered: true
  },
  {
    name: 'messages of an unlisted sender without rules',
    inflict: async w => { await queued(w); await w.redis.del(`{${w.prefix}}:senders`, `{${w.prefix}}:recovery-schedule`, w.key('sender')) },
    finds: ['sender-not-listed', 'sender-without-rules'],
    leaves: ['sender-not-listed', 'sender-without-rules'],
    isDelivered: true
  },
  {
    name: 'foreign keys',
    inflict: async w => {
      for (const key of [w.key('mystery'), `{${w.prefix}}:mystery`, w.key('parked')]) await w.redis.set(key, 1)
    },
    finds: ['unknown-key'],
    leaves: ['unknown-key']
  },
  {
    name: 'a drain lease without TTL',
    inflict: async w => { await w.redis.set(w.key('drain-lease'), 'requested') },
    finds: ['key-without-ttl']
  },
  {
    name: 'more dead letters than their cap',
    inflict: async w => {
      await w.redis.lpush(w.key('callbacks-dead'), ...Array.from({ length: 1300 }, () => `${lost} 1 s 1 ff`))
      await w.redis.pexpire(w.key('callbacks-dead'), 600_000)
    },
    finds: ['over-cap'],
    leaves: ['over-cap']
  },
  {
    name: 'counts of a campaign and a caller',
    async inflict (w) {
      const counted = { inline: false, caller: 'shop', template: '#spring' }
      await w.queue(message(w, 'a', counted))
      await w.cancel(await w.queue(message(w, 'b', counted)))
      await w.queue(message(w, 'c', { inline: false, caller: 'crm' }))
      await w.redis.hdel(w.key('campaigns'), '~crm')
      for (const name of ['spring', '~shop']) {
        const entry = await w.redis.hget(w.key('campaigns'), name) ?? ''
        await w.redis.hset(w.key('campaigns'), name, entry.replace(' 2 0', ' 5 0'))
      }
    },
    finds: ['wrong-count']
  },
  {
    name: 'suspended entries of a message that is not stored, and of one that is queued',
    async inflict (w) {
      const id = await queued(w)
      await w.redis.zadd(w.key('suspended'), 0, `aaaaaaaaaaa:${'1'.padStart(12, '0')}:${lost}`, 0, `+${CARL}:${'2'.padStart(12, '0')}:${id}`)
    },
    finds: ['daily-queue-wrong', 'place-without-record'],
    isDelivered: true
  },
  {
    name: 'a message that waits for a stop is not found by its recipient, and one that does not is',
    async inflict (w) {
      await w.run('set-template', { template: '*', state: 'paused', code: 'X', name: '131048 3600000000', atMs: '', untilMs: w.ms() + HOUR })
      await w.admit(message(w, 's', { recipient: BOB, template: 'aaaaaaaaaaa', inline: false }))
      await w.claim({ want: 1 })
      const id = await queued(w)
      const entries = await w.redis.zrange(w.key('suspended'), 0, -1)
      await w.redis.zrem(w.key('suspended'), ...entries.filter(entry => /^\*[^:]/.test(entry)))
      await w.redis.zadd(w.key('suspended'), 0, `*${recipientOf(w)}:${'1'.padStart(12, '0')}:${id}`)
    },
    finds: ['place-without-record', 'stop-not-listed']
  },
  {
    name: 'the queue for the daily limit lacks a recipient, and has one without a message',
    async inflict (w) {
      await w.run('set-daily-limit', { step: 'settings', limit: 1, portfolio: '-', portfolioLimit: -1, ramp: '' })
      for (const [key, recipient] of [['a', BOB], ['b', recipientOf(w)]] as const) {
        await w.admit(message(w, key, { recipient, template: '=c', inline: false }))
      }
      await w.claim({ want: 2 })
      await w.redis.zrem(w.key('daily-queue'), recipientOf(w))
      await w.redis.zadd(w.key('daily-queue'), 7, CARL)
    },
    finds: ['daily-queue-wrong']
  },
  {
    name: 'recipients who counted, and wrote, long ago',
    async inflict (w) {
      const old = Array.from({ length: 1300 }, (_, n) => [w.ms() - 50 * HOUR, `p1415557${1000 + n}`]).flat()
      for (const name of ['daily', 'windows']) await w.redis.zadd(w.key(name), ...old)
    },
    finds: ['over-cap'],
    leaves: ['over-cap']
  },
  { name: 'more drain jobs than senders', inflict: addJobs, finds: ['excess-drain-jobs'] },
  {
    name: 'another layout',
    async inflict (w) {
      await queued(w)
      await leaveQueue(w)
      await w.redis.set(`{${w.prefix}}:layout`, 99)
    },
    finds: ['record-without-place', 'wrong-layout'],
    leaves: ['record-without-place', 'wrong-layout']
  }
]
