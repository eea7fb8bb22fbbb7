/** What each change adds to the outbox, and what lease-callbacks, settle-callback, relay and erase-callbacks do with it. */
import type { LeasedCallback } from '../../src/redis/commands.js'
import t from 'tap'
import { A_WORD, lease, listen, outbox, settle } from './callbacks.js'
import { ANN, BOB, tail, world, type World } from './support.js'

const test = await world(t)
async function leaseOne (w: World): Promise<LeasedCallback> {
  const { callbacks: [event] } = await lease(w)
  if (event === undefined) throw new TypeError('expected a callback')
  return event
}

await test('each change of a message is added to the outbox in the same step, with its result', async (t, w) => {
  await listen(w)
  const first = await w.grant({ key: 'a' })
  await w.settled(first, 'sent', { resultSuffix: `${tail('wamid.1')} {"order":1}`, keepMs: 900_000 })
  await w.receipt(first.id, 'wamid.1', { status: 'd', attempt: 1 })
  await w.receipt(first.id, 'wamid.1', { status: 'd', attempt: 1 })
  await w.receipt(first.id, 'wamid.1', { status: 'r', attempt: 1 })
  const at = String(w.ms())
  const head = `${first.id} ${at}`
  const [sent = '', delivered = '', read = '', ...more] = await outbox(w)
  t.strictSame(more, [], 'a known status causes no second callback')
  t.match(sent, new RegExp(`^${head} s [0-9a-f]+ [0-9a-f]+ 0 1 ${ANN} web wamid\\.1 \\{"order":1\\}$`))
  t.match(delivered, new RegExp(`^${head} d .* 1:d${at} ${ANN} web wamid\\.1 \\{"order":1\\}$`))
  t.match(read, new RegExp(`^${head} r .* 1:d${at}:r${at} ${ANN} `))
})

await test('delivered after read adds no callback', async (t, w) => {
  await listen(w)
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'sent')
  await w.receipt(grant.id, 'wamid.1', { status: 'r', attempt: 1 })
  t.strictSame(await w.receipt(grant.id, 'wamid.1', { status: 'd', attempt: 1 }), { status: 'advanced' })
  t.strictSame((await outbox(w)).map(item => item.split(' ')[2]), ['s', 'r'])
})

await test('failures of every kind, cancelled and expired messages have callbacks, with their history behind a tab', async (t, w) => {
  await listen(w)
  const history = '{"attempt":1,"code":"131026"}'
  await w.settled(await w.grant({ key: 'a' }), 'failed', { history })
  const bounced = await w.grant({ key: 'b', recipient: BOB })
  await w.settled(bounced, 'sent')
  await w.bounce(bounced.id, 'wamid.1', { afterMs: '' })
  const cancelled = await w.queue({ key: 'c', inline: false })
  await w.cancel(cancelled)
  const expired = await w.queue({ key: 'd', inline: false, lifeMs: 3000 })
  w.at(3001)
  await w.cancel(expired, 'expired')
  const items = await outbox(w)
  t.strictSame(items.map(item => item.split(' ')[2]), ['f', 's', 'f', 'c', 'e'])
  t.strictSame(items.map(item => item.split('\t')[1]), [history, undefined, '{"code":"131000"}', '{"outcome":"cancelled"}', '{"outcome":"expired"}'])
})

await test('retries, rate limits and unknown outcomes cause no callback, and an outcome by receipt does', async (t, w) => {
  await listen(w)
  await w.settled(await w.grant({ key: 'a' }), 'retry')
  await w.settled(await w.grant({ key: 'b', recipient: BOB }), 'wait')
  const grant = await w.grant({ key: 'c', recipient: 'p14155550199' })
  await w.settled(grant, 'unknown')
  t.strictSame(await outbox(w), [])
  t.strictSame(await w.receipt(grant.id, 'wamid.9', { status: 'd', attempt: 1 }), { status: 'sent' })
  t.match(await outbox(w), [new RegExp(`^${grant.id} \\d+ d `)])
})

