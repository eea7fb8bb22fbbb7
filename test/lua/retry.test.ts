import t from 'tap'
import { ANN, BOB, HOUR, START, world, type Granted, type World } from './support.js'

const test = await world(t)

/** A message whose first attempt failed and which is to be retried a minute later. */
async function failing (w: World, key = 'a', change: Parameters<World['admit']>[0] = { key }): Promise<Granted> {
  const grant = await w.grant({ ...change, key })
  await w.settled(grant, 'retry', { afterMs: 60_000, history: '{"attempt":1}' })
  return grant
}

await test('a due failure to a free pair is granted its next attempt', async (t, w) => {
  const { id } = await failing(w)
  w.at(60_000)
  const reply = await w.retry(id, { holder: 'a1:9' })
  t.match(reply, { status: 'granted', recipient: ANN, attempt: 2, stops: 0, lane: 2, body: /^{"to".*}\n\d+ {"attempt":1}$/ })
  t.equal(await w.redis.hget(w.key('grants'), ANN), `${id} 2 ${w.now + 60_000_000} a1:9 ${w.now} ${START + 2_000_000} ${w.now}`)
  t.equal(await w.tat(), w.now + 2_000_000)
  t.equal(await w.redis.zcard(w.key('failures')), 0)
  t.match(await w.settle({ id, recipient: ANN, attempt: 2, holder: 'a1:9' }, 'sent'), { status: 'settled' })
})

await test('a failure that is not due is unchanged, unless forced', async (t, w) => {
  const { id } = await failing(w)
  w.at(59_999)
  const before = await w.dump()
  t.strictSame(await w.retry(id), { status: 'gone' })
  t.strictSame(await w.dump(), before)
  t.match(await w.retry(id, { force: true, history: '{"note":"by ops"}' }), {
    status: 'granted',
    recipient: ANN,
    attempt: 2,
    stops: 0,
    lane: 2,
    body: /\n\d+ {"note":"by ops"}$/
  })
})

await test('a message that is not a failure cannot be retried', async (t, w) => {
  const waiting = await w.queue({ key: 'a', inline: false })
  const flying = await w.grant({ key: 'b', recipient: BOB, lane: 1 })
  const unknown = await w.grant({ key: 'c', recipient: 'p14155550199', lane: 1 })
  await w.settled(unknown, 'unknown')
  for (const id of [waiting, flying.id, unknown.id]) t.strictSame(await w.retry(id, { force: true }), { status: 'gone' })
  await w.settled(flying, 'sent')
  t.strictSame(await w.retry(flying.id, { force: true }), { status: 'gone' })
})

await test('a retry that finds its pair busy goes before younger messages, which it does not delay', async (t, w) => {
  const { id } = await failing(w)
  w.at(59_000)
  await w.settled(await w.grant({ key: 'b' }), 'sent')
  const young = await w.queue({ key: 'c' })
  w.at(60_000)
  t.match(await w.retry(id), { status: 'queued' })
  t.strictSame(await w.redis.zrange(w.key('queue:normal'), 0, -1), [`${ANN}:000000000001:${id}`, `${ANN}:000000000003:${young}`])
  t.strictSame(await w.ready(), ['normal', START + 61_000_000], 'the ready time stays')
  w.at(61_000)
  t.match((await w.claim()).grants, [{ id, attempt: 2 }])
})

await test('a retry joins the queue of a pair in flight without a ready time', async (t, w) => {
  const { id } = await failing(w)
  w.at(60_000)
  await w.grant({ key: 'b' })
  t.strictSame(await w.retry(id), { status: 'queued', wakeHint: '' })
  t.equal(await w.ready(), null)
})

await test('a retry of a higher lane takes over the ready time of its pair', async (t, w) => {
  const { id } = await failing(w, 'a', { key: 'a', lane: 1 })
  w.at(59_000)
  await w.settled(await w.grant({ key: 'b' }), 'sent')
  await w.queue({ key: 'c', lane: 3 })
  w.at(60_000)
  t.match(await w.retry(id), { status: 'queued' })
  t.strictSame(await w.ready(), ['urgent', START + 61_000_000])
})

