import t from 'tap'
import { ANN, BOB, HOUR, START, world } from './support.js'

const test = await world(t)

await test('the head of a line leaves its turn to the next', async (t, w) => {
  const head = await w.queue({ key: 'a', inline: false })
  const next = await w.queue({ key: 'b', inline: false })
  w.at(500)
  t.strictSame(await w.cancel(head), { status: 'done', wakeHint: '', hadFailed: false })
  t.strictSame(await w.redis.zrange(w.key('queue:normal'), 0, -1), [`${ANN}:000000000002:${next}`])
  t.strictSame(await w.turn(), ['normal', START + 500_000], 'it became head just now')
  t.equal(await w.redis.hlen(w.key('backlog')), 1)
  t.equal(await w.redis.zcard(w.key('expiry')), 1)
})

await test('a message behind the head leaves the head\'s turn as it was', async (t, w) => {
  const head = await w.queue({ key: 'a', inline: false })
  const behind = await w.queue({ key: 'b', inline: false })
  w.at(500)
  t.strictSame(await w.cancel(behind), { status: 'done', wakeHint: '', hadFailed: false })
  t.strictSame(await w.turn(), ['normal', START])
  t.match((await w.claim()).grants, [{ id: head }])
})

await test('the only message leaves no turn', async (t, w) => {
  const id = await w.queue({ key: 'a', inline: false })
  await w.cancel(id)
  t.equal(await w.redis.exists(w.key('ready:normal'), w.key('queue:normal'), w.key('backlog'), w.key('expiry')), 0)
})

await test('an urgent head leaves the turn to the lane below', async (t, w) => {
  await w.queue({ key: 'a', lane: 3, inline: false })
  const urgent = await w.queue({ key: 'b', lane: 1, inline: false })
  w.at(100)
  await w.cancel(urgent)
  t.strictSame(await w.turn(), ['bulk', START + 100_000])
})

await test('where the next one\'s turn comes before the wake, its shift is woken; without a shift one is called', async (t, w) => {
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
  t.equal(await w.msg(id), `c ${id.slice(23)} 000000000000ff ${w.ms()} 0 ${ANN} web -`)
  const ttl = await w.redis.pttl(w.key('msg', id))
  t.ok(ttl > 23 * HOUR && ttl <= 24 * HOUR)
  t.equal(await w.state(id), 'cancelled')
  t.strictSame(await w.admit({ key: 'a' }), { status: 'duplicate', generation: id.slice(23) })
})

await test('a scheduled message is cancelled before it joins a line', async (t, w) => {
  const id = await w.schedule({ key: 'a', scheduledFor: w.ms() + HOUR })
  t.strictSame(await w.cancel(id), { status: 'done', wakeHint: '', hadFailed: false })
  t.equal(await w.redis.exists(w.key('scheduled'), w.key('expiry'), w.key('backlog')), 0)
})

await test('a message that waits for a retry is resolved with its story', async (t, w) => {
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

await test('only a message whose life is over expires', async (t, w) => {
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

await test('behind a message in flight one can be cancelled, and the pair stays held', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  const id = await w.queue({ key: 'b' })
  t.strictSame(await w.cancel(id), { status: 'done', wakeHint: '', hadFailed: false })
  t.equal(await w.turn(), null)
  t.match(await w.settle(grant, 'sent'), { status: 'settled' })
})

await test('what is settled or unknown is gone, and no longer expires', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'sent')
  await w.redis.zadd(w.key('expiry'), w.ms(), grant.id)
  t.strictSame(await w.cancel(grant.id, 'expired'), { status: 'gone' })
  t.equal(await w.redis.zcard(w.key('expiry')), 0)
  t.match(await w.msg(grant.id), /^s /)
  t.strictSame(await w.cancel(grant.id), { status: 'gone' })
})

await test('without rules nothing is taken out', async (t, w) => {
  const id = await w.queue({ key: 'a', inline: false })
  await w.redis.del(w.key('sender'))
  t.strictSame(await w.cancel(id), { status: 'busy' })
})

await test('cancelling an older message of the key leaves the younger one\'s record alone', async (t, w) => {
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
