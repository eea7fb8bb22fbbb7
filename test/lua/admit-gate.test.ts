/** admit.lua where a message is not granted at once: other ready pairs, the sender rate, the in-flight limit, paused and restarted senders. */
import t from 'tap'
import { ANN, BOB, CARL, START, world } from './support.js'

const test = await world(t)

await test('no message passes a pair that is ready in its own or a higher lane', async (t, w) => {
  await w.queue({ key: 'a', inline: false })
  t.match(await w.admit({ key: 'b', recipient: BOB, lane: 2 }), { status: 'queued' })
  t.match(await w.admit({ key: 'c', recipient: CARL, lane: 3 }), { status: 'queued' })
  t.match(await w.admit({ key: 'd', recipient: 'p14155550104', lane: 1 }), { status: 'granted' }, 'a higher lane does')
})

await test('a pair that is not ready yet blocks no other pair', async (t, w) => {
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  await w.queue({ key: 'b', lane: 1 })
  t.match(await w.admit({ key: 'c', recipient: BOB, lane: 3 }), { status: 'granted' })
})

await test('every tenth slot goes to the lower lanes first', async (t, w) => {
  await w.queue({ key: 'a', lane: 3, inline: false })
  await w.redis.set(w.key('sender-tat'), '0 9')
  t.match(await w.admit({ key: 'b', recipient: BOB, lane: 1 }), { status: 'queued' })
  await w.redis.set(w.key('sender-tat'), '0 10')
  t.match(await w.admit({ key: 'c', recipient: CARL, lane: 1 }), { status: 'queued' }, 'another pair of its own lane is ready now')
  await w.redis.del(w.key('ready:urgent'))
  t.match(await w.admit({ key: 'd', recipient: 'p14155550104', lane: 1 }), { status: 'granted' })
})

await test('a new message of a pair in flight or with a queue joins the queue', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  w.at(10_000)
  t.hasStrict(await w.admit({ key: 'b' }), { waitUs: 0, waitingFor: 'turn-in-queue', position: 1 }, 'the settlement ends the wait')
  await w.settled(grant, 'sent')
  t.hasStrict(await w.admit({ key: 'c' }), { waitUs: 2_000_000, waitingFor: 'pair-rate', position: 2 })
})

await test('with a burst an idle pair gets several grants, one after the other', async (t, w) => {
  await w.rules({ pairBurst: 2 })
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  await w.settled(await w.grant({ key: 'b' }), 'sent')
  t.hasStrict(await w.admit({ key: 'c' }), { waitUs: 2_000_000, waitingFor: 'pair-rate', position: 1 })
  t.equal(await w.tat(), START + 4_000_000)
})

await test('the sender rate delays all pairs of the sender, and the earliest ready time goes first', async (t, w) => {
  await w.rules({ senderIntervalUs: 1_000_000, senderBurst: 1 })
  await w.grant({ key: 'a' })
  t.hasStrict(await w.admit({ key: 'b', recipient: BOB }), { waitUs: 1_000_000, waitingFor: 'sender-rate' })
  w.at(100)
  t.hasStrict(await w.admit({ key: 'c', recipient: CARL }), { waitUs: 1_900_000, waitingFor: 'sender-rate' })
  w.at(1000)
  t.match(await w.admit({ key: 'd', recipient: 'p14155550104', lane: 1 }), { status: 'granted' }, 'active again, and no urgent pair is ready')
})

await test('the limit of messages in flight counts over all nodes', async (t, w) => {
  await w.rules({ maxInFlight: 1 })
  const grant = await w.grant({ key: 'a', holder: 'a1:7' })
  const other = { key: 'b', recipient: BOB, holder: 'b2:7' }
  t.hasStrict(await w.admit(other), { waitUs: 0, waitingFor: 'turn-in-queue' })
  await w.settled(grant, 'sent')
  t.match(await w.admit({ key: 'c', recipient: CARL, lane: 1 }), { status: 'granted' })
})

await test('a paused sender accepts messages and returns until when they wait', async (t, w) => {
  await w.run('pause', { state: 'paused', forMs: 60_000, reason: 'ops' })
  w.at(1000)
  t.hasStrict(await w.admit({ key: 'a' }), { waitUs: 59_000_000, waitingFor: 'pause', position: 1, wakeHint: 'defer' })
  w.at(60_000)
  t.match(await w.admit({ key: 'b', recipient: BOB, lane: 1 }), { status: 'granted' }, 'the pause ends by itself')
})

