import t from 'tap'
import { ANN, BOB, CARL, HOUR, START, lives, world } from './support.js'

const test = await world(t)

await test('a claim takes the drain lease and announces when the drain run wakes', async (t, w) => {
  const began = performance.now()
  const { next } = await w.claim()
  t.equal(next, -1, 'no message is queued')
  t.equal(await w.redis.get(w.key('drain-lease')), `a1.1 ${START + 500_000}`, 'it never sleeps longer')
  const ttl = await w.redis.pttl(w.key('drain-lease'))
  t.ok(lives(ttl, 3000, began), `${ttl} ms`)
})

await test('a claim of another drain run finds the sender leased, and changes nothing', async (t, w) => {
  await w.queue({ key: 'a', inline: false })
  await w.claim({ want: 0 })
  const before = await w.dump()
  t.strictSame(await w.claimOnce({ drainRun: 'b2.1' }), { status: 'leased' })
  t.strictSame(await w.claimOnce({ drainRun: 'b2.1', mode: 'end' }), { status: 'leased' })
  t.strictSame(await w.dump(), before)
  t.equal((await w.claim()).grants.length, 1, 'its holder goes on')
})

await test('a requested drain run takes over the lease', async (t, w) => {
  await w.queue({ key: 'a', inline: false })
  t.equal(await w.redis.get(w.key('drain-lease')), 'requested')
  t.equal((await w.claim({ drainRun: 'b2.1' })).grants.length, 1)
  t.match(await w.redis.get(w.key('drain-lease')), 'b2.1 ')
})

await test('a sender without rules is not drained', async (t, w) => {
  await w.redis.del(w.key('sender'))
  t.strictSame(await w.claimOnce(), { status: 'no_rules' })
  t.strictSame(await w.dump(), {})
})

await test('a drain run that ends before a near ready time requests the next one', async (t, w) => {
  await w.queue({ key: 'a', inline: false })
  await w.claim({ want: 0 })
  t.strictSame(await w.claimOnce({ mode: 'end' }), { status: 'ended', wakeHint: 'enqueue' })
  t.equal(await w.redis.get(w.key('drain-lease')), 'requested')
  t.equal(await w.redis.hlen(w.key('grants')), 0, 'ending grants nothing')
})

await test('a drain run that ends without a near ready time drops the lease', async (t, w) => {
  await w.claim()
  t.strictSame(await w.claimOnce({ mode: 'end' }), { status: 'ended', wakeHint: '' })
  t.equal(await w.redis.exists(w.key('drain-lease')), 0)
  await w.rules({ pairIntervalUs: 6_000_000 })
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  await w.queue({ key: 'b' })
  await w.claim()
  t.strictSame(await w.claimOnce({ mode: 'end' }), { status: 'ended', wakeHint: '' }, '6 s are not near')
  await w.claim()
  w.at(1000)
  t.strictSame(await w.claimOnce({ mode: 'end' }), { status: 'ended', wakeHint: 'enqueue' })
})

await test('a grant returns all that a send needs, and takes place, ready time and slot', async (t, w) => {
  const id = await w.queue({ key: 'a', lane: 3, inline: false })
  w.at(700)
  const { claimed, next } = await w.claim({ holder: 'a1:77', leaseMs: 5000 })
  const body = '{"to":"+1 415","type":"text","message":"a","caller":"web"}'
  t.strictSame(claimed, [{ id, recipient: ANN, attempt: 1, stops: 0, lane: 3, lateUs: 700_000, body, pairHits: 0 }])
  t.equal(next, -1)
  t.equal(await w.redis.exists(w.key('queue:bulk'), w.key('ready:bulk')), 0)
  t.equal(await w.tat(), START + 2_700_000)
  t.equal(await w.redis.get(w.key('sender-tat')), `${START + 701_000} 1`)
  t.equal(await w.redis.hget(w.key('grants'), ANN), `${id} 1 ${START + 5_700_000} a1:77 ${START + 700_000} 0 ${START}`)
  t.equal(await w.redis.zscore(w.key('inflight'), id), String(START + 5_700_000))
})

await test('heads are granted by their ready times, up to the limit, one for each pair', async (t, w) => {
  const ann = await w.queue({ key: 'a', inline: false })
  await w.queue({ key: 'b', inline: false })
  w.at(1)
  const bob = await w.queue({ key: 'c', inline: false, recipient: BOB })
  w.at(2)
  const carl = await w.queue({ key: 'd', inline: false, recipient: CARL })
  const { grants, next } = await w.claim({ want: 2 })
  t.strictSame(grants.map(grant => grant.id), [ann, bob])
  t.equal(next, w.now, 'the third is due')
  t.strictSame((await w.claim()).grants.map(grant => grant.id), [carl])
})

await test('the sender rate limits a claim, and lateness counts from the slot', async (t, w) => {
  await w.rules({ senderIntervalUs: 10_000, senderBurst: 2 })
  for (const recipient of [ANN, BOB, CARL]) await w.queue({ key: recipient, recipient, inline: false })
  w.at(5)
  const first = await w.claim()
  t.equal(first.grants.length, 2)
  t.equal(first.next, START + 15_000)
  w.at(18)
  t.strictSame((await w.claim()).claimed.map(grant => grant.lateUs), [3000])
})

