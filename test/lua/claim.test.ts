import t from 'tap'
import { ANN, BOB, CARL, HOUR, START, lives, world } from './support.js'

const test = await world(t)

await test('a look takes the lease and announces when the shift wakes', async (t, w) => {
  const began = performance.now()
  const { next } = await w.claim()
  t.equal(next, -1, 'nobody waits')
  t.equal(await w.redis.get(w.key('drain-lease')), `a1.1 ${START + 500_000}`, 'it never sleeps longer')
  const ttl = await w.redis.pttl(w.key('drain-lease'))
  t.ok(lives(ttl, 3000, began), `${ttl} ms`)
})

await test('another shift is told that the sender is attended, and changes nothing', async (t, w) => {
  await w.queue({ key: 'a', inline: false })
  await w.claim({ want: 0 })
  const before = await w.dump()
  t.strictSame(await w.look({ drainRun: 'b2.1' }), { status: 'leased' })
  t.strictSame(await w.look({ drainRun: 'b2.1', mode: 'end' }), { status: 'leased' })
  t.strictSame(await w.dump(), before)
  t.equal((await w.claim()).grants.length, 1, 'its holder goes on')
})

await test('a shift that was called takes over', async (t, w) => {
  await w.queue({ key: 'a', inline: false })
  t.equal(await w.redis.get(w.key('drain-lease')), 'requested')
  t.equal((await w.claim({ drainRun: 'b2.1' })).grants.length, 1)
  t.match(await w.redis.get(w.key('drain-lease')), 'b2.1 ')
})

await test('a sender without rules is attended by nobody', async (t, w) => {
  await w.redis.del(w.key('sender'))
  t.strictSame(await w.look(), { status: 'no_rules' })
  t.strictSame(await w.dump(), {})
})

await test('a shift that ends with a turn near hands over by a call', async (t, w) => {
  await w.queue({ key: 'a', inline: false })
  await w.claim({ want: 0 })
  t.strictSame(await w.look({ mode: 'end' }), { status: 'ended', wakeHint: 'enqueue' })
  t.equal(await w.redis.get(w.key('drain-lease')), 'requested')
  t.equal(await w.redis.hlen(w.key('grants')), 0, 'ending grants nothing')
})

await test('a shift that ends with no turn near drops the lease', async (t, w) => {
  await w.claim()
  t.strictSame(await w.look({ mode: 'end' }), { status: 'ended', wakeHint: '' })
  t.equal(await w.redis.exists(w.key('drain-lease')), 0)
  await w.rules({ pairIntervalUs: 6_000_000 })
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  await w.queue({ key: 'b' })
  await w.claim()
  t.strictSame(await w.look({ mode: 'end' }), { status: 'ended', wakeHint: '' }, '6 s are not near')
  await w.claim()
  w.at(1000)
  t.strictSame(await w.look({ mode: 'end' }), { status: 'ended', wakeHint: 'enqueue' })
})

await test('a grant tells all that is needed to send, and takes place, turn and slot', async (t, w) => {
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

await test('heads are granted by their turns, as many as are wanted, one for each pair', async (t, w) => {
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

await test('the flow limits a claim, and lateness counts from the slot', async (t, w) => {
  await w.rules({ senderIntervalUs: 10_000, senderBurst: 2 })
  for (const recipient of [ANN, BOB, CARL]) await w.queue({ key: recipient, recipient, inline: false })
  w.at(5)
  const first = await w.claim()
  t.equal(first.grants.length, 2)
  t.equal(first.next, START + 15_000)
  w.at(18)
  t.strictSame((await w.claim()).claimed.map(grant => grant.lateUs), [3000])
})

await test('places in flight are limited over all nodes', async (t, w) => {
  await w.rules({ maxInFlight: 2 })
  for (const recipient of [ANN, BOB, CARL]) await w.queue({ key: recipient, recipient, inline: false })
  const { grants, next } = await w.claim()
  t.equal(grants.length, 2)
  t.equal(next, START + 100_000, 'a settlement wakes it earlier')
  t.strictSame((await w.claim()).grants, [])
  await w.settled(grants[0]!, 'sent')
  t.equal((await w.claim()).grants.length, 1)
})

await test('fewer places than sends under way grant nothing', async (t, w) => {
  for (const recipient of [ANN, BOB, CARL]) await w.queue({ key: recipient, recipient, inline: false })
  await w.claim({ want: 2 })
  await w.rules({ maxInFlight: 1 })
  t.strictSame((await w.claim()).grants, [])
})

await test('an expired head is named and not granted; cancelled, it leaves its turn to the next', async (t, w) => {
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
  t.strictSame(await w.turn(), ['normal', START])
  t.strictSame((await w.claim()).grants.map(grant => grant.id), [next])
})

await test('a turn earlier than its bucket allows is put right', async (t, w) => {
  await w.queue({ key: 'a', inline: false })
  await w.redis.zadd(w.key('pair-tat'), START + 1_234_567, ANN)
  const { grants, next } = await w.claim()
  t.strictSame(grants, [])
  t.strictSame(await w.turn(), ['normal', START - 765_433 + 2_000_000])
  t.equal(next, START + 1_234_567)
})

await test('a turn in the wrong lane, of a held pair, or of nobody is put right', async (t, w) => {
  await w.queue({ key: 'a', lane: 2, inline: false })
  const score = await w.redis.zscore(w.key('ready:normal'), ANN)
  await w.redis.zrem(w.key('ready:normal'), ANN)
  await w.redis.zadd(w.key('ready:bulk'), score ?? '', ANN)
  await w.grant({ key: 'b', recipient: BOB })
  await w.queue({ key: 'c', recipient: BOB })
  await w.redis.zadd(w.key('ready:normal'), START, BOB, START, CARL)
  t.strictSame((await w.claim()).grants, [])
  t.strictSame(await w.turn(ANN), ['normal', START])
  t.equal(await w.turn(BOB), null)
  t.equal(await w.turn(CARL), null)
  t.equal((await w.claim()).grants.length, 1)
})

await test('a turn of a pair in flight grants no second send, however long it takes', async (t, w) => {
  await w.grant({ key: 'a' })
  await w.queue({ key: 'b' })
  w.at(30_000)
  await w.redis.zadd(w.key('ready:normal'), START, ANN)
  t.strictSame((await w.claim()).grants, [])
  t.equal(await w.turn(), null)
})

await test('a paused sender grants nothing and is looked at when it opens', async (t, w) => {
  await w.queue({ key: 'a', inline: false })
  await w.run('pause', { state: 'paused', forMs: 3000, reason: 'ops' })
  const closed = await w.claim()
  t.strictSame(closed.grants, [])
  t.equal(closed.next, START + 3_000_000)
  await w.run('pause', { state: 'paused', forMs: '', reason: 'ops' })
  t.equal((await w.claim()).next, -1, 'without an end: when somebody opens it')
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

await test('a shift looks again when the first scheduled message is due', async (t, w) => {
  await w.schedule({ key: 'a', scheduledFor: w.ms() + HOUR })
  t.equal((await w.claim()).next, (w.ms() + HOUR) * 1000)
})
