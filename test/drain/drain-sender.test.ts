/** Who attends a sender: shifts begin when called, end when idle, and are followed by others. */
import t from 'tap'
import { senderKey } from '../../src/redis/keys.js'
import { startSandbox } from '../sandbox/support.js'
import { createGround, unhurried } from '../support/flow.js'
import { SENDER, startNode } from '../support/gateway.js'
import { startRedis } from '../support/redis.js'
import { watchStarts } from '../support/starts.js'
import { pass, until } from '../support/until.js'

// A shift lasts 15 s; on a Redis of its own, it goes on beside the other tests.
const longRedis = await startRedis(t)
const longSandbox = await startSandbox(t, { enforcePair: false, throughputPerSecond: null })
const long = await startNode(t, { redisUrl: longRedis.url, apiUrl: longSandbox.url, env: { WHATSAPP_RATE_LIMIT_MS: '500' } })
for (let text = 1; text <= 34; text++) await long.send('+15550009001', String(text))

const ground = await createGround(t, unhurried)
const { arrivals } = ground

await t.test('a shift begins with the first message that waits and ends when nobody does', async t => {
  const node = await ground.start(t, { WHATSAPP_RATE_LIMIT_MS: '500' })
  await node.send('+15550009010', '1')
  t.equal(node.seen('drain.started').length, 0, 'who is sent at once needs none')
  await node.post('/messages/batch', ['2', '3'].map(message => ({ to: '+15550009010', message })))
  await arrivals('+15550009010', 3)
  const ended = await until('it ends', () => node.seen('drain.ended')[0])
  t.equal(ended.sends, 2)
  t.equal(await ground.redis.connect().exists(senderKey(node.prefix, SENDER, 'drain-lease')), 0, 'its lease is given back')
})

await t.test('a shift ends where the next turn is far, and recovery calls another in time', async t => {
  const node = await ground.start(t, { WHATSAPP_RATE_LIMIT_MS: '7000' })
  const starts = watchStarts(t, ground.sandbox.url)
  await node.send('+15550009020', '1')
  await node.send('+15550009020', '2')
  await pass(300)
  t.equal(node.seen('drain.started').length, node.seen('drain.ended').length, 'nobody attends it meanwhile')
  await arrivals('+15550009020', 2, 30_000)
  const [gap = 0] = starts.gaps('+15550009020')
  // Recovery's slow round would come after 15 s at the earliest.
  t.ok(gap >= 6950 && gap < 10_000, `it goes at its turn (${Math.round(gap)} ms)`)
  t.match(node.seen('recovery.found')[0], { kind: 'unattended' })
})

await t.test('when the node of a shift dies, recovery calls another within 5 s', async t => {
  const node = await ground.start(t, { WHATSAPP_RATE_LIMIT_MS: '100' })
  await node.send('+15550009030', '1')
  const client = ground.redis.connect()
  // The lease of a node that is gone: renewed just now, with the next wake announced.
  await client.set(senderKey(node.prefix, SENDER, 'drain-lease'), `dead.1 ${Date.now() * 1000}`, 'PX', 3000)
  const askedAt = performance.now()
  t.match((await node.send('+15550009030', '2', {}, { prefer: 'respond-async' })).body, { queued: true })
  await arrivals('+15550009030', 2, 30_000)
  const tookMs = performance.now() - askedAt
  // Promised are 5 s, by recovery's slow round it would be 15 s and more; a busy machine may take a little longer.
  t.ok(tookMs < 8000, `after ${Math.round(tookMs)} ms`)
  t.match(node.seen('recovery.found')[0], { kind: 'unattended' })
})

await t.test('a lost wake costs half a second at most', async t => {
  const node = await ground.start(t, { WHATSAPP_RATE_LIMIT_MS: '4000' })
  const starts = watchStarts(t, ground.sandbox.url)
  // A node that may do everything in Redis but publish.
  await ground.redis.connect().call('ACL', 'SETUSER', 'mute', 'on', '>secret', '~*', '+@all', 'resetchannels')
  const redisUrl = ground.redis.url.replace('://', '://mute:secret@')
  const poster = await ground.start(t, { WHATSAPP_RATE_LIMIT_MS: '4000', ROLE: 'api' }, { prefix: node.prefix, redisUrl })
  await node.send('+15550009040', '1')
  await node.send('+15550009040', '2')
  const client = ground.redis.connect()
  await until('a shift sleeps until the second', async () => /^\S+ \d+$/.test(await client.get(senderKey(node.prefix, SENDER, 'drain-lease')) ?? ''))
  await poster.send('+15550009041', 'now', {}, { prefer: 'respond-async' })
  await arrivals('+15550009041', 1)
  const [first, now] = [starts.of('+15550009040')[0]?.at ?? 0, starts.of('+15550009041')[0]?.at ?? 0]
  t.comment(`${Math.round(now - first)} ms after the first`)
  t.ok(now - first < 3500, 'well before the turn of the second, until which the shift would have slept')
  t.ok(poster.seen('unexpected-error').some(({ location }) => location === 'wake hint notify'), 'the notification was lost indeed')
})

await t.test('a shift hands over at its end, and nobody waits for it', async t => {
  await until('all are sent', async () => (await long.get('/queues/stats')).body['completed'] === 34, 40_000)
  const seen = await longSandbox.seen()
  const gaps = seen.slice(1).map((arrival, at) => arrival.headersAt - (seen[at]?.headersAt ?? 0))
  // Its lease is 3 s: one that was not handed over would be missed for longer.
  t.ok(gaps.every(gap => gap < 2900), `the longest gap is ${Math.round(Math.max(...gaps))} ms`)
  t.same(seen.map(arrival => arrival.body?.text?.body), Array.from({ length: 34 }, (_, at) => String(at + 1)))
  t.ok(long.seen('drain.started').length >= 2, `${long.seen('drain.started').length} shifts`)
  t.same(long.seen('recovery.found'), [], 'recovery had nothing to do')
})