await test('a message has its callback although another message has its key by now', async (t, w) => {
  await listen(w)
  const id = await w.schedule({ key: 'a', scheduledFor: w.ms() + 5000, windowMs: 1 })
  await w.redis.set(w.key('msg', id), 'w 1a2b3c4d5e6 000000000000aa')
  await w.cancel(id)
  t.match(await outbox(w), [new RegExp(`^${id} \\d+ c ${id.split('.')[1] ?? ''} 0 `)])
  t.equal(await w.msg(id), 'w 1a2b3c4d5e6 000000000000aa')
})

await test('nothing is written for a sender without callbacks', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'sent')
  await w.receipt(grant.id, 'wamid.1', { status: 'd', attempt: 1 })
  await w.cancel(await w.queue({ key: 'b', inline: false }))
  t.strictSame(await w.run('relay', A_WORD), { status: 'off' })
  t.equal(await w.redis.exists(w.key('outbox')), 0)
})

await test('callbacks of one message are leased one after the other, those of two messages in parallel', async (t, w) => {
  await listen(w)
  const [a, b] = [await w.grant({ key: 'a' }), await w.grant({ key: 'b', recipient: BOB })]
  await w.settled(a, 'sent')
  await w.settled(b, 'sent')
  await w.receipt(a.id, 'wamid.1', { status: 'd', attempt: 1 })
  const { callbacks, ...rest } = await lease(w)
  t.strictSame(rest, { status: 'leased', nowMs: w.ms(), dueMs: w.ms() + 30_000, retryMs: 0, left: 0, dropped: 0 })
  t.strictSame(
    callbacks.map(({ subject, leaseEndMs, tries, event }) => [subject, leaseEndMs, tries, event.split(' ')[1]]).sort(),
    [
      [a.id, w.ms() + 30_000, 0, 's'],
      [b.id, w.ms() + 30_000, 0, 's']
    ].sort()
  )
  t.strictSame((await lease(w)).callbacks, [], 'no other dispatcher gets them')
  const ofA = callbacks.find(({ subject }) => subject === a.id) as LeasedCallback
  await w.receipt(a.id, 'wamid.1', { status: 'r', attempt: 1 })
  t.strictSame((await lease(w)).callbacks, [], 'and no newer callback of the message')
  w.at(10)
  const second = await settle(w, ofA)
  t.match(second, { status: 'delivered', leaseEndMs: w.ms() + 30_000, event: / d / })
  t.strictSame(await settle(w, ofA), { status: 'stale' }, 'a repeat changes nothing')
  const third = await settle(w, { subject: a.id, leaseEndMs: w.ms() + 30_000 }, { leaseMs: 20_000 })
  t.match(third, { status: 'delivered', leaseEndMs: w.ms() + 20_000, event: / r / })
  t.strictSame(await settle(w, { subject: a.id, leaseEndMs: w.ms() + 20_000 }), { status: 'delivered', leaseEndMs: 0, event: '' })
  t.strictSame(await w.redis.hkeys(w.key('callbacks')), [b.id])
})

await test('a callback that failed is due again later, before newer ones; an expired lease ends', async (t, w) => {
  await listen(w)
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'sent')
  const first = await leaseOne(w)
  await w.receipt(grant.id, 'wamid.1', { status: 'd', attempt: 1 })
  w.at(100)
  t.strictSame(await settle(w, first, { delivered: false }), { status: 'retry-scheduled', atMs: w.ms() + 5000 })
  t.hasStrict(await lease(w), { dueMs: 0, retryMs: w.ms() + 5000, callbacks: [] })
  w.at(5100)
  const second = await leaseOne(w)
  t.strictSame([second.subject, second.tries, second.event], [grant.id, 1, first.event], 'the same callback, after one attempt')
  w.at(36_000)
  const third = await leaseOne(w)
  t.equal(third.event, first.event)
  t.strictSame(await settle(w, second), { status: 'stale' }, 'the previous holder cannot settle it')
  t.match(await settle(w, third), { status: 'delivered', leaseEndMs: w.ms() + 30_000, event: / d / })
})

