import t from 'tap'
import { ANN, START, world } from './support.js'

const test = await world(t)
const pause = { state: 'paused', forMs: '', reason: 'ops' }
const open = { state: 'active', forMs: '', reason: '' }

await test('a pause without an end lasts until an operator resumes the sender', async (t, w) => {
  t.strictSame(await w.run('pause', pause), { status: 'done', before: 'active', wakeHint: '', circuit: 'closed' })
  t.strictSame(await w.redis.hmget(w.key('sender'), 'status', 'reason', 'until'), ['paused', 'ops', null])
  w.at(1e9)
  t.match(await w.admit({ key: 'a' }), { status: 'queued' })
})

await test('a pause with an end ends by itself', async (t, w) => {
  await w.run('pause', { ...pause, forMs: 5000 })
  t.equal(await w.redis.hget(w.key('sender'), 'until'), String(START + 5_000_000))
  w.at(4999)
  t.match(await w.admit({ key: 'a' }), { status: 'queued' })
  w.at(5000)
  t.match(await w.admit({ key: 'b', lane: 1, recipient: 'p14155550199' }), { status: 'granted' })
})

await test('each change returns the state before, and leaves nothing of it', async (t, w) => {
  t.strictSame(await w.run('pause', { ...pause, forMs: 5000 }), { status: 'done', before: 'active', wakeHint: '', circuit: 'closed' })
  t.strictSame(await w.run('pause', open), { status: 'done', before: 'paused', wakeHint: '', circuit: 'closed' })
  await w.stop(1000)
  t.strictSame(await w.redis.hmget(w.key('sender'), 'status', 'reason', 'until'), ['stopped', '190', String(START + 1_000_000)])
  t.strictSame(await w.run('pause', pause), { status: 'done', before: 'stopped', wakeHint: '', circuit: 'closed' })
  t.equal(await w.redis.hget(w.key('sender'), 'until'), null)
  t.strictSame(await w.run('pause', open), { status: 'done', before: 'paused', wakeHint: '', circuit: 'closed' })
  t.strictSame(await w.redis.hmget(w.key('sender'), 'status', 'reason', 'until'), [null, null, null])
  t.strictSame(await w.run('pause', open), { status: 'done', before: 'active', wakeHint: '', circuit: 'closed' })
})

await test('rules and run id stay', async (t, w) => {
  await w.grant({ key: 'a' })
  const before = await w.redis.hgetall(w.key('sender'))
  await w.run('pause', pause)
  await w.run('pause', open)
  t.strictSame(await w.redis.hgetall(w.key('sender')), { ...before, resumedAt: String(w.now) })
})

await test('resuming requests a drain run for the messages that waited', async (t, w) => {
  await w.run('pause', pause)
  await w.queue({ key: 'a', lane: 3 })
  w.at(60_000)
  t.strictSame(await w.run('pause', open), { status: 'done', before: 'paused', wakeHint: 'enqueue', circuit: 'closed' })
  t.equal(await w.redis.get(w.key('drain-lease')), 'requested')
  t.equal((await w.claim()).grants.length, 1)
})

await test('resuming with a far ready time, or none, requests no drain run', async (t, w) => {
  await w.run('pause', pause)
  t.strictSame(await w.run('pause', open), { status: 'done', before: 'paused', wakeHint: '', circuit: 'closed' })
  await w.rules({ pairIntervalUs: 6_000_000 })
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  await w.queue({ key: 'b' })
  t.strictSame(await w.run('pause', open), { status: 'done', before: 'active', wakeHint: 'defer', circuit: 'closed' })
})

await test('resuming wakes a drain run that sleeps', async (t, w) => {
  await w.queue({ key: 'a', inline: false })
  await w.run('pause', pause)
  await w.redis.set(w.key('drain-lease'), `a1.1 ${START + 500_000}`)
  t.strictSame(await w.run('pause', open), { status: 'done', before: 'paused', wakeHint: 'notify', circuit: 'closed' })
})

await test('a message in flight is settled as usual, and its pair goes on after the pause', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  const next = await w.queue({ key: 'b' })
  await w.run('pause', pause)
  w.at(500)
  t.equal((await w.settled(grant, 'sent')).wakeHint, 'defer')
  t.strictSame(await w.ready(ANN), ['normal', START + 2_000_000])
  w.at(9000)
  await w.run('pause', open)
  t.match((await w.claim()).grants, [{ id: next }])
})

await test('a probe of a stopped sender can be due at once, and its other state is unchanged', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  t.strictSame(await w.run('pause', { state: 'probe', forMs: '', reason: '' }), { status: 'done', before: 'active', wakeHint: '', circuit: 'closed' })
  await w.settled(grant, 'wait', { bucket: 'sender', coolMs: 60_000, code: '190' })
  w.at(3000)
  t.strictSame((await w.claim()).grants, [])
  await w.redis.del(w.key('drain-lease'))
  t.match(await w.run('pause', { state: 'probe', forMs: '', reason: '' }), { before: 'stopped', wakeHint: 'enqueue', circuit: 'closed' })
  t.match(await w.redis.hgetall(w.key('sender')), { status: 'stopped', reason: '190' })
  t.equal((await w.claim()).grants.length, 1)
  await w.run('pause', pause)
  t.strictSame(await w.run('pause', { state: 'probe', forMs: '', reason: '' }), { status: 'done', before: 'paused', wakeHint: '', circuit: 'closed' })
  t.equal(await w.redis.hget(w.key('sender'), 'status'), 'paused')
})
