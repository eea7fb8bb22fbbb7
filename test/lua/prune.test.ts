import t from 'tap'
import { ANN, BOB, CARL, HOUR, START, world, type Granted, type World } from './support.js'

const test = await world(t)
const terms = { retentionMs: 30 * 24 * HOUR, cap: 1000, limit: 500 }

async function failed (w: World, key: string, recipient = ANN): Promise<Granted> {
  const grant = await w.grant({ key, recipient })
  await w.settled(grant, 'failed')
  return grant
}

await test('without data it does nothing', async (t, w) => {
  t.strictSame(await w.run('prune', terms), { status: 'pruned', expired: [], buckets: 0, failures: 0, cutFailed: 0, cutResolved: 0 })
})

await test('a bucket is removed once its TAT has passed, and no earlier', async (t, w) => {
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  w.now = START + 1_999_999
  t.strictSame(await w.run('prune', terms), { status: 'pruned', expired: [], buckets: 0, failures: 0, cutFailed: 0, cutResolved: 0 })
  w.now += 1
  t.strictSame(await w.run('prune', terms), { status: 'pruned', expired: [], buckets: 1, failures: 0, cutFailed: 0, cutResolved: 0 })
  t.equal(await w.tat(), 0)
  t.match(await w.admit({ key: 'b' }), { status: 'granted' }, 'no bucket equals an idle one')
})

await test('a bucket may be removed while its pair is in flight: settlement writes it again', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  w.at(3000)
  t.strictSame(await w.run('prune', terms), { status: 'pruned', expired: [], buckets: 1, failures: 0, cutFailed: 0, cutResolved: 0 })
  await w.settled(grant, 'sent', { startedUs: 2_900_000 })
  t.equal(await w.tat(), START + 4_900_000)
})

await test('settled failures are removed after the retention, with their record and acknowledgement', async (t, w) => {
  await failed(w, 'a')
  const solved = await w.grant({ key: 'b', recipient: BOB })
  await w.settled(solved, 'unknown')
  await w.receipt(solved.id, 'wamid.1')
  w.at(1000)
  const young = await failed(w, 'c', CARL)
  w.at(terms.retentionMs)
  t.match(await w.run('prune', terms), { status: 'pruned', expired: [], buckets: 3, failures: 2 })
  t.strictSame(await w.redis.hkeys(w.key('failure-records')), [young.id])
  t.equal(await w.redis.exists(w.key('resolved')), 0)
  t.strictSame(await w.redis.zrange(w.key('unacknowledged'), 0, -1), [young.id])
})

await test('above the cap the oldest settled failures of each kind are removed first', async (t, w) => {
  const ids = []
  for (const key of ['a', 'b', 'c']) {
    ids.push((await failed(w, key)).id)
    w.now += 3_000_000
  }
  t.hasStrict(await w.run('prune', { ...terms, cap: 2 }), { failures: 1, cutFailed: 1, cutResolved: 0 }, 'and these are counted')
  t.strictSame(await w.redis.zrange(w.key('failed'), 0, -1), ids.slice(1))
  t.equal(await w.redis.hlen(w.key('failure-records')), 2)
})

await test('one call removes no more of a kind than its limit', async (t, w) => {
  for (let i = 0; i < 5; i++) await failed(w, `${i}`, `p1415555020${i}`)
  for (let i = 0; i < 5; i++) await w.queue({ key: `w${i}`, recipient: `p1415555030${i}`, inline: false, lifeMs: 1000 })
  w.at(terms.retentionMs + 1)
  const { expired, buckets, failures } = await w.run('prune', { ...terms, limit: 3 })
  t.strictSame([expired.length, buckets, failures], [3, 3, 3])
})

await test('messages whose lifetime is over are returned and left for the caller to cancel', async (t, w) => {
  const waiting = await w.queue({ key: 'a', inline: false, lifeMs: 1000 })
  const scheduled = await w.schedule({ key: 'b', scheduledFor: w.ms() + 500, lifeMs: 1000 })
  w.at(999)
  t.strictSame((await w.run('prune', terms)).expired, [])
  w.at(1000)
  t.strictSame((await w.run('prune', terms)).expired, [waiting])
  w.at(1500)
  t.strictSame((await w.run('prune', terms)).expired, [waiting, scheduled])
  t.match(await w.cancel(waiting, 'expired'), { status: 'done' })
  t.strictSame((await w.run('prune', terms)).expired, [scheduled])
})

await test('counts of sent messages are kept for a day', async (t, w) => {
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  w.at(HOUR)
  await w.settled(await w.grant({ key: 'b' }), 'sent')
  w.at(24 * HOUR)
  await w.run('prune', terms)
  t.equal(await w.redis.zcard(w.key('completed')), 2)
  w.at(24 * HOUR + 600_000)
  await w.run('prune', terms)
  t.equal(await w.redis.zcard(w.key('completed')), 1)
})

await test('an opt-in is kept for 30 days, and an opt-out without a limit', async (t, w) => {
  const decide = async (recipient: string, preference: string): Promise<unknown> =>
    await w.run('opt-out', { recipient, preference, source: '{"by":"web","reason":"x"}', atMs: '' })
  await decide(ANN, 'stop')
  await decide(BOB, 'stop')
  await decide(BOB, 'resume')
  w.at(30 * 24 * HOUR)
  await decide(CARL, 'resume')
  await w.run('prune', terms)
  t.strictSame((await w.redis.hkeys(w.key('opt-outs'))).sort(), [`-${BOB}`, `-${CARL}`, ANN].sort())
  w.at(30 * 24 * HOUR + 1)
  await w.run('prune', terms)
  t.strictSame((await w.redis.hkeys(w.key('opt-outs'))).sort(), [`-${CARL}`, ANN].sort())
})

await test('a failure that is removed leaves nothing behind that names its record', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'retry', { history: '{"attempt":1}', afterMs: 0 })
  w.at(3000)
  const retried = await w.retry(grant.id, { holder: 'a1:9' })
  t.match(retried, { status: 'granted' })
  const again = { ...grant, attempt: 2, holder: 'a1:9' }
  await w.settled(again, 'sent', { history: '{"attempt":2}', keepMs: HOUR })
  w.at(4000)
  t.hasStrict(await w.run('prune', { ...terms, cap: 0 }), { failures: 1 })
  t.equal(await w.redis.hlen(w.key('failure-records')), 0)
  t.equal(await w.redis.zcard(w.key('unconfirmed')), 0)
})

await test('an expiry entry without a record is removed, so that it does not take the place of messages that expire', async (t, w) => {
  await w.grant({ key: 'a' })
  const id = await w.queue({ key: 'b', lifeMs: 5000 })
  await w.redis.zadd(w.key('expiry'), 0, 'gone.1a')
  w.at(5001)
  t.match(await w.run('prune', { ...terms, limit: 1 }), { expired: [] })
  t.match(await w.run('prune', { ...terms, limit: 1 }), { expired: [id] })
})
