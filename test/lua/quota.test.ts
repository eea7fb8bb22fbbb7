import t from 'tap'
import { BOB, START, world } from './support.js'

const test = await world(t)
const rules = { pairIntervalUs: 1_000_000, pairBurst: 2, senderIntervalUs: 12_659, senderBurst: 2, maxInFlight: 50, perSecond: 80 }
const start = { ...rules, operator: false, settings: 'aa11' }

await test('a start writes new rules, and each write raises the version', async (t, w) => {
  await w.redis.del(w.key('sender'))
  t.strictSame(await w.run('quota', start), { status: 'written', version: 1 })
  t.strictSame(await w.redis.hgetall(w.key('sender')), {
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
  t.strictSame(await w.run('quota', start), { status: 'kept', version: 1 })
  t.strictSame(await w.dump(), before)
})

await test('an operator\'s change outlasts starts until the settings change', async (t, w) => {
  await w.redis.del(w.key('sender'))
  await w.run('quota', start)
  t.strictSame(await w.run('quota', { ...rules, operator: true, settings: '', pairBurst: 5 }), { status: 'written', version: 2 })
  t.strictSame(await w.run('quota', start), { status: 'kept', version: 2 })
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
