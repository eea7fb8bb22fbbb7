import t from 'tap'
import { ANN, START, world } from './support.js'

const test = await world(t)

await test('a late success of a message that is queued again removes it, and its pair goes on', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  const next = await w.queue({ key: 'b' })
  w.at(60_000)
  await w.settled(grant, 'wait', { startedUs: 250_000 })
  t.strictSame(await w.receipt(grant.id, 'wamid.9'), { status: 'sent' })
  t.match(await w.msg(grant.id), /^s \S+ 000000000000ff \d+ 0 p14155550101 web wamid.9$/)
  t.strictSame(await w.redis.zrange(w.key('queue:normal'), 0, -1), [`${ANN}:000000000002:${next}`])
  t.strictSame(await w.ready(), ['normal', w.now])
  t.equal(await w.redis.zscore(w.key('completed'), String(Math.floor(w.ms() / 600_000))), '1')
  t.match((await w.claim()).grants, [{ id: next }])
})

await test('a late success of the last queued message leaves no ready time', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'wait')
  t.strictSame(await w.receipt(grant.id, 'wamid.9'), { status: 'sent' })
  t.equal(await w.ready(), null)
})

await test('a late success of a message behind one in flight leaves the other message\'s grant unchanged', async (t, w) => {
  const first = await w.grant({ key: 'a' })
  await w.settled(first, 'retry', { afterMs: 0 })
  w.at(2000)
  const other = await w.grant({ key: 'b' })
  await w.retry(first.id)
  await w.queue({ key: 'c' })
  t.strictSame(await w.receipt(first.id, 'wamid.9'), { status: 'sent' })
  t.equal(await w.ready(), null)
  t.match(await w.settle(other, 'sent'), { status: 'settled' })
})

await test('a late success of a message that waits for a retry resolves it', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'retry', { history: '{"attempt":1}' })
  t.strictSame(await w.receipt(grant.id, 'wamid.9'), { status: 'sent' })
  t.equal(await w.state(grant.id), 'sent')
  t.equal(await w.redis.zscore(w.key('resolved'), grant.id), String(w.ms()))
  t.match(await w.redis.hget(w.key('failure-records'), grant.id), /{"attempt":1}\n\d+\S* {"outcome":"sent","note":"wamid.9"}$/)
  t.equal(await w.redis.exists(w.key('failures'), w.key('expiry'), w.key('backlog')), 0)
  w.at(60_000)
  t.strictSame(await w.retry(grant.id), { status: 'gone' }, 'it is not sent again')
})

await test('a late success settles an unknown outcome', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'unknown')
  t.strictSame(await w.receipt(grant.id, 'wamid.9'), { status: 'sent' })
  t.equal(await w.redis.zcard(w.key('unknown')), 0)
  t.strictSame(await w.settle({ ...grant, holder: '' }, 'retry'), { status: 'stale' }, 'no unknown outcome is left')
})

await test('a late success resolves a message that was given up', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'failed', { history: '{"reason":"unknown"}' })
  t.equal(await w.redis.exists(w.key('failed'), w.key('unacknowledged')), 2)
  t.strictSame(await w.receipt(grant.id, 'wamid.9'), { status: 'sent' })
  t.equal(await w.redis.exists(w.key('failed'), w.key('unacknowledged')), 0)
  t.equal(await w.state(grant.id), 'sent')
  t.match(await w.msg(grant.id), / web wamid.9$/)
})

await test('a repeat of the success that settled a message is known, and another success is a double', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'sent', { resultSuffix: 'web wamid.1 {"order":7}' })
  const before = await w.dump()
  t.strictSame(await w.receipt(grant.id, 'wamid.1', { resultSuffix: 'web wamid.1 {"order":7}' }), { status: 'known' })
  t.strictSame(await w.dump(), before)
  t.strictSame(await w.receipt(grant.id, 'wamid.2'), { status: 'double' })
  t.strictSame(await w.receipt(grant.id, 'wamid.2'), { status: 'known' }, 'one double')
  t.equal(await w.state(grant.id), 'sent')
  t.strictSame(await w.receipt(grant.id, 'wamid.3', { status: 'd' }), { status: 'double' }, 'another one')
  t.equal(await w.state(grant.id), 'delivered', 'whichever attempt the recipient has')
  t.strictSame(await w.receipt(grant.id, 'wamid.2', { status: 'd' }), { status: 'known' })
  t.strictSame(await w.receipt(grant.id, 'wamid.2', { status: 'r' }), { status: 'advanced' })
  t.strictSame(await w.receipt(grant.id, 'wamid.1', { status: 'r' }), { status: 'known' })
  t.equal(await w.state(grant.id), 'read')
  t.match(await w.msg(grant.id), / web wamid.1 {"order":7}$/)
})

