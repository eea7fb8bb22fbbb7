/** A batch of messages gives the same replies and the same data as single calls a µs apart. */
import t from 'tap'
import { referenceOf } from '../../src/redis/lookup-index.js'
import { createRandom } from '../property/random.js'
import { ANN, BOB, CARL, createWorld, idOf, world, type Granted, type World } from './support.js'

/** Some pairs with long queues, and some idle pairs. */
const people = [ANN, BOB, CARL, ANN, BOB, CARL, ...Array.from({ length: 9 }, (_, n) => `p1555000000${n}`)]
/** One message per minute and pair. The TTLs of `starts` follow the rules by Redis's own clock: with short ones keys vanish on a busy machine. */
const INTERVAL_MS = 60_000
const ROUNDS = Number(process.env['ROUNDS'] ?? (process.env['CI'] === undefined ? 40 : 12))
const test = await world(t)
const numbers = /(?<=[ :"])0\d{11}(?=[ :])/g
const inRecords = /( [0123])\d+(?= [0-9a-f]{11} )/g

type Message = Parameters<World['admit']>[0]
type Settling = [grant: Granted, settlement: string, change: Parameters<World['settle']>[2]]

/** All stored data, by key. Queue positions count by their order alone, since numbers that a batch draws leave gaps. */
async function content (w: World): Promise<Record<string, unknown>> {
  const keys = (await w.redis.keys(`*${w.prefix}*`)).sort()
  const found: Record<string, unknown> = {}
  for (const key of keys) {
    const name = key.slice(key.indexOf('}') + 1)
    if (name === ':seq' || name === ':drain-lease') continue
    const type = await w.redis.type(key)
    const value =
      type === 'zset'
        ? await w.redis.zrange(key, 0, -1, 'WITHSCORES')
        : type === 'hash'
          ? Object.entries(await w.redis.hgetall(key)).sort()
          : type === 'list'
            ? await w.redis.lrange(key, 0, -1)
            : await w.redis.get(key)
    const ttl = await w.redis.ttl(key)
    found[name] = [JSON.parse(JSON.stringify(value).replace(numbers, '#').replace(inRecords, '$1#')), ttl > 0 ? Math.round(ttl / 60) : ttl]
  }
  return found
}

/** Without the wake-up hint: alone, the first message has it; in a batch, the one that is ready first. */
const withoutHint = (reply: object): object => ({ ...reply, wakeHint: null })

for (let seed = 1; seed <= ROUNDS; seed++) {
  await test(`as one call or one by one, seed ${seed}`, async (t, w) => {
    const alone = createWorld(t, w.redis)
    const { pick, chance, int } = createRandom(seed)
    const worlds = [w, alone]
    await alone.rules()
    const rules = {
      pairBurst: pick([1, 1, 3]),
      maxInFlight: pick([2, 100]),
      senderBurst: pick([1, 4, 1000]),
      senderIntervalUs: pick([30_000, 9_000_000]),
      pairIntervalUs: INTERVAL_MS * 1000
    }
    for (const one of worlds) await one.rules(rules)
    let holders = 0
    const grants: Granted[] = []
    for (let step = 0; step < 4; step++) {
      const moment = step * pick([0, 9000, 75_000])
      for (const one of worlds) one.at(moment)
      const messages: Message[] = Array.from({ length: int(1, 12) }, () => ({
        key: `k${int(1, 25)}`,
        recipient: pick(people),
        lane: pick([1, 2, 2, 3]),
        inline: chance(0.6),
        whenLimited: pick(['wait', 'wait', 'reject']),
        scheduledFor: chance(0.1) ? w.ms() + 150_000 : '',
        lifeMs: pick([86_400_000, 90_000]),
        fingerprint: pick(['000000000000ff', '000000000000ff', '000000000000aa']),
        terms: chance(0.3) ? '' : pick(['aaaaaaaaaa', 'aaaaaaaaaa bbbbbbbbbb', 'aaaaaaaaaa +eeeeeeeeee']),
        findS: 90_000,
        marketing: chance(0.1),
        holder: `a1:${++holders}`,
        queueCap: pick([100, 4]),
        backlogCap: 1000
      }))
      // A call shares one cap for all of its messages.
      for (const message of messages) message.queueCap = messages[0]?.queueCap ?? 100
      const together = await Promise.all(messages.map(async message => await w.admit(message)))
      const single = []
      for (const message of messages) {
        single.push(await alone.admit(message))
        alone.now++
      }
      alone.now = w.now
      t.strictSame(together.map(withoutHint), single.map(withoutHint), `replies of step ${step}`)
      t.strictSame(await content(w), await content(alone), `data of step ${step}`)
      messages.forEach(({ key, recipient, holder }, i) => {
        const reply = together[i]
        if (reply?.status !== 'granted') return
        grants.push({ id: idOf(key, reply.generation), recipient: String(recipient), attempt: 1, holder: String(holder) })
      })
      const claimed = await Promise.all(worlds.map(async one => await one.claim({ drainRun: 'a1.1', want: 3, holder: `c1:${step}` })))
      t.strictSame(claimed[0], claimed[1])
      grants.push(...claimed[0]?.grants ?? [])
      const settlements: Settling[] = grants.splice(0).flatMap((grant): Settling[] => {
        if (chance(0.25)) {
          grants.push(grant)
          return []
        }
        const settlement = pick(['sent', 'sent', 'sent', 'failed', 'retry', 'unknown', 'wait', 'stop'])
        const bucket =
          settlement === 'stop'
            ? 'sender'
            : settlement === 'wait' ? pick(['', 'pair', 'sender-rate']) : settlement === 'failed' ? pick(['', 'marketing']) : ''
        const change = {
          startedUs: pick([0, 40_000, '']),
          bucket,
          coolMs: bucket === '' ? 0 : 21_000,
          code: bucket === 'marketing' ? '{"by":"whatsapp","reason":"131000"}' : '131000',
          history: settlement === 'sent' ? '' : '{"outcome":"x"}',
          term: settlement === 'sent' ? `cccccccccc:${referenceOf(grant.id)}` : '',
          reason: 'rejected',
          findS: 90_000,
          keepMs: pick([0, 900_000])
        }
        const settling: Settling = [grant, settlement, change]
        // Some are settled twice, or under a wrong token.
        return chance(0.1) ? [settling, settling] : chance(0.1) ? [[{ ...grant, holder: '0:1' }, settlement, change], settling] : [settling]
      })
      const replies = await Promise.all(settlements.map(async asked => await w.settle(...asked)))
      const others = []
      for (const asked of settlements) others.push(await alone.settle(...asked))
      t.strictSame(replies.map(withoutHint), others.map(withoutHint), `settlements of step ${step}`)
      t.strictSame(await content(w), await content(alone), `data after step ${step}`)
    }
  })
}

await test('a message whose data cannot be read fails alone', async (t, w) => {
  const [ann, bob, carl] = (await Promise.all([ANN, BOB, CARL].map(async recipient => await w.grant({ key: recipient, recipient })))) as [
    Granted,
    Granted,
    Granted
  ]
  const record = (await w.redis.hget(w.key('backlog'), bob.id)) ?? ''
  await w.redis.hset(w.key('backlog'), bob.id, 'no record')
  const [first, second, third] = await Promise.allSettled([ann, bob, carl].map(async grant => await w.settle(grant, 'sent')))
  t.match([first, third], [{ value: { status: 'settled' } }, { value: { status: 'settled' } }])
  t.match(second, { reason: { code: 'INTERNAL', message: /lua\/settle\.lua: .*record of this message cannot be read/ } })
  t.equal(await w.state(ann.id), 'sent')
  t.equal((await w.redis.hkeys(w.key('grants'))).join(), BOB, 'grants that were not settled remain')
  await w.redis.hset(w.key('backlog'), bob.id, record)
  await w.settled(bob, 'sent')
})

await test('more messages than one call carries all get their replies', async (t, w) => {
  const replies = await Promise.all(
    Array.from({ length: 130 }, async (_, n) => await w.admit({ key: `k${n}`, recipient: `p1555${String(n).padStart(7, '0')}` }))
  )
  t.equal(replies.filter(({ status }) => status === 'granted').length, 100, 'as many as there are places')
  t.equal(new Set(replies.map(({ status }) => status)).size, 2)
})

await test('messages to idle pairs in one call keep their order, and each promise counts those before it', async (t, w) => {
  await w.rules({ senderBurst: 1, senderIntervalUs: 1_000_000 })
  // Against the order of their numbers, which decides between equal ready times.
  const replies = await Promise.all(
    Array.from({ length: 6 }, async (_, n) => await w.admit({ key: `k${n}`, recipient: `p1555000000${9 - n}`, inline: false, lifeMs: 3500 }))
  )
  t.match(replies.slice(0, 4), [
    { status: 'queued', waitUs: 0, waitingFor: 'turn-in-queue' },
    { status: 'queued', waitUs: 1_000_000, waitingFor: 'sender-rate' },
    { status: 'queued', waitUs: 2_000_000, waitingFor: 'sender-rate' },
    { status: 'queued', waitUs: 3_000_000, waitingFor: 'sender-rate' }
  ])
  t.match(replies.slice(4), [{ status: 'rejected', code: 'WOULD_EXPIRE' }, { status: 'rejected', code: 'WOULD_EXPIRE' }])
  t.strictSame(await w.redis.zrange(w.key('ready:normal'), 0, -1), [9, 8, 7, 6].map(n => `p1555000000${n}`))
})
