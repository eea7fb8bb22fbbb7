import t from 'tap'
import { ANN, BOB, HOUR, START, lives, tail, world } from './support.js'

const test = await world(t)

await test('a first attempt that is sent leaves a compact result until its window ends, and a count', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.queue({ key: 'b', inline: false })
  w.at(300)
  const began = performance.now()
  t.strictSame(await w.settle(grant, 'sent', { resultSuffix: `${tail('wamid.1')} {"order":"A 7"}` }), {
    status: 'settled',
    dueMs: 0,
    wakeHint: 'enqueue',
    resumed: false,
    stopped: false,
    settlement: 'sent',
    circuit: ''
  })
  t.equal(await w.msg(grant.id), `s ${grant.id.slice(23)} 000000000000ff 300 1 ${ANN} web wamid.1 {"order":"A 7"}`, '300 ms after it')
  const ttl = await w.redis.pttl(w.key('msg', grant.id))
  t.ok(lives(ttl, 24 * HOUR - 300, began), `${ttl} ms`)
  t.equal(await w.redis.hexists(w.key('backlog'), grant.id), 0)
  t.equal(await w.redis.zcard(w.key('inflight')), 0)
  t.equal(await w.redis.hlen(w.key('grants')), 0)
  t.equal(await w.redis.zscore(w.key('completed'), String(Math.floor(w.ms() / 600_000))), '1')
  t.equal(await w.redis.exists(w.key('failure-records'), w.key('resolved'), w.key('failed')), 0, 'no failure, no record')
})

await test('settling twice is a no-op', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'sent')
  const before = await w.dump()
  t.strictSame(await w.settle(grant, 'sent'), { status: 'stale' })
  t.strictSame(await w.settle(grant, 'failed', { bucket: 'pair', coolMs: 5000 }), { status: 'stale' })
  t.strictSame(await w.dump(), before)
})

await test('of two holders only the one with the grant can settle', async (t, w) => {
  const first = await w.grant({ key: 'a' })
  const before = await w.dump()
  t.strictSame(await w.settle({ ...first, holder: 'b2:1' }, 'sent'), { status: 'stale' })
  t.strictSame(await w.settle({ ...first, attempt: 2 }, 'sent'), { status: 'stale' })
  t.strictSame(await w.settle({ ...first, recipient: BOB }, 'sent'), { status: 'stale' })
  t.strictSame(await w.dump(), before)
  await w.settled(first, 'wait')
  w.at(2000)
  const [second] = (await w.claim({ holder: 'b2:2' })).grants
  t.match(second, { id: first.id, attempt: 1 })
  t.strictSame(await w.settle(first, 'sent'), { status: 'stale' }, 'the grant has moved on')
  t.match(await w.settle(second!, 'sent'), { status: 'settled' })
})

await test('a rejected message is FAILED and kept with its history', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'failed', { resultSuffix: tail(), history: '{"attempt":1,"code":"131026"}' })
  t.equal(await w.redis.zscore(w.key('failed'), grant.id), String(w.ms()))
  const record = await w.redis.hget(w.key('failure-records'), grant.id)
  t.match(record, `\n${w.ms()} {"attempt":1,"code":"131026"}`)
  t.match(record, /^p14155550101 21 [0-9a-f]{11} 0 1 0\n/)
  t.match(await w.msg(grant.id), `f ${grant.id.slice(23)} 000000000000ff 0 1 ${ANN} web -`)
  t.equal(await w.redis.zcard(w.key('completed')), 0)
})

await test('a retry waits until it is due with the attempt counted, and has no TTL', async (t, w) => {
  const grant = await w.grant({ key: 'a', lifeMs: 500_000 })
  t.match(await w.settled(grant, 'retry', { afterMs: 60_000, history: '{"attempt":1}' }), { due: w.ms() + 60_000, wakeHint: '' })
  t.equal(await w.redis.zscore(w.key('failures'), grant.id), String(w.ms() + 60_000))
  t.equal(await w.redis.zscore(w.key('expiry'), grant.id), String(w.ms() + 500_000))
  t.match(await w.redis.hget(w.key('backlog'), grant.id), /^p14155550101 21 [0-9a-f]{11} \d+ 1 0\n/)
  t.equal(await w.redis.pttl(w.key('msg', grant.id)), -1)
  t.equal(await w.ready(), null, 'it does not block its pair')
})