await test('a retry by a caller that cannot send is queued and requests a drain run', async (t, w) => {
  const { id } = await failing(w)
  w.at(60_000)
  t.strictSame(await w.retry(id, { inline: false }), { status: 'queued', wakeHint: 'enqueue' })
  t.strictSame(await w.ready(), ['normal', w.now])
  t.equal(await w.state(id), 'queued')
  t.strictSame(await w.retry(id, { force: true }), { status: 'gone' }, 'once')
})

await test('a failure whose lifetime is over is reported as such, and left to be cancelled', async (t, w) => {
  const { id } = await failing(w, 'a', { key: 'a', lifeMs: 60_000 })
  w.at(60_000)
  const before = await w.dump()
  t.strictSame(await w.retry(id), { status: 'expired' })
  t.strictSame(await w.dump(), before)
  t.match(await w.cancel(id, 'expired'), { status: 'done', wakeHint: '', hadFailed: true })
})

await test('a FAILED message is reopened only by force; its attempts go on and its lifetime begins again', async (t, w) => {
  const grant = await failing(w)
  w.at(60_000)
  await w.retry(grant.id, { holder: 'a1:9' })
  await w.settled({ ...grant, attempt: 2, holder: 'a1:9' }, 'failed', { history: '{"reason":"rejected"}' })
  w.at(23 * HOUR)
  t.strictSame(await w.retry(grant.id), { status: 'gone' })
  t.match(await w.retry(grant.id, { force: true, lifeMs: 2 * HOUR, holder: 'a1:10' }), { status: 'granted', recipient: ANN, attempt: 3, stops: 0 })
  t.equal(await w.redis.exists(w.key('failed'), w.key('failure-records')), 0)
  t.match(await w.msg(grant.id), `w ${grant.id.slice(23)} 000000000000ff`)
  t.equal(await w.redis.pttl(w.key('msg', grant.id)), -1, 'unsettled again')
  t.equal(await w.redis.zscore(w.key('expiry'), grant.id), String(w.ms() + 2 * HOUR))
  await w.settled({ ...grant, attempt: 3, holder: 'a1:10' }, 'sent')
  const ttl = await w.redis.pttl(w.key('msg', grant.id))
  t.ok(ttl > HOUR && ttl <= 2 * HOUR, `remembered for the longer of window and life: ${ttl} ms`)
})

await test('a reopened message may stop its sender again before it is given up', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'failed', { bucket: 'sender', coolMs: 1000, code: '190' })
  await w.run('pause', { state: 'active', forMs: '', reason: '' })
  w.at(5000)
  t.match(await w.retry(grant.id, { force: true }), { status: 'granted', recipient: ANN, attempt: 2, stops: 0 })
})

await test('a message whose key has been used again is reopened without an idempotency record', async (t, w) => {
  const old = await w.grant({ key: 'a', windowMs: 60_000 })
  await w.settled(old, 'failed')
  await w.redis.del(w.key('msg', old.id))
  w.at(100_000)
  const young = await w.grant({ key: 'a', recipient: BOB })
  t.match(await w.retry(old.id, { force: true }), { status: 'granted' })
  t.match(await w.msg(young.id), `w ${young.id.slice(23)}`)
})

await test('without rules or without its record nothing is retried', async (t, w) => {
  const { id } = await failing(w)
  w.at(60_000)
  const record = await w.redis.hget(w.key('backlog'), id)
  await w.redis.hdel(w.key('backlog'), id)
  t.strictSame(await w.retry(id), { status: 'gone' })
  await w.redis.hset(w.key('backlog'), id, record ?? '')
  await w.redis.del(w.key('sender'))
  t.strictSame(await w.retry(id), { status: 'no_rules' })
})

await test('a retry waits for the cool-down after another Redis, like all others', async (t, w) => {
  const { id } = await failing(w)
  w.at(60_000)
  t.match(await w.retry(id, { runId: 'run2' }), { status: 'queued' })
  t.equal(await w.redis.hget(w.key('sender'), 'coolUntil'), String(w.now + 3_000_000))
})
