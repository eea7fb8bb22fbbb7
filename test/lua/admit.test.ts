import t from 'tap'
import { ANN, BOB, HOUR, START, idOf, lives, world } from './support.js'

const test = await world(t)

await test('messages at 0, 500 and 1,000 ms wait 0, 1,500 and 3,000 ms', async (t, w) => {
  const first = await w.grant({ key: 'a' })
  w.at(500)
  t.hasStrict(await w.admit({ key: 'b' }), { waitUs: 1_500_000, waitingFor: 'pair-rate', position: 1, wakeHint: undefined })
  w.at(1000)
  t.hasStrict(await w.admit({ key: 'c' }), { waitUs: 3_000_000, waitingFor: 'pair-rate', position: 2, wakeHint: undefined })
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
  t.match(await refused({ queueCap: 1 }), { status: 'rejected', code: 'RECIPIENT_QUEUE_FULL', waitUs: 3_000_000 })
  t.match(await refused({ backlogCap: 2 }), { status: 'rejected', code: 'BACKLOG_FULL', waitUs: 3_000_000 })
  t.match(await refused({ whenLimited: 'reject' }), { status: 'rejected', code: 'LIMITED', waitUs: 3_000_000 })
  t.match(await refused({ lifeMs: 3000 }), { status: 'rejected', code: 'WOULD_EXPIRE', waitUs: 3_000_000 })
  t.strictSame(await w.dump(), before, 'not even the restart of Redis: that concerns a grant, and this pair is busy')
  t.match(await w.admit({ key: 'c', lifeMs: 3001 }), { status: 'queued' })
})

await test('a full queue rejects one lane after the other, and a free slot is granted above the caps', async (t, w) => {
  await w.queue({ key: 'a', inline: false })
  t.match(await w.admit({ key: 'b', lane: 1, inline: false, queueCap: 1 }), { status: 'rejected', code: 'RECIPIENT_QUEUE_FULL', waitUs: 0 })
  t.match(await w.admit({ key: 'c', recipient: BOB, lane: 1, queueCap: 0, backlogCap: 0, whenLimited: 'reject' }), { status: 'granted' })
})

await test('messages that go at once and fail exceed the cap of the backlog by no more than what may be in flight', async (t, w) => {
  await w.rules({ maxInFlight: 3 })
  for (let n = 0; n < 3; n++) {
    await w.settled(await w.grant({ key: `m${n}`, recipient: `p1415555040${n}`, backlogCap: 0 }), 'retry', { afterMs: 60_000 })
  }
  t.match(await w.admit({ key: 'one more', backlogCap: 0 }), { status: 'rejected', code: 'BACKLOG_FULL', waitUs: 0 })
})

await test('a message for next week that is refused may be posted again when a place may be free, and not next week', async (t, w) => {
  await w.grant({ key: 'a' })
  const later = await w.admit({ key: 'b', scheduledFor: w.ms() + 7 * 24 * HOUR, backlogCap: 1 })
  t.strictSame(later, { status: 'rejected', code: 'BACKLOG_FULL', waitUs: 2_000_000 })
})

await test('a full queue refuses no message for later, and those that join it are above its cap', async (t, w) => {
  await w.queue({ key: 'a', inline: false })
  await w.schedule({ key: 'b', scheduledFor: w.ms() + 1000, queueCap: 1 })
  w.at(1500)
  t.match(await w.admit({ key: 'c', queueCap: 2 }), { status: 'rejected', code: 'RECIPIENT_QUEUE_FULL' }, 'it counts once it has joined')
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
    lane: 2,
    waitUs: (w.ms() + 10) * 1000 - w.now
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
  t.hasStrict(await w.admit({ key: 'c', inline: false }), { wakeHint: undefined }, 'a message behind another adds no ready time')
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

await test('whichever message puts a due one into its queue, its reply says that a drain run must be added', async (t, w) => {
  await w.grant({ key: 'sent', recipient: BOB })
  await w.schedule({ key: 'due', scheduledFor: w.ms() + 500 })
  w.at(1000)
  t.match(await w.admit({ key: 'sent', recipient: BOB }), { status: 'duplicate', wakeHint: 'enqueue' })
  t.not(await w.ready(), null)
  await w.schedule({ key: 'later', recipient: BOB, scheduledFor: w.ms() + 500 })
  t.notOk('wakeHint' in await w.admit({ key: 'sent', recipient: BOB }), 'nothing was due')
})

await test('a scheduled message that is due goes before what is accepted after that, though no claim has moved it', async (t, w) => {
  const late = await w.schedule({ key: 'late', scheduledFor: w.ms() + 1000 })
  const first = await w.schedule({ key: 'first', scheduledFor: w.ms() + 500 })
  w.at(3000)
  const now = await w.queue({ key: 'now', scheduledFor: w.ms() - 2900 })
  t.strictSame(await w.redis.zrange(w.key('scheduled'), 0, -1), [])
  const order = []
  for (const ms of [3000, 5000, 7000]) {
    w.at(ms)
    const [grant] = (await w.claim()).grants
    order.push(grant?.id)
    if (grant !== undefined) await w.settled(grant, 'sent')
  }
  t.strictSame(order, [first, late, now])
})

await test('more due messages than a claim moves at once go before a new one', async (t, w) => {
  for (let n = 0; n < 120; n++) await w.schedule({ key: `s${n}`, scheduledFor: w.ms() + 1000 })
  w.at(2000)
  t.hasStrict(await w.admit({ key: 'new', queueCap: 1000 }), { status: 'queued', position: 121 })
})