await test('a message sent at a later attempt is a RESOLVED failure', async (t, w) => {
  const first = await w.grant({ key: 'a' })
  await w.settled(first, 'retry', { history: '{"attempt":1}' })
  w.at(60_000)
  await w.retry(first.id, { holder: 'a1:9' })
  await w.settled({ ...first, attempt: 2, holder: 'a1:9' }, 'sent', { history: '{"attempt":2}' })
  t.equal(await w.redis.zscore(w.key('resolved'), first.id), String(w.ms()))
  t.match(await w.redis.hget(w.key('failure-records'), first.id), /{"attempt":1}\n\d+\S* {"attempt":2}$/)
  t.match(await w.msg(first.id), / 2 p14155550101 web wamid.1$/)
})

await test('an unknown outcome is on hold, and decided once the hold is over', async (t, w) => {
  const withoutHolder = (grant: { id: string }, attempt = 1) => ({ id: grant.id, recipient: ANN, attempt, holder: '' })
  const grant = await w.grant({ key: 'a' })
  t.strictSame(await w.settle(withoutHolder(grant), 'failed'), { status: 'stale' }, 'it is in flight')
  t.match(await w.settled(grant, 'unknown', { afterMs: 900_000 }), { due: w.ms() + 900_000 })
  t.equal(await w.redis.zscore(w.key('unknown'), grant.id), String(w.ms() + 900_000))
  t.equal(await w.state(grant.id), 'unknown')
  const tat = await w.tat()
  t.strictSame(await w.settle(withoutHolder(grant, 2), 'failed'), { status: 'stale' }, 'another attempt')
  w.at(900_000)
  t.strictSame(await w.settle(withoutHolder(grant), 'retry', { afterMs: 0 }), {
    status: 'settled',
    dueMs: w.ms(),
    wakeHint: '',
    resumed: false,
    stopped: false,
    settlement: 'retry',
    circuit: ''
  })
  t.strictSame(await w.settle(withoutHolder(grant), 'failed'), { status: 'stale' }, 'decided already')
  t.equal(await w.state(grant.id), 'retrying')
  t.equal(await w.tat(), tat, 'the decision changes no bucket')
})

await test('an unknown outcome may be given up without another attempt', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'unknown')
  await w.settled({ ...grant, holder: '' }, 'failed', { history: '{"reason":"unknown"}' })
  t.equal(await w.state(grant.id), 'failed')
  t.match(await w.redis.hget(w.key('failure-records'), grant.id), /^p14155550101 21 [0-9a-f]{11} 0 1 0\n/)
  t.equal(await w.redis.zcard(w.key('unknown')), 0)
})

await test('a returned grant keeps its place, its attempt number and its history, and waits one interval', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.queue({ key: 'b' })
  w.at(250)
  await w.settled(grant, 'wait', { startedUs: '' })
  t.match(await w.redis.zrange(w.key('queue:normal'), 0, 0), [`${ANN}:000000000001:${grant.id}`])
  t.strictSame(await w.ready(), ['normal', START + 2_000_000])
  t.equal(await w.tat(), START + 2_000_000, 'the slot is not refunded, and none is taken')
  t.match(await w.redis.hget(w.key('backlog'), grant.id), /^p14155550101 21 [0-9a-f]{11} 0\n/)
  w.at(2000)
  t.match((await w.claim()).grants, [{ id: grant.id, attempt: 1 }])
})

