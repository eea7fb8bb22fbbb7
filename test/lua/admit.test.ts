import t from 'tap'
import { ANN, BOB, HOUR, START, idOf, lives, world } from './support.js'

const test = await world(t)

await test('messages at 0, 500 and 1,000 ms wait 0, 1,500 and 3,000 ms', async (t, w) => {
  const first = await w.grant({ key: 'a' })
  w.at(500)
  t.hasStrict(await w.admit({ key: 'b' }), { waitUs: 1_500_000, waitingFor: 'pair-rate', position: 1, wakeHint: '' })
  w.at(1000)
  t.hasStrict(await w.admit({ key: 'c' }), { waitUs: 3_000_000, waitingFor: 'pair-rate', position: 2, wakeHint: '' })
  t.equal((await w.settled(first, 'sent')).wakeHint, 'enqueue', 'only now the pair has a ready time')
  t.strictSame(await w.ready(), ['normal', START + 2_000_000])
})

await test('a grant writes record, bucket, grant and lease, exact to the last digit', async (t, w) => {
  const { id, holder } = await w.grant({ key: 'a' })
  t.equal(id, idOf('a', w.ms().toString(16)))
  t.equal(await w.msg(id), `w ${w.ms().toString(16)} 000000000000ff`)
  t.equal(await w.redis.pttl(w.key('msg', id)), -1, 'no TTL while unsettled')
  t.match(await w.redis.hget(w.key('backlog'), id), `${ANN} 21 ${(w.ms() + 24 * HOUR).toString(16)} 0\n{"to"`)
  t.equal(await w.redis.zscore(w.key('pair-tat'), ANN), String(START + 2_000_000))
  t.equal(await w.redis.get(w.key('sender-tat')), `${START + 1000} 1`)
  t.equal(await w.redis.hget(w.key('grants'), ANN), `${id} 1 ${START + 60_000_000} ${holder} ${START} 0 ${START}`)
  t.equal(await w.redis.zscore(w.key('inflight'), id), String(START + 60_000_000))
  t.equal(await w.ready(), null, 'a pair in flight has no ready time')
})

await test('a queued message gets a sequence number, a ready time and an expiry', async (t, w) => {
  const id = await w.queue({ key: 'a', inline: false, lifeMs: 5000 })
  t.strictSame(await w.redis.zrange(w.key('queue:normal'), 0, -1), [`${ANN}:000000000001:${id}`])
  t.strictSame(await w.ready(), ['normal', START])
  t.equal(await w.redis.zscore(w.key('expiry'), id), String(w.ms() + 5000))
  t.equal(await w.tat(), 0, 'waiting takes no slot')
})

await test('a message is granted only to a caller that can send at once', async (t, w) => {
  t.hasStrict(await w.admit({ key: 'a', inline: false }), { waitUs: 0, waitingFor: 'turn-in-queue', position: 1, wakeHint: 'enqueue' })
})

await test('a repeat is a duplicate of the first, whatever the outcome of the first', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  const generation = grant.id.slice(23)
  w.at(700)
  const before = await w.dump()
  t.strictSame(await w.admit({ key: 'a' }), { status: 'duplicate', generation })
  t.strictSame(await w.dump(), before)
  await w.settled(grant, 'sent')
  t.strictSame(await w.admit({ key: 'a' }), { status: 'duplicate', generation })
})

await test('a reused key with different content is rejected as such', async (t, w) => {
  const { id } = await w.grant({ key: 'a' })
  t.strictSame(await w.admit({ key: 'a', fingerprint: '00000000000001' }), { status: 'reused', generation: id.slice(23) })
})

await test('a key is remembered for its own window, counted from the admission, and for at least a minute', async (t, w) => {
  const derived = await w.grant({ key: 'a', windowMs: 300_000 })
  const short = await w.grant({ key: 'b', recipient: BOB, windowMs: 1000 })
  w.at(100_000)
  const began = performance.now()
  await w.settled(derived, 'sent')
  await w.settled(short, 'sent')
  const left = await w.redis.pttl(w.key('msg', derived.id))
  t.ok(lives(left, 200_000, began), `${left} ms`)
  const least = await w.redis.pttl(w.key('msg', short.id))
  t.ok(lives(least, 60_000, began), `${least} ms`)
})

await test('a sender without rules admits nothing', async (t, w) => {
  await w.redis.del(w.key('sender'))
  t.strictSame(await w.admit({ key: 'a' }), { status: 'no_rules' })
  t.strictSame(await w.dump(), {})
})

await test('a rejected message reserves nothing', async (t, w) => {
  await w.grant({ key: 'a' })
  w.at(500)
  await w.queue({ key: 'b' })
  const before = await w.dump()
  const refused = async (change: object) => await w.admit({ key: 'c', runId: 'run2', ...change })
  w.at(1000)
  t.match(await refused({ queueCap: 1 }), { status: 'refused', code: 'RECIPIENT_QUEUE_FULL', waitUs: 3_000_000 })
  t.match(await refused({ backlogCap: 2 }), { status: 'refused', code: 'BACKLOG_FULL', waitUs: 3_000_000 })
  t.match(await refused({ whenLimited: 'reject' }), { status: 'refused', code: 'LIMITED', waitUs: 3_000_000 })
  t.match(await refused({ lifeMs: 3000 }), { status: 'refused', code: 'WOULD_EXPIRE', waitUs: 3_000_000 })
  const after = await w.dump()
  const changed = Object.keys({ ...before, ...after }).filter(key => before[key] !== after[key])
  t.strictSame(changed, [w.key('sender')], 'only the restart of Redis is written')
  t.match(await w.redis.hmget(w.key('sender'), 'runId', 'coolUntil'), ['run2', String(START + 4_000_000)])
  t.match(await w.admit({ key: 'c', lifeMs: 3001 }), { status: 'queued' })
})

