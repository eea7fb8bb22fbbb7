import t from 'tap'
import { ANN, BOB, HOUR, START, world, type World } from './support.js'

const test = await world(t)

async function recover (w: World, lost: string[] = [], limit = 100) {
  const { wakeHint, leases, lost: grants, unknown: unknowns, nextMs: next } = await w.run('recover', { lost: lost.join(' '), limit })
  return { wakeHint, leases, grants, unknowns, next }
}

await test('without faults it finds nothing and changes nothing', async (t, w) => {
  await w.grant({ key: 'a' })
  await w.queue({ key: 'b' })
  const before = await w.dump()
  w.at(59_999)
  t.strictSame(await recover(w), { wakeHint: '', leases: [], grants: [], unknowns: [], next: Math.ceil(START / 1000) + 60_000 })
  t.strictSame(await w.dump(), before)
})

await test('an expired lease is returned with all that settling needs', async (t, w) => {
  const { id, holder } = await w.grant({ key: 'a' })
  w.at(60_000)
  const record = await w.redis.hget(w.key('backlog'), id)
  t.strictSame((await recover(w)).leases, [{ id, recipient: ANN, attempt: 1, holder, record: record ?? '' }])
  t.equal((await recover(w)).leases.length, 1, 'until it is settled')
  t.match(await w.settle({ id, recipient: ANN, attempt: 1, holder }, 'unknown', { startedUs: 250_000 }), { status: 'settled' })
  t.strictSame((await recover(w)).leases, [])
})

await test('an in-flight entry without a grant is removed', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  const waiting = await w.queue({ key: 'b' })
  await w.redis.zadd(w.key('inflight'), START, waiting, START, `${grant.id.slice(0, 22)}.ffffffffff`)
  t.strictSame((await recover(w)).leases, [])
  t.strictSame(await w.redis.zrange(w.key('inflight'), 0, -1), [grant.id])
})

await test('grants of a call whose reply was lost are returned at once, and no others', async (t, w) => {
  const lost = await w.grant({ key: 'a', holder: 'a1:700' })
  await w.grant({ key: 'b', recipient: BOB, holder: 'a1:701' })
  const { grants, leases } = await recover(w, ['a1:699', 'a1:700'], 0)
  t.match(grants, [{ id: lost.id, recipient: ANN, attempt: 1, holder: 'a1:700', record: /^p/ }])
  t.strictSame(leases, [])
  await w.settled(lost, 'wait', { startedUs: '' })
  t.strictSame((await recover(w, ['a1:700'])).grants, [])
  t.match(await w.redis.hget(w.key('backlog'), lost.id), /^p14155550101 21 [0-9a-f]{11} 0\n/, 'no attempt is used up')
})

await test('unknown outcomes are returned when their hold is over', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'unknown', { afterMs: 900_000 })
  w.at(899_999)
  t.strictSame((await recover(w)).unknowns, [])
  w.at(900_000)
  t.match((await recover(w)).unknowns, [{ id: grant.id, record: /^p14155550101 21 [0-9a-f]{11} 0 1 0\n/ }])
})

await test('a call returns no more than its limit', async (t, w) => {
  for (let i = 0; i < 3; i++) {
    await w.grant({ key: `l${i}`, recipient: `p1415555020${i}` })
    await w.settled(await w.grant({ key: `u${i}`, recipient: `p1415555030${i}` }), 'unknown')
  }
  w.at(HOUR)
  const some = await recover(w, [], 2)
  t.strictSame([some.leases.length, some.unknowns.length], [2, 2])
  const none = await recover(w, [], 0)
  t.strictSame([none.leases.length, none.unknowns.length], [0, 0])
})

await test('a ready time without a drain run requests one, 2 s before', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  w.now = START + 1
  await w.settled(grant, 'sent', { startedUs: 1 })
  w.now = START
  await w.queue({ key: 'b', lane: 3 })
  await w.redis.del(w.key('drain-lease'))
  t.equal((await recover(w)).wakeHint, '')
  w.now = START + 1
  t.equal((await recover(w)).wakeHint, 'enqueue')
  t.equal(await w.redis.get(w.key('drain-lease')), 'requested')
  t.equal((await recover(w)).wakeHint, '', 'only the first caller adds a job')
})

await test('a leased sender is left to its drain run, even if that sleeps too long', async (t, w) => {
  await w.queue({ key: 'a', inline: false })
  await w.redis.set(w.key('drain-lease'), `a1.1 ${START + 400_000}`)
  t.equal((await recover(w)).wakeHint, '')
  t.equal(await w.redis.get(w.key('drain-lease')), `a1.1 ${START + 400_000}`)
})

