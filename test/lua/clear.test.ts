import t from 'tap'
import { ANN, START, world } from './support.js'

const test = await world(t)

await test('a pair without a bucket can be cleared too', async (t, w) => {
  t.strictSame(await w.run('clear', { recipient: ANN }), { status: 'cleared', had: false, wakeHint: '' })
})

await test('the next message after a clear goes at once', async (t, w) => {
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  t.strictSame(await w.run('clear', { recipient: ANN }), { status: 'cleared', had: true, wakeHint: '' })
  t.equal(await w.tat(), 0)
  t.match(await w.admit({ key: 'b' }), { status: 'granted' })
})

await test('a queued message of the pair is ready now, and a drain run is requested', async (t, w) => {
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  await w.queue({ key: 'b', lane: 3 })
  await w.redis.del(w.key('drain-lease'))
  w.at(300)
  t.strictSame(await w.run('clear', { recipient: ANN }), { status: 'cleared', had: true, wakeHint: 'enqueue' })
  t.strictSame(await w.ready(), ['bulk', START + 300_000])
  t.equal((await w.claim()).grants.length, 1)
})

await test('a drain run that sleeps until the old ready time is woken', async (t, w) => {
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  await w.queue({ key: 'b' })
  await w.redis.set(w.key('drain-lease'), `a1.1 ${START + 2_000_000}`)
  t.strictSame(await w.run('clear', { recipient: ANN }), { status: 'cleared', had: true, wakeHint: 'notify' })
})

await test('a ready time that has passed keeps its place among the pairs', async (t, w) => {
  await w.queue({ key: 'a', inline: false })
  w.at(300)
  await w.run('clear', { recipient: ANN })
  t.strictSame(await w.ready(), ['normal', START])
})

await test('a pair in flight stays in flight, and its settlement counts from the send again', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.queue({ key: 'b' })
  t.strictSame(await w.run('clear', { recipient: ANN }), { status: 'cleared', had: true, wakeHint: '' })
  t.equal(await w.ready(), null)
  w.at(1)
  await w.settled(grant, 'sent', { startedUs: 1000 })
  t.equal(await w.tat(), START + 2_001_000)
})

await test('a paused sender stays paused', async (t, w) => {
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  await w.queue({ key: 'b' })
  await w.redis.del(w.key('drain-lease'))
  await w.run('pause', { state: 'paused', forMs: '', reason: 'ops' })
  t.strictSame(await w.run('clear', { recipient: ANN }), { status: 'cleared', had: true, wakeHint: 'defer' })
  t.strictSame((await w.claim()).grants, [])
})

await test('without rules only the bucket of the pair is removed', async (t, w) => {
  await w.grant({ key: 'a' })
  await w.redis.del(w.key('sender'))
  t.strictSame(await w.run('clear', { recipient: ANN }), { status: 'cleared', had: true, wakeHint: '' })
})