await test('a full queue rejects one lane after the other, and a free slot is granted above all caps', async (t, w) => {
  await w.queue({ key: 'a', inline: false })
  t.match(await w.admit({ key: 'b', lane: 1, inline: false, queueCap: 1 }), { status: 'refused', code: 'RECIPIENT_QUEUE_FULL', waitUs: 0 })
  t.match(await w.admit({ key: 'c', recipient: BOB, lane: 1, queueCap: 0, backlogCap: 0, whenLimited: 'reject' }), { status: 'granted' })
})

await test('a message for later waits in the schedule by its number, without a ready time or a slot', async (t, w) => {
  const id = await w.schedule({ key: 'a', scheduledFor: w.ms() + HOUR, lifeMs: 1000, whenLimited: 'reject' })
  t.equal(await w.redis.zscore(w.key('scheduled'), `000000000001:${id}`), String(w.ms() + HOUR))
  t.equal(await w.redis.zscore(w.key('expiry'), id), String(w.ms() + HOUR + 1000), 'its lifetime begins with the schedule')
  t.match(await w.redis.hget(w.key('backlog'), id), `${ANN} 201 `)
  t.equal(await w.ready(), null)
  t.strictSame(await w.admit({ key: 'b', recipient: BOB, scheduledFor: w.ms() + 10 }), {
    status: 'scheduled',
    generation: w.ms().toString(16),
    waitUs: (w.ms() + 10) * 1000 - w.ms() * 1000
  })
  t.match(await w.admit({ key: 'c', scheduledFor: w.ms() - 1 }), { status: 'granted' }, 'a schedule in the past is now')
})

await test('only the first caller adds a drain job: the second finds it requested', async (t, w) => {
  const began = performance.now()
  t.hasStrict(await w.admit({ key: 'a', inline: false }), { wakeHint: 'enqueue' })
  t.hasStrict(await w.admit({ key: 'b', inline: false, recipient: BOB }), { wakeHint: '' })
  const ttl = await w.redis.pttl(w.key('drain-lease'))
  t.ok(lives(ttl, 2000, began), `${ttl} ms`)
  await w.redis.del(w.key('drain-lease'))
  t.hasStrict(await w.admit({ key: 'c', inline: false }), { wakeHint: '' }, 'a message behind another adds no ready time')
})

await test('a ready time more than 5 s away causes no wake-up, and is left to the recovery schedule', async (t, w) => {
  await w.rules({ pairIntervalUs: 6_000_000 })
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  t.hasStrict(await w.admit({ key: 'b' }), { wakeHint: 'defer' })
  w.at(1000)
  t.hasStrict(await w.admit({ key: 'c', lane: 1 }), { wakeHint: 'enqueue' })
})

await test('a ready time before the announced wake-up wakes the drain run, and the wake-up moves to it', async (t, w) => {
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  await w.queue({ key: 'b' })
  await w.redis.del(w.key('drain-lease'))
  await w.claim()
  t.equal(await w.redis.get(w.key('drain-lease')), `a1.1 ${START + 500_000}`)
  w.at(100)
  t.hasStrict(await w.admit({ key: 'c', recipient: BOB, inline: false }), { wakeHint: 'notify' })
  t.equal(await w.redis.get(w.key('drain-lease')), `a1.1 ${START + 100_000}`)
  const ttl = await w.redis.pttl(w.key('drain-lease'))
  t.ok(ttl > 0 && ttl <= 3000, `the lease keeps its end: ${ttl} ms`)
  w.at(200)
  t.hasStrict(await w.admit({ key: 'd', recipient: 'p14155550199', inline: false }), { wakeHint: '' }, 'a later ready time causes no wake-up')
})

await test('a message of a higher lane takes over the ready time of its pair', async (t, w) => {
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  await w.queue({ key: 'b', lane: 3 })
  t.strictSame(await w.ready(), ['bulk', START + 2_000_000])
  t.hasStrict(await w.admit({ key: 'c', lane: 1 }), { waitUs: 2_000_000, waitingFor: 'pair-rate', position: 1 })
  t.strictSame(await w.ready(), ['urgent', START + 2_000_000])
  t.hasStrict(await w.admit({ key: 'd', lane: 3 }), { waitUs: 6_000_000, waitingFor: 'pair-rate', position: 3 }, 'both go before it')
})

await test('scripts that Redis lost between two calls are loaded again', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.redis.script('FLUSH')
  await w.queue({ key: 'b' })
  await w.redis.script('FLUSH')
  t.match(await w.settle(grant, 'sent'), { status: 'settled' })
})

await test('a full Redis admits nothing and leaves nothing half-done, while stored messages can be finished', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  const waiting = await w.queue({ key: 'b' })
  const other = await w.queue({ key: 'c', recipient: BOB, inline: false })
  const before = await w.dump()
  await w.redis.config('SET', 'maxmemory', '1mb')
  t.teardown(async () => await w.redis.config('SET', 'maxmemory', '0'))
  await t.rejects(w.admit({ key: 'd' }), { code: 'UNAVAILABLE' })
  t.strictSame(await w.dump(), before)
  t.match(await w.settle(grant, 'sent'), { status: 'settled' })
  t.match((await w.claim()).grants, [{ id: other }])
  t.match(await w.cancel(waiting), { status: 'done' })
})