await test('after the failure of an attempt its acceptance changes nothing, and its delivery does', async (t, w) => {
  const accepted = { status: 's', attempt: 1 }
  for (const [key, change] of [['retrying', {}], ['failed', { afterMs: '' }]] as const) {
    const grant = await w.grant({ key, recipient: `p1415555${key.length}` })
    await w.settled(grant, 'sent', { keepMs: 60_000 })
    await w.bounce(grant.id, 'wamid.1', { ...change, history: '{"outcome":"retryable","providerMessageId":"wamid.1"}' })
    const before = await w.dump()
    t.strictSame(await w.receipt(grant.id, 'wamid.1', accepted), { status: 'bounced' })
    t.strictSame(await w.dump(), before)
    t.equal(await w.state(grant.id), key)
    t.strictSame(await w.receipt(grant.id, 'wamid.1', { ...accepted, status: 'd' }), { status: 'sent' })
    t.equal(await w.state(grant.id), 'delivered')
  }
})

await test('a late delivery while the retry is in flight settles the message, and after it is a double, reported once', async (t, w) => {
  const again = async (key: string, atMs: number): Promise<Parameters<typeof w.settle>[0]> => {
    const grant = await w.grant({ key, recipient: `p1415555${key.length}` })
    await w.settled(grant, 'sent', { keepMs: 60_000 })
    await w.bounce(grant.id, 'wamid.1', { afterMs: 0, history: '{"outcome":"retryable","providerMessageId":"wamid.1"}' })
    w.at(atMs)
    await w.retry(grant.id, { holder: 'a1:9' })
    return { ...grant, attempt: 2, holder: 'a1:9' }
  }
  const report = async (id: string, status: string): Promise<string> => (await w.receipt(id, 'wamid.1', { attempt: 1, status })).status
  const flying = await again('flying', 2000)
  t.strictSame(
    [await report(flying.id, 's'), await report(flying.id, 'd'), await report(flying.id, 'r'), await report(flying.id, 's')],
    ['bounced', 'sent', 'advanced', 'known']
  )
  const settled = { resultSuffix: 'web wamid.2', history: '{"outcome":"sent","providerMessageId":"wamid.2"}' }
  t.match(await w.settle(flying, 'sent', settled), { settlement: 'double' })
  t.equal(await report(flying.id, 'r'), 'known', 'it was reported while that was in flight')
  const landed = await again('back', 4000)
  await w.settled(landed, 'sent', settled)
  t.strictSame([await report(landed.id, 's'), await report(landed.id, 'd'), await report(landed.id, 'r')], ['bounced', 'double', 'advanced'])
  t.equal(await w.state(landed.id), 'read')
})

await test('a status without a time has the time of its arrival', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'sent')
  t.strictSame(await w.receipt(grant.id, 'wamid.1', { status: 'd', atMs: 0 }), { status: 'advanced' })
  t.match(await w.msg(grant.id), ` 1:d${w.ms()} `)
})

await test('a repeated receipt counts once', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'unknown')
  t.strictSame(await w.receipt(grant.id, 'wamid.9'), { status: 'sent' })
  t.strictSame(await w.receipt(grant.id, 'wamid.9'), { status: 'known' })
  t.equal(await w.redis.zscore(w.key('completed'), String(Math.floor(w.ms() / 600_000))), '1')
})

await test('a receipt for a cancelled or forgotten message, or without rules, is unknown', async (t, w) => {
  const id = await w.queue({ key: 'a', inline: false })
  await w.cancel(id)
  t.strictSame(await w.receipt(id, 'wamid.9'), { status: 'gone' })
  const grant = await w.grant({ key: 'b' })
  await w.settled(grant, 'unknown')
  await w.redis.del(w.key('sender'))
  t.strictSame(await w.receipt(grant.id, 'wamid.9'), { status: 'gone' })
})

await test('a receipt for a message that failed and was cancelled makes it sent', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'retry')
  await w.cancel(grant.id)
  t.strictSame(await w.receipt(grant.id, 'wamid.9'), { status: 'sent' })
  t.match(await w.msg(grant.id), /^s /)
})

await test('a receipt for an older message of the key leaves the younger one\'s record unchanged', async (t, w) => {
  const old = await w.grant({ key: 'a', windowMs: 60_000 })
  await w.settled(old, 'failed')
  await w.redis.del(w.key('msg', old.id))
  w.at(100_000)
  const young = await w.grant({ key: 'a', recipient: 'p14155550199' })
  t.strictSame(await w.receipt(old.id, 'wamid.9'), { status: 'sent' })
  t.match(await w.msg(young.id), `w ${young.id.slice(23)}`)
  t.equal(await w.state(old.id), 'sent')
})