await test('a callback that is too old is dropped, and the next one of its message is leased', async (t, w) => {
  await listen(w)
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'sent')
  w.at(56_000)
  await w.receipt(grant.id, 'wamid.1', { status: 'd', attempt: 1 })
  const event = await leaseOne(w)
  t.match(await settle(w, event, { delivered: false }), { status: 'dead-lettered', leaseEndMs: w.ms() + 30_000, event: / d / })
  t.strictSame(await w.redis.lrange(w.key('callbacks-dead'), 0, -1), [`${grant.id} ${event.event}`])
  t.ok((await w.redis.pttl(w.key('callbacks-dead'))) > 0)
  t.strictSame(
    await settle(w, { subject: grant.id, leaseEndMs: w.ms() + 30_000 }, { delivered: false }),
    { status: 'retry-scheduled', atMs: w.ms() + 5000 },
    'which is younger'
  )
})

await test('a relayed webhook stays unchanged, line breaks too, and is delivered once', async (t, w) => {
  await listen(w)
  t.strictSame(await w.run('relay', A_WORD), { status: 'queued' })
  t.strictSame(await w.run('relay', A_WORD), { status: 'queued' })
  const event = await leaseOne(w)
  t.strictSame([event.subject, event.event], [A_WORD.subject, `${w.ms()} ${A_WORD.type} ${A_WORD.data}`])
  t.strictSame(await settle(w, event, { delivered: false, afterMs: 0 }), { status: 'retry-scheduled', atMs: w.ms() })
  t.strictSame((await leaseOne(w)).event, event.event)
  t.strictSame(await settle(w, event), { status: 'delivered', leaseEndMs: 0, event: '' })
  t.strictSame((await lease(w)).callbacks, [])
})

await test('erase-callbacks leaves the outcome of a message, and nothing that names the recipient', async (t, w) => {
  await listen(w)
  const [mine, other] = [await w.grant({ key: 'a' }), await w.grant({ key: 'b', recipient: BOB })]
  for (const grant of [mine, other]) await w.settled(grant, 'sent', { resultSuffix: `${tail('wamid.1')} {"name":"Ann"}`, history: '{"attempt":1}' })
  await w.receipt(mine.id, 'wamid.1', { status: 'd', attempt: 1 })
  await w.run('relay', A_WORD)
  await w.run('relay', { ...A_WORD, subject: A_WORD.subject.replace('A', 'B'), data: '{"entry":"1","change":{"from":"14155550102"}}' })
  await lease(w, { limit: 0 })
  await w.redis.lpush(
    w.key('callbacks-dead'),
    `${mine.id} ${w.ms()} f 1a2b3c4d5e6 ff 90000 6 ${ANN} web - {"a":1}\t{"attempt":6}`,
    `${A_WORD.subject} ${w.ms()} ${A_WORD.type} ${A_WORD.data}`
  )
  t.strictSame(await w.run('erase-callbacks', { recipient: ANN, names: '"14155550101"', cursor: '0', limit: 100 }), {
    status: 'page',
    cursor: '0',
    count: 5
  })
  t.match(
    await w.redis.hget(w.key('callbacks'), mine.id),
    new RegExp(`^0\n${w.ms()} s [0-9a-f]+ 0 0 1 - web -\n${w.ms()} d [0-9a-f]+ 0 0 1 - web -$`)
  )
  t.match(await w.redis.hget(w.key('callbacks'), other.id), /wamid\.1 \{"name":"Ann"\}\t/)
  t.strictSame((await w.redis.hkeys(w.key('callbacks'))).filter(subject => subject.startsWith('in:')), ['in:BAAAAAAAAAAAAAAAAAAAAA'])
  t.match(await w.redis.lrange(w.key('callbacks-dead'), 0, -1), [/^\S+ \d+ f \w+ 0 \d+ 6 - web -$/])
  t.equal(await w.redis.zcard(w.key('callbacks-due')), 3)
  t.strictSame(
    await w.run('erase-callbacks', { recipient: ANN, names: '"14155550101"', cursor: '0', limit: 100 }),
    { status: 'page', cursor: '0', count: 0 },
    'a repeat finds nothing'
  )
})