await test('the limit of messages in flight counts over all nodes', async (t, w) => {
  await w.rules({ maxInFlight: 2 })
  for (const recipient of [ANN, BOB, CARL]) await w.queue({ key: recipient, recipient, inline: false })
  const { grants, next } = await w.claim()
  t.equal(grants.length, 2)
  t.equal(next, START + 100_000, 'a settlement wakes it earlier')
  t.strictSame((await w.claim()).grants, [])
  await w.settled(grants[0]!, 'sent')
  t.equal((await w.claim()).grants.length, 1)
})

await test('a limit below the number of messages in flight grants nothing, and what is ready is not forgotten', async (t, w) => {
  for (const recipient of [ANN, BOB, CARL, 'p14155550104']) await w.queue({ key: recipient, recipient, inline: false })
  await w.claim({ want: 3 })
  await w.rules({ maxInFlight: 1 })
  const { grants, next } = await w.claim()
  t.strictSame(grants, [])
  t.equal(next, START + 100_000)
})

await test('an expired head is returned and not granted; cancelled, it gives its ready time to the next message', async (t, w) => {
  const old = await w.queue({ key: 'a', inline: false, lifeMs: 1000 })
  const young = await w.queue({ key: 'b', inline: false })
  w.at(1000)
  const { expired, grants } = await w.claim()
  t.strictSame(expired, [old])
  t.strictSame(grants, [])
  t.strictSame(await w.cancel(old, 'expired'), { status: 'done', wakeHint: '', hadFailed: false })
  t.strictSame((await w.claim()).grants.map(grant => grant.id), [young])
})

await test('a head without a record is dropped and counted, and the next one goes', async (t, w) => {
  const lost = await w.queue({ key: 'a', inline: false })
  const next = await w.queue({ key: 'b', inline: false })
  await w.redis.hdel(w.key('backlog'), lost)
  const { dropped, grants } = await w.claim()
  t.equal(dropped, 1)
  t.strictSame(grants, [])
  t.strictSame(await w.ready(), ['normal', START])
  t.strictSame((await w.claim()).grants.map(grant => grant.id), [next])
})

await test('a ready time earlier than its bucket allows is corrected', async (t, w) => {
  await w.queue({ key: 'a', inline: false })
  await w.redis.zadd(w.key('pair-tat'), START + 1_234_567, ANN)
  const { grants, next } = await w.claim()
  t.strictSame(grants, [])
  t.strictSame(await w.ready(), ['normal', START - 765_433 + 2_000_000])
  t.equal(next, START + 1_234_567)
})

await test('a ready time in the wrong lane, of a pair in flight, or without a queue is corrected', async (t, w) => {
  await w.queue({ key: 'a', lane: 2, inline: false })
  const score = await w.redis.zscore(w.key('ready:normal'), ANN)
  await w.redis.zrem(w.key('ready:normal'), ANN)
  await w.redis.zadd(w.key('ready:bulk'), score ?? '', ANN)
  await w.grant({ key: 'b', recipient: BOB })
  await w.queue({ key: 'c', recipient: BOB })
  await w.redis.zadd(w.key('ready:normal'), START, BOB, START, CARL)
  t.strictSame((await w.claim()).grants, [])
  t.strictSame(await w.ready(ANN), ['normal', START])
  t.equal(await w.ready(BOB), null)
  t.equal(await w.ready(CARL), null)
  t.equal((await w.claim()).grants.length, 1)
})

await test('a ready time of a pair in flight grants no second send, however long the first takes', async (t, w) => {
  await w.grant({ key: 'a' })
  await w.queue({ key: 'b' })
  w.at(30_000)
  await w.redis.zadd(w.key('ready:normal'), START, ANN)
  t.strictSame((await w.claim()).grants, [])
  t.equal(await w.ready(), null)
})

await test('a paused sender grants nothing, and the next claim is due when it resumes', async (t, w) => {
  await w.queue({ key: 'a', inline: false })
  await w.run('pause', { state: 'paused', forMs: 3000, reason: 'ops' })
  const closed = await w.claim()
  t.strictSame(closed.grants, [])
  t.equal(closed.next, START + 3_000_000)
  await w.run('pause', { state: 'paused', forMs: '', reason: 'ops' })
  t.equal((await w.claim()).next, -1, 'without an end: when an operator resumes it')
})

await test('another Redis cools the sender down before anything is granted', async (t, w) => {
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  await w.queue({ key: 'b', recipient: BOB, inline: false })
  const cooled = await w.claim({ runId: 'run2' })
  t.strictSame(cooled.grants, [])
  t.equal(cooled.next, START + 3_000_000)
  w.at(3000)
  t.equal((await w.claim({ runId: 'run2' })).claimed[0]?.lateUs, 0, 'waiting for that is not lateness')
})

await test('the next claim is due when the first scheduled message is', async (t, w) => {
  await w.schedule({ key: 'a', scheduledFor: w.ms() + HOUR })
  t.equal((await w.claim()).next, (w.ms() + HOUR) * 1000)
})
