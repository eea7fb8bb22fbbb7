/** admit.lua where something stands between a message and its grant: other turns, the flow, places, closed and restarted senders. */
import t from 'tap'
import { ANN, BOB, CARL, START, world } from './support.js'

const test = await world(t)

await test('nobody goes past a turn that is due in its own or a higher lane', async (t, w) => {
  await w.queue({ key: 'a', inline: false })
  t.match(await w.admit({ key: 'b', recipient: BOB, lane: 2 }), ['queued'])
  t.match(await w.admit({ key: 'c', recipient: CARL, lane: 3 }), ['queued'])
  t.match(await w.admit({ key: 'd', recipient: 'p14155550104', lane: 1 }), ['granted'], 'a higher lane does')
})

await test('a turn that is not due yet stands in nobody\'s way', async (t, w) => {
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  await w.queue({ key: 'b', lane: 1 })
  t.match(await w.admit({ key: 'c', recipient: BOB, lane: 3 }), ['granted'])
})

await test('every tenth slot goes to the lower lanes first', async (t, w) => {
  await w.queue({ key: 'a', lane: 3, inline: false })
  await w.redis.set(w.key('flow'), '0 9')
  t.match(await w.admit({ key: 'b', recipient: BOB, lane: 1 }), ['queued'])
  await w.redis.set(w.key('flow'), '0 10')
  t.match(await w.admit({ key: 'c', recipient: CARL, lane: 1 }), ['queued'], 'its own lane has a due turn now')
  await w.redis.del(w.key('turns:urgent'))
  t.match(await w.admit({ key: 'd', recipient: 'p14155550104', lane: 1 }), ['granted'])
})

await test('a pair in flight or in line takes newcomers into its line', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  w.at(10_000)
  t.strictSame((await w.admit({ key: 'b' })).slice(2, 5), [0, 'turn-in-queue', 1], 'held: no bucket binds, its settlement does')
  await w.settled(grant, 'sent')
  t.strictSame((await w.admit({ key: 'c' })).slice(2, 5), [2_000_000, 'pair-rate', 2])
})

await test('with a burst an idle pair gets several, one after the other', async (t, w) => {
  await w.rules({ pairBurst: 2 })
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  await w.settled(await w.grant({ key: 'b' }), 'sent')
  t.strictSame((await w.admit({ key: 'c' })).slice(2, 5), [2_000_000, 'pair-rate', 1])
  t.equal(await w.tat(), START + 4_000_000)
})

await test('the flow holds back all pairs of the sender, those with earlier turns first', async (t, w) => {
  await w.rules({ flowIntervalUs: 1_000_000, flowBurst: 1 })
  await w.grant({ key: 'a' })
  t.strictSame((await w.admit({ key: 'b', recipient: BOB })).slice(2, 4), [1_000_000, 'sender-rate'])
  w.at(100)
  t.strictSame((await w.admit({ key: 'c', recipient: CARL })).slice(2, 4), [1_900_000, 'sender-rate'])
  w.at(1000)
  t.match(await w.admit({ key: 'd', recipient: 'p14155550104', lane: 1 }), ['granted'], 'open again, and no urgent turn is due')
})

await test('the places in flight count over all nodes', async (t, w) => {
  await w.rules({ maxInFlight: 1 })
  const grant = await w.grant({ key: 'a', holder: 'a1:7' })
  const other = { key: 'b', recipient: BOB, holder: 'b2:7' }
  t.strictSame((await w.admit(other)).slice(2, 4), [0, 'turn-in-queue'])
  await w.settled(grant, 'sent')
  t.match(await w.admit({ key: 'c', recipient: CARL, lane: 1 }), ['granted'])
})

await test('a paused sender takes messages in and says until when they wait', async (t, w) => {
  await w.run('pause', { state: 'paused', forMs: 60_000, reason: 'ops' })
  w.at(1000)
  t.strictSame((await w.admit({ key: 'a' })).slice(2), [59_000_000, 'pause', 1, 'later'])
  w.at(60_000)
  t.match(await w.admit({ key: 'b', recipient: BOB, lane: 1 }), ['granted'], 'it opens by itself')
})

await test('where no end is known the wait is -1, and no life is too short for it', async (t, w) => {
  await w.run('pause', { state: 'paused', forMs: '', reason: 'ops' })
  t.strictSame((await w.admit({ key: 'a', lifeMs: 1 })).slice(2, 4), [-1, 'pause'])
  await w.run('pause', { state: 'stopped', forMs: 60_000, reason: '190' })
  t.strictSame((await w.admit({ key: 'b', recipient: BOB })).slice(2, 4), [-1, 'sender-stopped'])
  t.strictSame(await w.admit({ key: 'c', whenLimited: 'reject' }), ['refused', 'LIMITED', -1])
})

await test('another Redis than the one that took the last grants cools the sender down once', async (t, w) => {
  await w.rules({ pairBurst: 2 })
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  w.at(100)
  t.strictSame((await w.admit({ key: 'b', recipient: BOB, runId: 'run2' })).slice(2, 4), [5_000_000, 'cool-down'])
  t.strictSame(await w.redis.hmget(w.key('sender'), 'runId', 'coolUntil'), ['run2', String(START + 5_100_000)])
  w.at(1000)
  t.strictSame((await w.admit({ key: 'c', recipient: CARL, runId: 'run2', lane: 1 })).slice(2, 4), [4_100_000, 'cool-down'])
  w.at(5099)
  t.match(await w.admit({ key: 'd', recipient: 'p14155550104', runId: 'run2', lane: 1 }), ['queued'])
  await w.redis.del(w.key('turns:urgent'), w.key('lines:urgent'))
  w.at(5100)
  t.match(await w.admit({ key: 'e', recipient: 'p14155550105', runId: 'run2', lane: 1 }), ['granted'])
})

await test('a sender that never had a grant is not cooled, and its run id is kept', async (t, w) => {
  t.match(await w.admit({ key: 'a' }), ['granted'])
  t.strictSame(await w.redis.hmget(w.key('sender'), 'runId', 'coolUntil'), ['run1', '0'])
})

await test('a repeat of a reopened message whose fingerprint is lost is a duplicate', async (t, w) => {
  const old = await w.grant({ key: 'a' })
  await w.settled(old, 'failed')
  await w.redis.del(w.key('msg', old.id))
  await w.retake(old.id, { force: true })
  t.strictSame(await w.admit({ key: 'a' }), ['duplicate', old.id.slice(23)])
})

await test('an hour\'s index of terms lives as long as it is asked to', async (t, w) => {
  const [reply] = await Promise.all([w.admit({ key: 'a', terms: 'AAAAAAAAAAA BBBBBBBBBBB', findS: 7200 })])
  t.match(reply, ['granted'])
  const [name = ''] = await w.redis.keys(`*${w.prefix}*recent*`)
  const members = await w.redis.zrange(name, 0, -1)
  t.strictSame(members.map(member => member.slice(0, 12)), ['AAAAAAAAAAA:', 'BBBBBBBBBBB:'])
  const ttl = await w.redis.ttl(name)
  t.ok(ttl > 7190 && ttl <= 7200, `${ttl} s`)
  t.match(await w.admit({ key: 'b', recipient: ANN, terms: '', findS: 7200 }), ['queued'])
  t.equal(await w.redis.zcard(name), 2, 'without terms it can\'t be found')
})
