/** Damage to what holds messages back: templates, campaigns, rates, shares of the daily limit, and the numbers of messages. */
import { BOB, CARL, HOUR, type World } from '../lua/support.js'
import { message, queued, recipientOf, type Damage } from './damage.js'

const SPRING = { template: '#spring', inline: false } as const
const AUTUMN = { template: '#autumn', inline: false } as const

async function setRate (w: World): Promise<void> {
  await w.run('set-rate', { template: '', language: '', category: 'marketing', perSecond: 5, most: 100 })
}

/** Messages of two campaigns that wait for their rate, a message in 100 s. */
async function planned (w: World): Promise<void> {
  for (const campaign of ['spring', 'autumn']) await w.run('set-campaign', { campaign, state: '', perSecond: 0.01 })
  await w.admit(message(w, 'a', { recipient: BOB, ...SPRING }))
  await w.admit(message(w, 'b', { recipient: CARL, ...AUTUMN }))
  await w.claim({ want: 2 })
}

async function change (w: World, group: string, from: RegExp, to: string): Promise<void> {
  const entry = await w.redis.hget(w.key('templates'), group) ?? ''
  await w.redis.hset(w.key('templates'), group, entry.replace(from, to))
}

export const damagesOfHolds: Damage[] = [
  {
    name: 'a template and a rate whose entries cannot be read',
    async inflict (w) {
      await setRate(w)
      await change(w, '%cmarketing', / marketing .*$/, ' marketing')
      await w.redis.hset(w.key('templates'), 'aaaaaaaaaaa', 'x')
    },
    finds: ['hold-unreadable']
  },
  {
    name: 'a campaign whose entry cannot be read',
    async inflict (w) {
      await w.run('set-campaign', { campaign: 'spring', state: 'paused' })
      await w.redis.hset(w.key('templates'), '#spring', 'x')
    },
    finds: ['hold-unreadable'],
    leaves: ['hold-unreadable']
  },
  {
    name: 'a stop, a plan and a rate that no script looks at',
    async inflict (w) {
      await setRate(w)
      await w.run('set-campaign', { campaign: 'spring', state: '', perSecond: 0.01 })
      await w.run('set-template', { template: '*', state: 'paused', code: 'X', name: 'X 3600000000', atMs: '', untilMs: w.ms() + HOUR })
      await w.redis.hdel(w.key('sender'), 'limits')
    },
    finds: ['hold-not-checked']
  },
  {
    name: 'messages that wait for their rate without a start, and with one in a year',
    async inflict (w) {
      await planned(w)
      await w.redis.zrem(w.key('campaign-starts'), 'spring')
      await w.redis.zadd(w.key('campaign-starts'), w.now + 3e13, 'autumn')
    },
    finds: ['hold-without-start']
  },
  {
    name: 'a rate that is used up for a year',
    async inflict (w) {
      await planned(w)
      await change(w, '#spring', /^(\S+ \d+ 0) \d+/, `$1 ${w.now + 3e13}`)
    },
    finds: ['hold-without-start']
  },
  {
    name: 'a counter below the number of a message',
    async inflict (w) {
      await queued(w)
      await w.redis.set(w.key('seq'), 0)
    },
    finds: ['number-ahead'],
    isDelivered: true
  },
  {
    name: 'a share that its portfolio has not leased',
    async inflict (w) {
      await w.run('set-daily-limit', { step: 'settings', limit: -1, portfolio: 'acme', portfolioLimit: 250, ramp: '' })
      await w.admit(message(w, 'a', { recipient: recipientOf(w), template: '=c', inline: false }))
      const share = await w.redis.hget(w.key('sender'), 'dailyShare') ?? ''
      await w.redis.hset(w.key('sender'), 'dailyShare', share.replace(' 0 ', ' 250 '))
    },
    finds: ['share-not-leased']
  },
  {
    name: 'a share that cannot be read',
    async inflict (w) {
      await w.redis.hset(w.key('sender'), 'dailyShare', 'x')
    },
    finds: ['share-not-leased'],
    leaves: ['share-not-leased']
  }
]
