import t from 'tap'
import { writePayload } from '../../src/redis/payload.js'
import { ANN, BOB, CARL, START, world } from './support.js'

const test = await world(t)
const MINUTE = 60_000

await test('a message that was accepted and failed later is retried while its record exists', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'sent', { keepMs: 15 * MINUTE })
  t.equal(await w.redis.zscore(w.key('unconfirmed'), grant.id), String(w.ms() + 15 * MINUTE))
  w.at(1000)
  t.strictSame(await w.bounce(grant.id, 'wamid.1'), { status: 'retry', dueMs: w.ms() + MINUTE, stopped: false })
  t.equal(await w.state(grant.id), 'retrying')
  t.equal(await w.redis.exists(w.key('unconfirmed'), w.key('failure-records')), 0)
  t.match(await w.msg(grant.id), /^w \S+ 000000000000ff$/)
  t.equal(await w.redis.pttl(w.key('msg', grant.id)), -1, 'unsettled, so the record stays')
  w.at(1000 + MINUTE)
  t.match(await w.retry(grant.id), { status: 'granted', recipient: ANN, attempt: 2 })
})

await test('a repeated bounce counts once', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'sent', { keepMs: MINUTE })
  await w.bounce(grant.id, 'wamid.1')
  const before = await w.dump()
  t.strictSame(await w.bounce(grant.id, 'wamid.1'), { status: 'known' })
  t.strictSame(await w.dump(), before)
})

await test('a failure of an older attempt does not affect a later attempt that was accepted', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'sent', { keepMs: MINUTE })
  await w.bounce(grant.id, 'wamid.1', { afterMs: 0 })
  w.at(2000)
  await w.retry(grant.id, { holder: 'a1:9' })
  t.strictSame(await w.bounce(grant.id, 'wamid.1'), { status: 'known' }, 'while the second is in flight')
  await w.settled({ ...grant, attempt: 2, holder: 'a1:9' }, 'sent', { resultSuffix: 'web wamid.2', keepMs: MINUTE })
  t.strictSame(await w.bounce(grant.id, 'wamid.1'), { status: 'known' })
  t.equal(await w.state(grant.id), 'sent')
})

await test('an attempt whose lease expired does not count as another one that was accepted', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'unknown', { afterMs: 3000, code: 'LEASE_EXPIRED', history: '{"attempt":1,"outcome":"unknown"}' })
  w.at(4000)
  await w.settled({ ...grant, holder: '' }, 'retry', { afterMs: 0 })
  await w.retry(grant.id, { holder: 'a1:9' })
  await w.settled({ ...grant, attempt: 2, holder: 'a1:9' }, 'sent', { resultSuffix: 'web wamid.2', keepMs: MINUTE })
  t.strictSame(
    await w.bounce(grant.id, 'wamid.2', { attempt: 2, afterMs: '', code: '131026' }), { status: 'failed', dueMs: 0, stopped: false }
  )
  t.equal(await w.state(grant.id), 'failed')
})

await test('without a retry the message is FAILED, with its content', async (t, w) => {
  const grant = await w.grant({ key: 'a', payload: '{"to":"+1","type":"text","message":"kept","keySource":"none","caller":"web"}' })
  await w.settled(grant, 'sent', { keepMs: MINUTE })
  t.strictSame(await w.bounce(grant.id, 'wamid.1', { afterMs: '', code: '131026' }), { status: 'failed', dueMs: 0, stopped: false })
  t.equal(await w.state(grant.id), 'failed')
  t.match(await w.msg(grant.id), /^f \S+ \S+ \d+ 1 p14155550101 web wamid.1$/)
  t.match(await w.redis.hget(w.key('failure-records'), grant.id), '"message":"kept"')
  w.at(5000)
  t.match(await w.retry(grant.id, { force: true }), { status: 'granted' }, 'an operator may reopen it')
})