await test('a paused or stopped sender has a drain run when it resumes or a probe is due', async (t, w) => {
  await w.queue({ key: 'a', inline: false })
  await w.redis.del(w.key('drain-lease'))
  await w.run('pause', { state: 'paused', forMs: '', reason: 'ops' })
  w.at(HOUR)
  t.equal((await recover(w)).wakeHint, '', 'no end known')
  await w.run('pause', { state: 'paused', forMs: 10_000, reason: 'ops' })
  t.equal((await recover(w)).wakeHint, '')
  w.at(HOUR + 8000)
  t.equal((await recover(w)).wakeHint, 'enqueue')
  await w.stop(2000)
  await w.redis.del(w.key('drain-lease'))
  t.equal((await recover(w)).wakeHint, 'enqueue')
})

await test('a sender that cools down has a drain run when that is over', async (t, w) => {
  await w.grant({ key: 'a' })
  await w.queue({ key: 'b', recipient: BOB, runId: 'run2' })
  await w.redis.del(w.key('drain-lease'))
  t.equal((await recover(w)).wakeHint, '')
  w.at(1000)
  t.equal((await recover(w)).wakeHint, 'enqueue')
})

await test('a due scheduled message has a drain run, whether its sender is paused or not', async (t, w) => {
  await w.run('pause', { state: 'paused', forMs: '', reason: 'ops' })
  await w.schedule({ key: 'a', scheduledFor: w.ms() + HOUR })
  t.equal((await recover(w)).wakeHint, '')
  w.at(HOUR - 1999)
  t.equal((await recover(w)).wakeHint, 'enqueue')
})

await test('the reply is when to call again: 2 s before a ready time, at the end of a lease or of a hold, or never', async (t, w) => {
  t.equal((await recover(w)).next, 0)
  const grant = await w.grant({ key: 'a', leaseMs: 60_000 })
  t.equal((await recover(w)).next, Math.ceil(START / 1000) + 60_000)
  await w.settled(grant, 'unknown', { afterMs: 9000 })
  t.equal((await recover(w)).next, w.ms() + 9000)
  await w.run('pause', { state: 'paused', forMs: 5000, reason: 'ops' })
  await w.queue({ key: 'b' })
  t.equal((await recover(w)).next, Math.ceil(START / 1000) + 3000)
  w.at(4000)
  await recover(w)
  const { next } = await recover(w)
  t.ok(next > w.ms() + 1500 && next <= w.ms() + 2001, `called for 2 s: ${next - w.ms()} ms`)
  w.at(30_000)
  await w.redis.del(w.key('drain-lease'))
  await w.redis.set(w.key('drain-lease'), `a1.1 ${w.now}`, 'PX', 3000)
  t.equal((await recover(w)).next, Math.ceil(w.now / 1000), 'an overdue entry makes it now')
})

await test('without rules no drain run is requested, and expired leases are still found', async (t, w) => {
  await w.queue({ key: 'a', inline: false })
  await w.grant({ key: 'b', recipient: BOB, lane: 1 })
  await w.redis.del(w.key('sender'), w.key('drain-lease'))
  w.at(60_000)
  const { wakeHint, leases } = await recover(w)
  t.equal(wakeHint, '')
  t.equal(leases.length, 1)
})

await test('holds that end at one moment are returned in the order of acceptance', async (t, w) => {
  const ids: string[] = []
  for (let n = 0; n < 8; n++) {
    const grant = await w.grant({ key: `${n}`, recipient: `p1415555${1000 + n}` })
    await w.settled(grant, 'unknown', { afterMs: 60_000 })
    ids.push(grant.id)
  }
  w.at(60_000)
  t.strictSame((await recover(w)).unknowns.map(({ id }) => id), ids)
})

await test('an expired lease is extended once, so that a running node can write what it knows after an outage', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  const graced = async () => await w.run('recover', { lost: '', limit: 100, graceMs: 3000 })
  // Redis was away for longer than the lease, so the first look comes later than its end.
  w.at(90_000)
  t.match(await graced(), { leases: [], nextMs: Math.ceil(w.now / 1000) + 3000 }, 'the first look only starts the grace')
  t.equal(await w.redis.zcard(w.key('inflight')), 1, 'it is in flight meanwhile')
  w.at(92_999)
  t.match(await graced(), { leases: [] }, 'and no second one extends it again')
  t.match(await w.settle(grant, 'wait', { bucket: 'pair', coolMs: 6000 }), { status: 'settled', settlement: 'wait' }, 'the node is in time')
  w.at(200_000)
  t.match(await graced(), { leases: [] })
  t.equal(await w.redis.zcard(w.key('inflight')), 0)
})

await test('a lease whose grace is over is returned', async (t, w) => {
  const { id } = await w.grant({ key: 'a' })
  const graced = async () => await w.run('recover', { lost: '', limit: 100, graceMs: 3000 })
  w.at(60_000)
  t.match(await graced(), { leases: [] })
  w.at(63_000)
  t.match(await graced(), { leases: [{ id }] })
})