await test('a returned grant keeps its old ready time where its bucket allows', async (t, w) => {
  await w.rules({ pairBurst: 3 })
  await w.queue({ key: 'a', inline: false })
  w.at(100)
  await w.queue({ key: 'b', inline: false, recipient: BOB })
  w.at(700)
  const [ann] = (await w.claim({ want: 1 })).grants
  w.at(800)
  await w.settled(ann!, 'wait', { startedUs: '' })
  t.strictSame(await w.ready(), ['normal', START])
  t.match((await w.claim({ want: 1 })).grants, [{ id: ann?.id }], 'still before the other pair')
})

await test('a message that came in a higher lane meanwhile goes before a returned one', async (t, w) => {
  await w.rules({ pairBurst: 3 })
  const grant = await w.grant({ key: 'a' })
  const urgent = await w.queue({ key: 'b', lane: 1 })
  w.at(100)
  await w.settled(grant, 'wait', { startedUs: '' })
  t.strictSame(await w.ready(), ['urgent', START + 100_000])
  t.match((await w.claim()).grants, [{ id: urgent }])
})

await test('the bucket counts from the start of the send, not from the grant', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.queue({ key: 'b' })
  w.at(400)
  await w.settled(grant, 'sent', { startedUs: 40_123 })
  t.equal(await w.tat(), START + 2_040_123)
  t.strictSame(await w.ready(), ['normal', START + 2_040_123])
})

await test('with a burst the start counts on top of the TAT before the grant', async (t, w) => {
  await w.rules({ pairBurst: 2 })
  const first = await w.grant({ key: 'a' })
  w.at(100)
  await w.settled(first, 'sent', { startedUs: 100_000 })
  t.equal(await w.tat(), START + 2_100_000)
  const second = await w.grant({ key: 'b' })
  w.at(400)
  await w.settled(second, 'sent', { startedUs: 200_000 })
  t.equal(await w.tat(), START + 4_100_000)
})

await test('settlement never lowers a bucket', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.rules({ pairIntervalUs: 500_000 })
  await w.settled(grant, 'sent', { startedUs: 10_000 })
  t.equal(await w.tat(), START + 2_000_000)
})

await test('a request for a grant that took long to reach Redis starts no cool-down', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  // It was granted 300 ms after it was requested, and started, sent and settled within 40 ms.
  w.at(40)
  await w.settled(grant, 'sent', { startedUs: 330_000 })
  t.equal(await w.tat(), START + 2_040_000, 'it started at the latest when it was settled')
  w.at(41)
  t.match(await w.admit({ key: 'b' }), { status: 'queued', waitingFor: 'pair-rate', waitUs: 1_999_000 })
})

await test('recovery counts from the latest possible start', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  w.at(60_000)
  await w.settled(grant, 'unknown', { startedUs: 250_000 })
  t.equal(await w.tat(), START + 2_250_000)
})

await test('the freed pair gets the ready time of its head, and a drain run that sleeps past it is woken', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.queue({ key: 'b', lane: 3 })
  await w.queue({ key: 'c', lane: 2 })
  await w.redis.set(w.key('drain-lease'), `a1.1 ${START + 9_000_000}`)
  t.equal((await w.settled(grant, 'sent')).wakeHint, 'notify')
  t.strictSame(await w.ready(), ['normal', START + 2_000_000])
  t.equal(await w.redis.get(w.key('drain-lease')), `a1.1 ${START + 2_000_000}`)
})

await test('a settlement of an old message leaves a younger one with the same key unchanged', async (t, w) => {
  const old = await w.grant({ key: 'a', windowMs: 60_000 })
  await w.settled(old, 'failed', { resultSuffix: tail() })
  await w.redis.del(w.key('msg', old.id)) // its window is over
  w.at(100_000)
  const young = await w.grant({ key: 'a', recipient: BOB })
  t.match(await w.retry(old.id, { force: true, holder: 'a1:9' }), { status: 'granted' })
  await w.settled({ ...old, attempt: 2, holder: 'a1:9' }, 'sent')
  t.match(await w.msg(young.id), `w ${young.id.slice(23)}`)
  t.equal(await w.redis.pttl(w.key('msg', young.id)), -1)
  t.equal(await w.state(old.id), 'sent')
  t.equal(await w.state(young.id), 'sending')
})
