import t from 'tap'
import { BOB, START, world, type World } from './support.js'

const test = await world(t)
const rules = { pairIntervalUs: 1_000_000, pairBurst: 2, senderIntervalUs: 12_659, senderBurst: 2, maxInFlight: 50, perSecond: 80 }
const start = { ...rules, operator: false, settings: 'aa11' }

await test('a start writes new rules, and each write raises the version', async (t, w) => {
  await w.redis.del(w.key('sender'))
  t.strictSame(await w.run('quota', start), { status: 'written', version: 1 })
  const { rules: packed, ...fields } = await w.redis.hgetall(w.key('sender'))
  t.ok(packed)
  t.strictSame(fields, {
    pairIntervalUs: '1000000',
    pairBurst: '2',
    senderIntervalUs: '12659',
    senderBurst: '2',
    maxInFlight: '50',
    perSecond: '80',
    settings: 'aa11',
    version: '1'
  })
})

await test('a start with the settings written last changes nothing', async (t, w) => {
  await w.redis.del(w.key('sender'))
  await w.run('quota', start)
  const before = await w.dump()
  t.strictSame(await w.run('quota', start), { status: 'unchanged', version: 1 })
  t.strictSame(await w.dump(), before)
  await w.redis.hdel(w.key('sender'), 'rules')
  t.strictSame(await w.run('quota', start), { status: 'unchanged', version: 1 })
  t.strictSame(await w.dump(), before, 'the packed rules of a sender of an older layout')
})

await test('an operator\'s change outlasts starts until the settings change', async (t, w) => {
  await w.redis.del(w.key('sender'))
  await w.run('quota', start)
  t.strictSame(await w.run('quota', { ...rules, operator: true, settings: '', pairBurst: 5 }), { status: 'written', version: 2 })
  t.strictSame(await w.run('quota', start), { status: 'unchanged', version: 2 })
  t.equal(await w.redis.hget(w.key('sender'), 'pairBurst'), '5')
  t.strictSame(await w.run('quota', { ...start, settings: 'bb22', pairBurst: 3 }), { status: 'written', version: 3 })
  t.equal(await w.redis.hget(w.key('sender'), 'pairBurst'), '3')
})

await test('fields that an operator leaves out stay', async (t, w) => {
  await w.run('quota', start)
  const none = { pairIntervalUs: '', pairBurst: '', senderIntervalUs: '', senderBurst: '', maxInFlight: '', perSecond: '' }
  await w.run('quota', { ...none, operator: true, settings: '', maxInFlight: 7 })
  t.match(await w.redis.hgetall(w.key('sender')), { pairIntervalUs: '1000000', maxInFlight: '7', settings: 'aa11' })
})

await test('state and run id are unchanged', async (t, w) => {
  await w.grant({ key: 'a' })
  await w.run('pause', { state: 'paused', forMs: '', reason: 'ops' })
  await w.run('quota', start)
  t.match(await w.redis.hgetall(w.key('sender')), { status: 'paused', reason: 'ops', runId: 'run1' })
})

await test('a changed rule applies from the next grant', async (t, w) => {
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  await w.rules({ pairIntervalUs: 500_000 })
  t.hasStrict(await w.admit({ key: 'b' }), { waitUs: 2_000_000 }, 'slots already used count as before')
  await w.grant({ key: 'c', recipient: BOB })
  t.equal(await w.tat(BOB), START + 500_000)
})

const BURST_RULE = { pairIntervalUs: 1_000_000, pairBurst: 3 }

/** Sends so many messages of one pair at once. */
async function sendBurst (w: World, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await w.settled(await w.grant({ key: `burst ${n}` }), 'sent')
}

await test('what a pair has sent of its burst counts by the longer interval', async (t, w) => {
  await w.rules(BURST_RULE)
  await sendBurst(w, 3)
  w.at(100)
  await w.rules({ pairIntervalUs: 6_000_000, pairBurst: 3 })
  t.equal(await w.tat(), START + 18_000_000, 'as if all had been sent by the new rule')
  t.hasStrict(await w.admit({ key: 'next' }), { waitUs: 5_900_000, waitingFor: 'pair-rate' })
})