await test('a message whose record is gone is FAILED whatever the code, and cannot be reopened: there is nothing to send', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'sent', { resultSuffix: 'web wamid.1 {"order":7}' })
  const before = await w.dump()
  t.match(await w.bounce(grant.id, 'wamid.1', { payload: '' }), { status: 'needs_payload', result: / web wamid\.1 {"order":7}$/ })
  t.strictSame(await w.dump(), before, 'the caller writes the payload')
  t.strictSame(await w.bounce(grant.id, 'wamid.1', { payload: '["web","","n"]' }), { status: 'failed', dueMs: 0, stopped: false })
  t.equal(await w.state(grant.id), 'failed')
  t.match(
    await w.redis.hget(w.key('failure-records'), grant.id),
    /^p14155550101 00 [0-9a-f]{11} \d+ 1 0\n\["web","","n"]\n\d+:bounced=wamid\.1 {"code":"131000"}$/
  )
  t.strictSame(await w.retry(grant.id, { force: true }), { status: 'gone' })
})

await test('a delivered message stays delivered, and the failure is stored beside it', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'sent')
  await w.receipt(grant.id, 'wamid.1', { attempt: 1, status: 'd' })
  t.strictSame(await w.bounce(grant.id, 'wamid.1', { code: '131026' }), { status: 'failure-ignored' })
  t.match(await w.msg(grant.id), new RegExp(`^d \\S+ \\S+ \\d+ 1:d${w.ms()}:f131026 `))
  t.strictSame(await w.bounce(grant.id, 'wamid.1', { code: '131026' }), { status: 'known' })
})

await test('a delivery after the failure resolves it', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'sent', { keepMs: MINUTE })
  await w.bounce(grant.id, 'wamid.1')
  t.strictSame(await w.receipt(grant.id, 'wamid.1', { attempt: 1, status: 'd' }), { status: 'sent' })
  t.equal(await w.state(grant.id), 'delivered')
  w.at(2 * MINUTE)
  t.strictSame(await w.retry(grant.id), { status: 'gone' })
})

await test('a bounce settles an unknown outcome', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'unknown', { afterMs: 15 * MINUTE })
  t.strictSame(await w.bounce(grant.id, 'wamid.1', { afterMs: '' }), { status: 'failed', dueMs: 0, stopped: false })
  t.equal(await w.redis.zcard(w.key('unknown')), 0)
  t.match(await w.msg(grant.id), / web wamid.1$/)
})

await test('a bounce of an attempt in flight waits for the response of the attempt', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  const before = await w.dump()
  t.strictSame(await w.bounce(grant.id, 'wamid.1'), { status: 'in-flight' })
  t.strictSame(await w.receipt(grant.id, 'wamid.1', { attempt: 1 }), { status: 'in-flight' })
  t.strictSame(await w.dump(), before)
})

await test('a code that stops the sender stops it, and one that cools a bucket cools it', async (t, w) => {
  const one = await w.grant({ key: 'a' })
  await w.settled(one, 'sent')
  t.hasStrict(await w.bounce(one.id, 'wamid.1', { bucket: 'sender', coolMs: MINUTE, code: '131042' }), { stopped: true })
  t.match(await w.redis.hgetall(w.key('sender')), { status: 'stopped', reason: '131042' })
  await w.run('pause', { state: 'active', forMs: 0, reason: 'ops' })
  w.at(2000)
  const two = await w.grant({ key: 'b' })
  await w.settled(two, 'sent')
  await w.bounce(two.id, 'wamid.1', { bucket: 'pair', coolMs: MINUTE })
  t.equal(await w.tat(), START + 2_000_000 + MINUTE * 1000)
  await w.bounce(two.id, 'wamid.1', { bucket: 'pair', coolMs: 3 * MINUTE })
  t.equal(await w.tat(), START + 2_000_000 + MINUTE * 1000, 'a repeat changes nothing')
  w.at(2 * MINUTE)
  const three = await w.grant({ key: 'c' })
  await w.settled(three, 'sent')
  await w.bounce(three.id, 'wamid.1', { bucket: 'sender-rate', coolMs: MINUTE })
  t.ok(Number((await w.redis.get(w.key('sender-tat')))?.split(' ')[0]) >= w.now + MINUTE * 1000)
})

