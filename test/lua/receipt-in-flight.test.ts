/**
 * An earlier attempt turns out to have been accepted while a later one is in flight or waits: the message is settled as sent at once, and nothing
 * sends it again or fails it, however the later attempt ends.
 */
import t from 'tap'
import { ANN, BOB, START, world, type Granted, type World } from './support.js'

const test = await world(t)
const LEASE = 60_000

/** A message whose first attempt has an unknown outcome, and whose second one is in flight. */
async function flying (w: World, key = 'a', recipient = ANN): Promise<Granted> {
  const first = await w.grant({ key, recipient })
  await w.settled(first, 'unknown', { history: '{"attempt":1,"outcome":"unknown"}' })
  await w.settled({ ...first, holder: '' }, 'retry', { afterMs: 0, history: '{"note":"no receipt came"}', startedUs: '' })
  w.at((w.now - START) / 1000 + 3000)
  const holder = `a1:${w.ms()}`
  const reply = await w.retry(first.id, { holder })
  if (reply.status !== 'granted') throw new TypeError('expected a grant')
  return { ...first, attempt: 2, holder }
}

/** Those of a negative span were taken out again. */
const completed = async (w: World): Promise<number> => {
  const flat = await w.redis.zrange(w.key('completed'), 0, -1, 'WITHSCORES')
  return flat.reduce((sum, value, i) => i % 2 === 1 && Number(flat[i - 1]) > 0 ? sum + Number(value) : sum, 0)
}

const endings: Array<[name: string, settlement: string, change: Parameters<World['settle']>[2]]> = [
  ['retried', 'retry', { history: '{"attempt":2,"outcome":"retryable"}' }],
  ['limited', 'wait', { bucket: 'pair', coolMs: 6000 }],
  ['given back', 'wait', { startedUs: '' }],
  ['refused', 'failed', { reason: 'rejected', history: '{"attempt":2,"outcome":"rejected"}' }],
  ['unknown', 'unknown', { history: '{"attempt":2,"outcome":"unknown"}' }],
  ['refused for the sender', 'stop', { bucket: 'sender', coolMs: 60_000, code: '190' }]
]

for (const [name, settlement, change] of endings) {
  await test(`a message proven sent while its next attempt is in flight stays sent when that is ${name}`, async (t, w) => {
    const second = await flying(w)
    const { id } = second
    t.strictSame(await w.receipt(id, 'wamid.1', { attempt: 1 }), { status: 'sent' })
    t.strictSame(await w.receipt(id, 'wamid.1', { attempt: 1, status: 'd' }), { status: 'advanced' })
    t.equal(await w.state(id), 'delivered', 'at once')
    t.match(await w.settle(second, settlement, change), { status: 'settled', settlement: 'superseded', dueMs: 0 })
    t.equal(await w.state(id), 'delivered')
    t.match(await w.msg(id), /^d .* p14155550101 web wamid.1$/)
    t.equal(await completed(w), 1)
    w.at(3_600_000)
    await w.run('pause', { state: 'active', forMs: '', reason: '' })
    t.strictSame(await w.retry(id, { force: true }), { status: 'gone' })
    t.strictSame((await w.claim()).grants, [], 'nothing goes out again')
    t.equal(await w.redis.exists(...['backlog', 'grants', 'inflight', 'unknown', 'failures', 'failed', 'expiry'].map(name => w.key(name))), 0)
    t.match(await w.grant({ key: 'next' }), { attempt: 1 }, 'the pair is free')
  })
}

await test('a second acceptance of a message proven sent is a double, and both can be found', async (t, w) => {
  const second = await flying(w)
  await w.receipt(second.id, 'wamid.1', { attempt: 1 })
  const entry = { resultSuffix: 'web wamid.2', history: '{"attempt":2,"outcome":"sent","providerMessageId":"wamid.2"}', keepMs: 60_000 }
  t.match(await w.settle(second, 'sent', entry), { settlement: 'double' })
  t.match(await w.msg(second.id), /^s \S+ \S+ \d+ 2 p14155550101 web wamid.1$/)
  t.match(await w.redis.hget(w.key('failure-records'), second.id), /accepted=wamid.1 .*\n.*accepted=wamid.2 /)
  t.strictSame(await w.receipt(second.id, 'wamid.2', { attempt: 2 }), { status: 'known' }, 'reported by its response')
  t.equal(await completed(w), 1)
})

await test('the pair rate counts from the start of an attempt whose message was proven sent', async (t, w) => {
  const second = await flying(w)
  await w.receipt(second.id, 'wamid.1', { attempt: 1 })
  const next = await w.queue({ key: 'b' })
  w.now += 500_000
  await w.settle(second, 'retry', { startedUs: 500_000 })
  t.equal(await w.tat(), w.now + 2_000_000)
  t.strictSame(await w.ready(), ['normal', w.now + 2_000_000])
  t.match(await w.state(next), 'queued')
})

await test('the lease of an attempt whose message was proven sent expires, even if the record is erased', async (t, w) => {
  const kept = await flying(w)
  const erased = await flying(w, 'b', BOB)
  for (const { id } of [kept, erased]) await w.receipt(id, 'wamid.1', { attempt: 1 })
  await w.run('erase-message', { id: erased.id }, erased.id)
  w.at((w.now - START) / 1000 + LEASE)
  const found = await w.run('recover', { lost: '', limit: 10 })
  t.match(found.leases, [{ id: kept.id, recipient: ANN, attempt: 2, record: '' }, { id: erased.id, recipient: BOB, attempt: 2, record: '' }])
  for (const grant of [kept, erased]) t.match(await w.settle(grant, 'unknown'), { settlement: 'superseded' })
  t.equal(await w.redis.exists(w.key('grants'), w.key('inflight'), w.key('unknown')), 0)
  t.match(await w.msg(erased.id), / - web -$/, 'what was erased stays erased')
})