await test('after the window a success is still written under the message\'s own generation', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'failed')
  await w.redis.del(w.key('msg', grant.id))
  t.strictSame(await w.receipt(grant.id, 'wamid.9'), { status: 'sent' })
  t.match(await w.msg(grant.id), `s ${grant.id.slice(23)} 0 `)
  t.equal(await w.tat(), START + 2_000_000, 'a receipt changes no bucket')
})

await test('the state of a sent message only rises, and the times are kept', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'sent', { keepMs: 60_000 })
  t.strictSame(await w.receipt(grant.id, 'wamid.1', { attempt: 1, status: 'r', atMs: 1_700_000_200_000 }), { status: 'advanced' })
  t.equal(await w.state(grant.id), 'read')
  t.equal(await w.redis.exists(w.key('unconfirmed'), w.key('failure-records')), 0, 'a delivered message cannot bounce any more')
  t.strictSame(await w.receipt(grant.id, 'wamid.1', { attempt: 1, status: 'd', atMs: 1_700_000_190_000 }), { status: 'advanced' }, 'the time is new')
  t.equal(await w.state(grant.id), 'read')
  t.match(await w.msg(grant.id), / 1:r1700000200000:d1700000190000 p14155550101 web wamid.1$/)
  t.ok(await w.redis.pttl(w.key('msg', grant.id)) > 0, 'the window goes on')
  for (const status of ['s', 'd', 'r']) t.strictSame(await w.receipt(grant.id, 'wamid.1', { attempt: 1, status }), { status: 'known' })
})

await test('the record of a message with an earlier failure stays when the message is confirmed', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'retry', { afterMs: 0, history: '{"attempt":1}' })
  w.at(2000)
  await w.retry(grant.id, { holder: 'a1:9' })
  await w.settled({ ...grant, attempt: 2, holder: 'a1:9' }, 'sent', { keepMs: 60_000 })
  t.strictSame(await w.receipt(grant.id, 'wamid.1', { attempt: 2, status: 'd' }), { status: 'advanced' })
  t.equal(await w.redis.hexists(w.key('failure-records'), grant.id), 1)
})

await test('a receipt without the record returns it, and nothing is written yet', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'unknown')
  const before = await w.dump()
  t.match(await w.receipt(grant.id, 'wamid.1', { attempt: 1, resultSuffix: '' }), { status: 'needs_suffix', record: /^p14155550101 / })
  t.strictSame(await w.dump(), before)
  t.strictSame(await w.receipt(grant.id, 'wamid.1', { attempt: 1, status: 'd', atMs: 1_700_000_200_000 }), { status: 'sent' })
  t.match(await w.msg(grant.id), / 1:d1700000200000 p14155550101 web wamid.1$/)
})

await test('a double of a message with a history is kept there, once', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'retry', { afterMs: 0 })
  w.at(2000)
  await w.retry(grant.id, { holder: 'a1:9' })
  await w.settled({ ...grant, attempt: 2, holder: 'a1:9' }, 'sent')
  t.strictSame(await w.receipt(grant.id, 'wamid.8', { attempt: 1 }), { status: 'double' })
  t.strictSame(await w.receipt(grant.id, 'wamid.8', { attempt: 1 }), { status: 'known' })
  t.match(await w.redis.hget(w.key('failure-records'), grant.id), /\n\d+:accepted=wamid.8 {"outcome":"sent","note":"wamid.8"}$/)
})

await test('a record that is kept for a receipt expires when none came', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'sent', { keepMs: 60_000 })
  w.at(59_000)
  const terms = { retentionMs: 86_400_000, cap: 10, limit: 10 }
  t.equal((await w.run('prune', terms)).failures, 0)
  w.at(61_000)
  t.equal((await w.run('prune', terms)).failures, 1)
  t.equal(await w.redis.exists(w.key('unconfirmed'), w.key('failure-records')), 0)
})

await test('a receipt for an erased message is unknown', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'sent', { keepMs: 60_000 })
  await w.run('erase-message', { id: grant.id }, grant.id)
  t.strictSame(await w.receipt(grant.id, 'wamid.1', { attempt: 1, status: 'd' }), { status: 'gone' })
  t.strictSame(await w.bounce(grant.id, 'wamid.1'), { status: 'gone' })
  t.equal(await w.redis.exists(w.key('unconfirmed'), w.key('failure-records')), 0)
})
