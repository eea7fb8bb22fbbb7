/** Drain runs: they start when requested, end when idle, and hand over to others. */
import t from 'tap'
import { senderKey } from '../../src/redis/keys.js'
import { startSandbox } from '../sandbox/support.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, startNode } from '../support/gateway.js'
import { startRedis } from '../support/redis.js'
import { recordStarts } from '../support/observe.js'
import { pass, until } from '../support/until.js'

// A drain run lasts 15 s; on a Redis of its own, it runs beside the other tests.
const longRedis = await startRedis(t)
const longSandbox = await startSandbox(t, { enforcePair: false, throughputPerSecond: null })
const long = await startNode(t, { redisUrl: longRedis.url, apiUrl: longSandbox.url, env: { WHATSAPP_RATE_LIMIT_MS: '500' } })
for (let text = 1; text <= 34; text++) await long.send('+15550009001', String(text))

const environment = await createTestEnvironment(t, longStartWindow)
const { arrivals } = environment

await t.test('a drain run starts with the first queued message and ends when none is left', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '500' })
  await node.send('+15550009010', '1')
  t.equal(node.seen('drain.started').length, 0, 'a message that is sent at once needs none')
  await node.post('/messages/batch', ['2', '3'].map(message => ({ to: '+15550009010', message })))
  await arrivals('+15550009010', 3)
  const ended = await until('the drain run ends', () => node.seen('drain.ended')[0])
  t.equal(ended.sends, 2)
  t.equal(await environment.redis.connect().exists(senderKey(node.prefix, SENDER, 'drain-lease')), 0, 'its lease is released')
})

await t.test('a drain run ends when the next ready time is far away, and recovery requests another in time', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '7000' })
  const starts = recordStarts(t, environment.sandbox.url)
  await node.send('+15550009020', '1')
  await node.send('+15550009020', '2')
  await pass(300)
  t.equal(node.seen('drain.started').length, node.seen('drain.ended').length, 'no drain run is active meanwhile')
  await arrivals('+15550009020', 2, 30_000)
  const [gap = 0] = starts.gaps('+15550009020')
  // Recovery's slow round would come after 15 s at the earliest.
  t.ok(gap >= 6950 && gap < 10_000, `the message is sent at its ready time (${Math.round(gap)} ms)`)
  t.match(node.seen('recovery.found')[0], { kind: 'unattended' })
})

await t.test('when the node of a drain run dies, recovery requests another within 5 s', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '100' })
  await node.send('+15550009030', '1')
  const client = environment.redis.connect()
  // The lease of a dead node: just renewed, with the time of its next wake-up.
  await client.set(senderKey(node.prefix, SENDER, 'drain-lease'), `dead.1 ${Date.now() * 1000}`, 'PX', 3000)
  const askedAt = performance.now()
  t.match((await node.send('+15550009030', '2', {}, { prefer: 'respond-async' })).body, { queued: true })
  await arrivals('+15550009030', 2, 30_000)
  const tookMs = performance.now() - askedAt
  // The promise is 5 s, plus tolerance for a busy machine; recovery's slow round would take 15 s or more.
  t.ok(tookMs < 8000, `after ${Math.round(tookMs)} ms`)
  t.match(node.seen('recovery.found')[0], { kind: 'unattended' })
})

await t.test('a lost wake-up delays a message by at most half a second', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '4000' })
  const starts = recordStarts(t, environment.sandbox.url)
  // A node whose Redis user may do everything except publish.
  await environment.redis.connect().call('ACL', 'SETUSER', 'mute', 'on', '>secret', '~*', '+@all', 'resetchannels')
  const redisUrl = environment.redis.url.replace('://', '://mute:secret@')
  const poster = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '4000', ROLE: 'api' }, { prefix: node.prefix, redisUrl })
  await node.send('+15550009040', '1')
  await node.send('+15550009040', '2')
  const client = environment.redis.connect()
  await until('a drain run sleeps until the second message is ready', async () =>
    /^\S+ \d+$/.test((await client.get(senderKey(node.prefix, SENDER, 'drain-lease'))) ?? '')
  )
  await poster.send('+15550009041', 'now', {}, { prefer: 'respond-async' })
  await arrivals('+15550009041', 1)
  const [first, now] = [starts.of('+15550009040')[0]?.at ?? 0, starts.of('+15550009041')[0]?.at ?? 0]
  t.comment(`${Math.round(now - first)} ms after the first`)
  t.ok(now - first < 3500, 'sent well before the ready time of the second message, until which the drain run would have slept')
  t.ok(poster.seen('redis.lost').some(({ error }) => /NOPERM/.test(error)), 'the wake-up was really lost')
})

await t.test('a drain run hands over at its end without a delay', async t => {
  await until('all messages are sent', async () => (await long.get('/queues/stats')).body['completed'] === 34, 40_000)
  const seen = await longSandbox.seen()
  const gaps = seen.slice(1).map((arrival, i) => arrival.headersAt - (seen[i]?.headersAt ?? 0))
  // The lease is 3 s: without a hand-over the gap would be longer.
  t.ok(gaps.every(gap => gap < 2900), `the longest gap is ${Math.round(Math.max(...gaps))} ms`)
  t.same(seen.map(arrival => arrival.body?.text?.body), Array.from({ length: 34 }, (_, i) => String(i + 1)))
  t.ok(long.seen('drain.started').length >= 2, `${long.seen('drain.started').length} drain runs`)
  t.same(long.seen('recovery.found'), [], 'recovery had nothing to do')
})