await test('a late response of a stalled node settles the message while its next attempt is in flight', async (t, w) => {
  const second = await flying(w)
  t.strictSame(await w.receipt(second.id, 'wamid.1', { attempt: 0 }), { status: 'sent' })
  t.match(await w.settle(second, 'retry'), { settlement: 'superseded' })
  t.equal(await w.state(second.id), 'sent')
})

await test('a message whose next attempt waits is settled as well, wherever that waits', async (t, w) => {
  const places: Record<string, (grant: Granted) => Promise<unknown>> = {
    queued: async grant => await w.settled(grant, 'wait'),
    retrying: async grant => await w.settled(grant, 'retry'),
    unknown: async grant => await w.settled(grant, 'unknown'),
    failed: async grant => await w.settled(grant, 'failed', { reason: 'rejected', history: '{"reason":"rejected"}' })
  }
  for (const [i, [place, put]] of Object.entries(places).entries()) {
    const grant = await flying(w, place, `p1415555020${i}`)
    await put(grant)
    t.equal(await w.state(grant.id), place)
    t.strictSame(await w.receipt(grant.id, `wamid.${place}`, { attempt: 1, status: 'd' }), { status: 'sent' })
    t.equal(await w.state(grant.id), 'delivered', place)
    t.strictSame(await w.retry(grant.id, { force: true }), { status: 'gone' })
  }
  w.at(3_600_000)
  t.strictSame((await w.claim()).grants, [])
  t.equal(await w.redis.exists(...['backlog', 'unknown', 'failures', 'failed', 'unacknowledged', 'expiry'].map(name => w.key(name))), 0)
})

await test('a failure of the attempt that proved a message sent waits for the attempt in flight, and then counts', async (t, w) => {
  const second = await flying(w)
  await w.receipt(second.id, 'wamid.1', { attempt: 1 })
  t.strictSame(await w.bounce(second.id, 'wamid.1'), { status: 'in-flight' })
  await w.settle(second, 'failed', { history: '{"attempt":2,"outcome":"rejected"}' })
  t.match(await w.bounce(second.id, 'wamid.1', { afterMs: 1000 }), { status: 'retry' })
  t.equal(await w.state(second.id), 'retrying', 'no attempt was accepted any more')
  t.equal(await completed(w), 0)
})

await test('a failure of one attempt leaves a message sent as long as another one was accepted', async (t, w) => {
  const second = await flying(w)
  await w.receipt(second.id, 'wamid.1', { attempt: 1 })
  await w.settle(second, 'sent', { resultSuffix: 'web wamid.2', history: '{"attempt":2,"outcome":"sent"}' })
  t.strictSame(await w.bounce(second.id, 'wamid.1'), { status: 'failure-ignored' })
  t.match(await w.msg(second.id), /^s .* web wamid.2$/, 'it rests on the other one')
  t.strictSame(await w.bounce(second.id, 'wamid.1'), { status: 'known' })
  t.strictSame(await w.receipt(second.id, 'wamid.1', { attempt: 1 }), { status: 'bounced' })
  t.match(await w.bounce(second.id, 'wamid.2', { attempt: 2, afterMs: '' }), { status: 'failed' })
})

await test('a delivery of another attempt than the one of the result counts, and a failure of that does not', async (t, w) => {
  const second = await flying(w)
  await w.settled(second, 'sent', { resultSuffix: 'web wamid.2', history: '{"attempt":2,"outcome":"sent"}', keepMs: 60_000 })
  t.strictSame(await w.receipt(second.id, 'wamid.1', { attempt: 1, status: 'd' }), { status: 'double' })
  t.equal(await w.state(second.id), 'delivered')
  t.strictSame(await w.bounce(second.id, 'wamid.2', { attempt: 2 }), { status: 'failure-ignored' })
  t.equal(await w.state(second.id), 'delivered')
})

await test('a failure of an earlier attempt is kept while a later one waits or is in flight, so its acceptance settles nothing', async (t, w) => {
  for (const [i, place] of ['sending', 'retrying'].entries()) {
    const grant = await flying(w, place, `p1415555020${i}`)
    if (place === 'retrying') await w.settled(grant, 'retry')
    t.strictSame(await w.bounce(grant.id, 'wamid.1'), { status: 'known' })
    const before = await w.dump()
    t.strictSame(await w.bounce(grant.id, 'wamid.1'), { status: 'known' })
    t.strictSame(await w.receipt(grant.id, 'wamid.1', { attempt: 1 }), { status: 'bounced' }, 'reported in another order')
    t.strictSame(await w.dump(), before, 'once')
    t.equal(await w.state(grant.id), place)
    t.strictSame(await w.receipt(grant.id, 'wamid.1', { attempt: 1, status: 'd' }), { status: 'sent' }, 'a delivery does')
  }
})

await test('a status of the attempt in flight waits for its response, also when its message was proven sent', async (t, w) => {
  const second = await flying(w)
  await w.receipt(second.id, 'wamid.1', { attempt: 1 })
  const before = await w.dump()
  t.strictSame(await w.receipt(second.id, 'wamid.2', { attempt: 2, status: 'd' }), { status: 'in-flight' })
  t.strictSame(await w.dump(), before)
})
