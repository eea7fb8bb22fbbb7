import t from 'tap'
import { ANN, BOB, HOUR, START, world } from './support.js'

const test = await world(t)

await test('cancelling the head of a queue gives its ready time to the next message', async (t, w) => {
  const head = await w.queue({ key: 'a', inline: false })
  const next = await w.queue({ key: 'b', inline: false })
  w.at(500)
  t.strictSame(await w.cancel(head), { status: 'done', wakeHint: '', hadFailed: false })
  t.strictSame(await w.redis.zrange(w.key('queue:normal'), 0, -1), [`${ANN}:000000000002:${next}`])
  t.strictSame(await w.ready(), ['normal', START + 500_000], 'it is the head since now')
  t.equal(await w.redis.hlen(w.key('backlog')), 1)
  t.equal(await w.redis.zcard(w.key('expiry')), 1)
})

await test('cancelling a message behind the head leaves the ready time of the head as it was', async (t, w) => {
  const head = await w.queue({ key: 'a', inline: false })
  const behind = await w.queue({ key: 'b', inline: false })
  w.at(500)
  t.strictSame(await w.cancel(behind), { status: 'done', wakeHint: '', hadFailed: false })
  t.strictSame(await w.ready(), ['normal', START])
  t.match((await w.claim()).grants, [{ id: head }])
})

await test('cancelling the only message leaves no ready time', async (t, w) => {
  const id = await w.queue({ key: 'a', inline: false })
  await w.cancel(id)
  t.equal(await w.redis.exists(w.key('ready:normal'), w.key('queue:normal'), w.key('backlog'), w.key('expiry')), 0)
})

await test('cancelling an urgent head moves the ready time to the lane below', async (t, w) => {
  await w.queue({ key: 'a', lane: 3, inline: false })
  const urgent = await w.queue({ key: 'b', lane: 1, inline: false })
  w.at(100)
  await w.cancel(urgent)
  t.strictSame(await w.ready(), ['bulk', START + 100_000])
})

await test('a ready time before the announced wake-up wakes the drain run; without a drain run one is requested', async (t, w) => {
  await w.queue({ key: 'a', inline: false })
  const second = await w.queue({ key: 'b', lane: 1, inline: false })
  await w.redis.set(w.key('drain-lease'), `a1.1 ${START + 500_000}`)
  t.strictSame(await w.cancel(second), { status: 'done', wakeHint: 'notify', hadFailed: false })
  const third = await w.queue({ key: 'c', lane: 1, inline: false })
  await w.redis.del(w.key('drain-lease'))
  t.strictSame(await w.cancel(third), { status: 'done', wakeHint: 'enqueue', hadFailed: false })
})

await test('a cancelled message leaves a result until its window ends', async (t, w) => {
  const id = await w.queue({ key: 'a', inline: false })
  await w.cancel(id)
  t.equal(await w.msg(id), `c ${id.slice(23)} 000000000000ff 0 0 ${ANN} web -`)
  const ttl = await w.redis.pttl(w.key('msg', id))
  t.ok(ttl > 23 * HOUR && ttl <= 24 * HOUR)
  t.equal(await w.state(id), 'cancelled')
  t.strictSame(await w.admit({ key: 'a' }), { status: 'duplicate', generation: id.slice(23) })
})

await test('a scheduled message can be cancelled before it joins a queue', async (t, w) => {
  const id = await w.schedule({ key: 'a', scheduledFor: w.ms() + HOUR })
  t.strictSame(await w.cancel(id), { status: 'done', wakeHint: '', hadFailed: false })
  t.equal(await w.redis.exists(w.key('scheduled'), w.key('expiry'), w.key('backlog')), 0)
})

await test('a message that waits for a retry is resolved with its history', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'retry', { history: '{"attempt":1}' })
  t.strictSame(await w.cancel(grant.id), { status: 'done', wakeHint: '', hadFailed: true })
  t.equal(await w.redis.zcard(w.key('failures')), 0)
  t.equal(await w.redis.zscore(w.key('resolved'), grant.id), String(w.ms()))
  t.match(await w.redis.hget(w.key('failure-records'), grant.id), /{"attempt":1}\n\d+\S* {"outcome":"cancelled"}$/)
  t.equal(await w.state(grant.id), 'cancelled')
})

await test('an expired message that had failed before is FAILED', async (t, w) => {
  const grant = await w.grant({ key: 'a', lifeMs: 5000 })
  await w.settled(grant, 'retry')
  w.at(5000)
  t.strictSame(await w.cancel(grant.id, 'expired'), { status: 'done', wakeHint: '', hadFailed: true })
  t.equal(await w.redis.zscore(w.key('failed'), grant.id), String(w.ms()))
  t.match(await w.msg(grant.id), /^e /)
  t.equal(await w.state(grant.id), 'expired')
})

await test('only a message whose lifetime is over expires', async (t, w) => {
  const id = await w.queue({ key: 'a', inline: false, lifeMs: 5000 })
  w.at(4999)
  t.strictSame(await w.cancel(id, 'expired'), { status: 'alive' })
  w.at(5000)
  t.strictSame(await w.cancel(id, 'expired'), { status: 'done', wakeHint: '', hadFailed: false })
  t.equal(await w.redis.exists(w.key('failed'), w.key('failure-records')), 0, 'it never failed')
})

await test('a message in flight or with an unknown outcome is busy', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  t.strictSame(await w.cancel(grant.id), { status: 'busy' })
  await w.settled(grant, 'unknown')
  t.strictSame(await w.cancel(grant.id), { status: 'busy' })
  t.equal(await w.state(grant.id), 'unknown')
})

await test('a message behind one in flight can be cancelled, and the pair stays in flight', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  const id = await w.queue({ key: 'b' })
  t.strictSame(await w.cancel(id), { status: 'done', wakeHint: '', hadFailed: false })
  t.equal(await w.ready(), null)
  t.match(await w.settle(grant, 'sent'), { status: 'settled' })
})

await test('a settled or unknown message is gone, and no longer expires', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'sent')
  await w.redis.zadd(w.key('expiry'), w.ms(), grant.id)
  t.strictSame(await w.cancel(grant.id, 'expired'), { status: 'gone' })
  t.equal(await w.redis.zcard(w.key('expiry')), 0)
  t.match(await w.msg(grant.id), /^s /)
  t.strictSame(await w.cancel(grant.id), { status: 'gone' })
})

await test('without rules nothing is cancelled', async (t, w) => {
  const id = await w.queue({ key: 'a', inline: false })
  await w.redis.del(w.key('sender'))
  t.strictSame(await w.cancel(id), { status: 'busy' })
})

await test('cancelling an older message of the key leaves the younger one\'s record unchanged', async (t, w) => {
  const old = await w.grant({ key: 'a', windowMs: 60_000 })
  await w.settled(old, 'failed')
  await w.redis.del(w.key('msg', old.id))
  w.at(100_000)
  const young = await w.grant({ key: 'a', recipient: BOB })
  t.match(await w.retry(old.id, { force: true, inline: false }), { status: 'queued' })
  t.match(await w.cancel(old.id), { status: 'done' })
  t.match(await w.msg(young.id), `w ${young.id.slice(23)}`)
  t.equal(await w.redis.pttl(w.key('msg', young.id)), -1)
})