await test('a wait without a known end is -1, and no lifetime is too short for it', async (t, w) => {
  await w.run('pause', { state: 'paused', forMs: '', reason: 'ops' })
  t.hasStrict(await w.admit({ key: 'a', lifeMs: 1 }), { waitUs: -1, waitingFor: 'pause' })
  await w.stop(60_000)
  t.hasStrict(await w.admit({ key: 'b', recipient: BOB }), { waitUs: -1, waitingFor: 'sender-stopped' })
  t.strictSame(await w.admit({ key: 'c', whenLimited: 'reject' }), { status: 'rejected', code: 'LIMITED', waitUs: -1 })
})

await test('a change of the Redis run id since the last grants cools the sender down once', async (t, w) => {
  await w.rules({ pairBurst: 2 })
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  w.at(100)
  t.hasStrict(await w.admit({ key: 'b', recipient: BOB, runId: 'run2' }), { waitUs: 5_000_000, waitingFor: 'cool-down' })
  t.strictSame(await w.redis.hmget(w.key('sender'), 'runId', 'coolUntil'), ['run2', String(START + 5_100_000)])
  w.at(1000)
  t.hasStrict(await w.admit({ key: 'c', recipient: CARL, runId: 'run2', lane: 1 }), { waitUs: 4_100_000, waitingFor: 'cool-down' })
  w.at(5099)
  t.match(await w.admit({ key: 'd', recipient: 'p14155550104', runId: 'run2', lane: 1 }), { status: 'queued' })
  await w.redis.del(w.key('ready:urgent'), w.key('queue:urgent'))
  w.at(5100)
  t.match(await w.admit({ key: 'e', recipient: 'p14155550105', runId: 'run2', lane: 1 }), { status: 'granted' })
})

await test('the cool-down after a restart ends for a sender whose calls are all rejected', async (t, w) => {
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  w.at(100)
  const ask = async (key: string) => await w.admit({ key, recipient: BOB, runId: 'run2', whenLimited: 'reject' })
  t.match(await ask('b'), { status: 'rejected', code: 'LIMITED' })
  t.equal(await w.redis.hget(w.key('sender'), 'runId'), 'run2')
  const coolUntil = Number(await w.redis.hget(w.key('sender'), 'coolUntil'))
  w.at((coolUntil - START) / 1000 - 1)
  t.match(await ask('c'), { status: 'rejected', code: 'LIMITED' })
  t.equal(await w.redis.hget(w.key('sender'), 'coolUntil'), String(coolUntil), 'it is not extended')
  w.at((coolUntil - START) / 1000)
  t.match(await ask('d'), { status: 'granted' })
})

await test('a sender without any grant is not cooled down, and its run id is stored', async (t, w) => {
  t.match(await w.admit({ key: 'a' }), { status: 'granted' })
  t.strictSame(await w.redis.hmget(w.key('sender'), 'runId', 'coolUntil'), ['run1', '0'])
})

await test('a repeat of a reopened message whose fingerprint is lost is a duplicate', async (t, w) => {
  const old = await w.grant({ key: 'a' })
  await w.settled(old, 'failed')
  await w.redis.del(w.key('msg', old.id))
  await w.retry(old.id, { force: true })
  t.strictSame(await w.admit({ key: 'a' }), { status: 'duplicate', generation: old.id.slice(23) })
})

await test('the index of terms of an hour lives for the requested time', async (t, w) => {
  const [reply] = await Promise.all([w.admit({ key: 'a', terms: 'aaaaaaaaaa aabbbbbbbb bbbbbbbbbb', findS: 7200 })])
  t.match(reply, { status: 'granted' })
  const [name = ''] = await w.redis.keys(`*${w.prefix}*index*`)
  const lists = await w.redis.hgetall(name)
  t.match(lists, { a: /^aaaaaaaaaa:\S+ aabbbbbbbb:\S+$/, b: /^bbbbbbbbbb:\S+$/ })
  const ttl = await w.redis.ttl(name)
  t.ok(ttl > 7190 && ttl <= 7200, `${ttl} s`)
  t.match(await w.admit({ key: 'b', recipient: ANN, terms: '', findS: 7200 }), { status: 'queued' })
  t.strictSame(await w.redis.hgetall(name), lists, 'without terms it can\'t be found')
})