await test('a failure of an attempt from before an operator resumed the sender does not stop it again', async (t, w) => {
  const stops = { bucket: 'sender', coolMs: MINUTE, code: '131042' } as const
  const old = await w.grant({ key: 'a' })
  await w.settled(old, 'sent', { keepMs: MINUTE })
  const held = await w.grant({ key: 'b', recipient: BOB })
  await w.settled(held, 'unknown', { history: '{"attempt":1}' })
  const flying = await w.grant({ key: 'c', recipient: CARL })
  w.at(1000)
  await w.stop(MINUTE)
  w.at(2000)
  await w.run('pause', { state: 'active', forMs: '', reason: '' })
  t.match(await w.bounce(old.id, 'wamid.1', stops), { status: 'retry', stopped: false })
  t.match(await w.bounce(held.id, 'wamid.1', stops), { status: 'retry', stopped: false })
  t.match(await w.settle(flying, 'stop', stops), { settlement: 'wait', stopped: false }, 'nor does its response')
  t.equal(await w.redis.hget(w.key('sender'), 'status'), null)
  w.at(5000)
  const [again] = (await w.claim()).grants
  t.equal(again?.id, flying.id)
  if (again !== undefined) t.match(await w.settle(again, 'stop', stops), { settlement: 'wait', stopped: true }, 'a later attempt does')
})

await test('a sender that a probe has made active is not stopped by a failure from before', async (t, w) => {
  const old = await w.grant({ key: 'a' })
  await w.settled(old, 'sent')
  w.at(1000)
  await w.stop(MINUTE)
  w.at(1000 + MINUTE)
  await w.queue({ key: 'b', recipient: BOB, inline: false })
  const [probe] = (await w.claim()).grants
  if (probe === undefined) throw new TypeError('expected a probe')
  t.match(await w.settle(probe, 'sent'), { resumed: true })
  t.match(await w.bounce(old.id, 'wamid.1', { bucket: 'sender', coolMs: MINUTE, code: '131042' }), { stopped: false })
})

await test('a message that fails after it was counted as sent is not counted any more', async (t, w) => {
  const counts = async (): Promise<string[]> => await w.redis.zrange(w.key('completed'), 0, -1, 'WITHSCORES')
  const one = await w.grant({ key: 'a' })
  const two = await w.grant({ key: 'b', recipient: BOB })
  await w.settled(one, 'sent', { keepMs: MINUTE })
  await w.settled(two, 'sent', { keepMs: MINUTE })
  const span = String(Math.floor(w.ms() / 600_000))
  w.at(20 * MINUTE)
  await w.bounce(one.id, 'wamid.1')
  t.strictSame((await counts()).sort(), ['1', '1', `-${span}`, span].sort())
  await w.bounce(two.id, 'wamid.1', { afterMs: '' })
  t.strictSame(await counts(), [`-${span}`, '2'], 'it stays known how many were accepted')
  await w.receipt(two.id, 'wamid.1', { attempt: 1, status: 'd' })
  t.strictSame(await counts(), [String(Math.floor(w.ms() / 600_000)), '1', `-${span}`, '2'])
})

await test('a message without content that was delivered after all is taken out of the failures in one step', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'sent')
  await w.bounce(grant.id, 'wamid.1')
  t.match(await w.redis.hget(w.key('failure-records'), grant.id), /^p14155550101 00 /, 'it has no lane')
  t.strictSame(await w.receipt(grant.id, 'wamid.1', { attempt: 1, status: 'd' }), { status: 'sent' })
  t.equal(await w.state(grant.id), 'delivered')
})

await test('a bounce of a cancelled or forgotten message is unknown', async (t, w) => {
  const id = await w.queue({ key: 'a', inline: false })
  await w.cancel(id)
  t.strictSame(await w.bounce(id, 'wamid.1'), { status: 'known' })
  await w.redis.del(w.key('msg', id))
  t.strictSame(await w.bounce(id, 'wamid.1'), { status: 'gone' })
})

await test('the caller is read without parsing the text, which may have been cut inside a character', async (t, w) => {
  const payload = writePayload('', { to: '+1', type: 'text', message: 'cut \ud83d, "caller":"other"', keySource: 'none', caller: 'web' })
  const grant = await w.grant({ key: 'a', payload })
  await w.settled(grant, 'unknown')
  t.match(await w.bounce(grant.id, 'wamid.1', { afterMs: '', resultSuffix: '' }), { status: 'needs_suffix', record: /^p14155550101 / })
  t.match(await w.bounce(grant.id, 'wamid.1', { afterMs: '' }), { status: 'failed' })
  t.match(await w.msg(grant.id), / web wamid\.1$/)
  t.equal(await w.state(grant.id), 'failed')
})