await test('the next message after a longer interval comes that interval after the last one', async (t, w) => {
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  w.at(1999)
  await w.rules({ pairIntervalUs: 6_000_000 })
  t.hasStrict(await w.admit({ key: 'b' }), { waitUs: 4_001_000 })
  w.at(5999)
  t.strictSame((await w.claim()).grants, [])
  w.at(6000)
  t.equal((await w.claim()).grants.length, 1)
})

await test('a message that waits already waits for the longer interval, also by its ready time', async (t, w) => {
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  await w.queue({ key: 'b' })
  t.strictSame(await w.ready(), ['normal', START + 2_000_000])
  await w.rules({ pairIntervalUs: 6_000_000 })
  t.strictSame(await w.ready(), ['normal', START + 6_000_000])
})

await test('an attempt in flight during the change counts by the new interval', async (t, w) => {
  await w.rules(BURST_RULE)
  await sendBurst(w, 2)
  const third = await w.grant({ key: 'third' })
  w.at(100)
  await w.rules({ pairIntervalUs: 6_000_000, pairBurst: 3 })
  await w.settled(third, 'sent', { startedUs: 50_000 })
  t.equal(await w.tat(), START + 18_000_000)
})

await test('the time from grant to start counts by the longer interval that was in force', async (t, w) => {
  await w.rules({ pairIntervalUs: 1_500_000, pairBurst: 2 })
  const first = await w.grant({ key: 'first' })
  w.at(200)
  await w.rules({ pairIntervalUs: 1_000_000, pairBurst: 2 })
  w.at(250)
  await w.settled(first, 'sent', { startedUs: 30_000 })
  // From the start at 30 ms: 170 ms of 1,500, the rest of an interval of 1,000.
  const idleAt = 30 + 170 + (1 - 170 / 1500) * 1000
  const tat = await w.tat() ?? 0
  t.ok(tat >= START + idleAt * 1000, `${(tat - START) / 1000} ms`)
  t.ok(tat <= START + (idleAt + 30) * 1000, `${(tat - START) / 1000} ms`)
})

await test('a smaller burst counts what was sent before', async (t, w) => {
  await w.rules(BURST_RULE)
  await sendBurst(w, 3)
  await w.rules({ pairIntervalUs: 1_000_000, pairBurst: 1 })
  t.hasStrict(await w.admit({ key: 'next' }), { waitUs: 3_000_000 })
})

await test('a cool-down ends when it would have ended, whatever the rules become', async (t, w) => {
  const changes = [[500, 3], [500, 1], [500, 8], [1000, 8], [250, 30]] as const
  for (const [i, [interval, burst]] of changes.entries()) {
    await w.rules(BURST_RULE)
    const recipient = `p1415555020${i}`
    await w.settled(await w.grant({ key: `cool ${i}`, recipient }), 'wait', { bucket: 'pair', coolMs: 60_000 })
    await w.rules({ pairIntervalUs: interval * 1000, pairBurst: burst })
    const { waitUs } = await w.admit({ key: `after ${i}`, recipient }) as { waitUs: number }
    t.ok(waitUs >= 60_000_000, `${interval} ms and a burst of ${burst}: ${waitUs}`)
    t.ok(waitUs <= 62_000_000, `${interval} ms and a burst of ${burst}: ${waitUs}`)
  }
})

await test('the sender\'s bucket is converted, too', async (t, w) => {
  await w.rules({ senderIntervalUs: 100_000, senderBurst: 5 })
  for (let n = 0; n < 5; n++) await w.grant({ key: `m${n}`, recipient: `p1415555030${n}` })
  await w.rules({ senderIntervalUs: 1_000_000, senderBurst: 5 })
  t.equal(await w.redis.get(w.key('sender-tat')), `${START + 5_000_000} 5`)
  t.hasStrict(await w.admit({ key: 'next', recipient: BOB }), { waitUs: 1_000_000, waitingFor: 'sender-rate' })
})

await test('more pairs than a command takes are converted', async (t, w) => {
  const pairs = Array.from({ length: 2500 }, (_, n) => `p1415${String(n).padStart(7, '0')}`)
  await w.redis.zadd(w.key('pair-tat'), ...pairs.flatMap(pair => [START + 2_000_000, pair]))
  await w.rules({ pairIntervalUs: 3_000_000 })
  t.equal(await w.redis.zcount(w.key('pair-tat'), START + 3_000_000, START + 3_000_000), 2500)
})
