/** What a call repeats, when, and when not. The sandbox counts messages sent, the wire counts requests. */
import t from 'tap'
import { SluiceClient, type ClientOptions } from '../../src/client/index.js'
import { createGround, unhurried } from '../support/flow.js'
import { SENDER, keys } from '../support/gateway.js'
import { pass, until } from '../support/until.js'
import { rejection, startWire, type Wire } from './wire.js'

const ground = await createGround(t, unhurried)
/** A second message within this time waits behind the first. Retry-After has whole seconds, so a shorter time would save nothing. */
const INTERVAL_MS = 900
const node = await ground.start(t, { WHATSAPP_RATE_LIMIT_MS: String(INTERVAL_MS), MAX_QUEUE_PER_RECIPIENT: '1' })
const turnedAway = { status: 503, headers: { 'retry-after': '0', 'content-type': 'application/problem+json' }, body: JSON.stringify({ code: 'OVERLOADED', title: 'busy', status: 503, type: 'urn:x' }) }

async function connect (t: Parameters<typeof startWire>[0], options: Partial<ClientOptions> = {}): Promise<{ wire: Wire, client: SluiceClient }> {
  const wire = await startWire(t, node.origin)
  const client = new SluiceClient({ baseUrl: wire.origin, apiKey: keys.operator, ...options })
  t.teardown(async () => await client.close())
  return { wire, client }
}

await t.test('a message whose response is lost is sent once, and reported as the first one', async t => {
  const { wire, client } = await connect(t)
  wire.plan('lose', 'cut', turnedAway, { status: 502, body: '<html>' }, 'pass')
  const to = '+15550007001'
  t.match(await client.sendMessage(to, 'Hello'), { immediate: true, queued: false, duplicate: false, status: 'sent', providerMessageId: /./ })
  t.equal(wire.asked.length, 5)
  t.equal(new Set(wire.asked.map(({ body }) => body)).size, 1, 'each try is the same, its key too')
  t.equal((await ground.arrivals(to)).length, 1)

  wire.plan('lose')
  t.match(await rejection(client.sendMessage('+155601310260071', 'Hello')), { code: 'PROVIDER_REJECTED', status: 422, problem: { error: { code: '131026' } } }, 'and so is one that was refused')
  wire.plan('lose')
  t.match(await client.sendMessage(to, 'Hello', { idempotencyKey: 'mine' }), { duplicate: true }, 'of a key of the caller\'s own nobody knows whose repeat it is')
})

await t.test('a batch repeats only its rejected rows, and each row is one message', async t => {
  const { wire, client } = await connect(t)
  const to = '+15550007010'
  wire.plan('lose')
  const answers = await client.sendBatch([{ to, message: 'one' }, { to, message: 'two' }, { to, message: 'more' }, { to: '+15550007011', message: 'three' }, { to: '', message: 'four' }])
  t.match(answers, [{ duplicate: false }, { queued: true, duplicate: false }, { queued: true, duplicate: false }, { duplicate: false }, { code: 'INVALID_REQUEST', httpStatus: 400 }])
  const sizes = wire.asked.map(({ body }) => (JSON.parse(body) as { messages: unknown[] }).messages.length)
  t.strictSame(sizes.slice(0, 2), [5, 5])
  t.ok(sizes.length > 2 && sizes.slice(2).every(size => size < 3), 'a line holds one here, so the last row for the same recipient waits for those before it')
  t.equal((await ground.arrivals(to, 3)).length, 3)
})

await t.test('rejections that the caller asked for are not repeated: whenLimited and expiresInMs', async t => {
  const { wire, client } = await connect(t)
  await node.put(`/senders/${SENDER}/quota`, { pairIntervalMs: 60_000 })
  t.teardown(async () => await node.put(`/senders/${SENDER}/quota`, { pairIntervalMs: INTERVAL_MS }))
  const to = '+15550007020'
  await client.sendMessage(to, 'one')
  const limited = await rejection(client.sendMessage(to, 'two', { whenLimited: 'reject' }))
  t.match(limited, { code: 'LIMITED', status: 429, problem: { waitMs: Number } })
  t.ok(Number(limited['retryAfterMs']) > 30_000, 'and says for how long')
  t.equal(wire.asked.length, 2)
})

await t.test('a full queue is waited for as Retry-After asks, unless the deadline comes first', async t => {
  const { wire, client } = await connect(t)
  const to = '+15550007030'
  // Behind a pause no end is known.
  await node.post(`/senders/${SENDER}/pause`)
  await client.sendMessage(to, 'one')
  t.match(await rejection(client.sendMessage(to, 'two', { timeoutMs: 20_000 })), { code: 'RECIPIENT_QUEUE_FULL', retryAfterMs: 60_000, idempotencyKey: /^sluice:/ })
  t.equal(wire.asked.length, 2, 'and then fails at once')
  await node.post(`/senders/${SENDER}/resume`)
  for (const text of ['three', 'four', 'five']) t.match(await client.sendMessage(to, text), { duplicate: false })
  t.ok(wire.asked.length > 5)
  const gaps = wire.asked.slice(2).map(({ at }, i, all) => at - (all[i - 1]?.at ?? -Infinity))
  t.ok(Math.max(...gaps.slice(1)) >= 1000, 'waits as long as Retry-After says')
})

await t.test('a retry of failures is repeated if it was certainly not executed, and not if it may have been', async t => {
  const { wire, client } = await connect(t)
  wire.plan(turnedAway)
  t.match(await client.retryFailedMessages(5), { total: 0 })
  t.equal(wire.asked.length, 2)
  wire.plan('lose')
  t.match(await rejection(client.retryFailedMessages(5)), { code: 'UNREACHABLE' })
  t.equal(wire.asked.length, 3)
})

await t.test('an attempt that hangs is repeated, and the whole call ends at its deadline', async t => {
  const { wire, client } = await connect(t, { tryTimeoutMs: 1000 })
  wire.plan('hold')
  t.match(await client.getStats(), { queue: {} })
  t.ok(wire.asked.length >= 2, 'once more, or oftener where the second took as long')
  const { wire: dead, client: hasty } = await connect(t, { tryTimeoutMs: 50, timeoutMs: 20_000 })
  dead.plan(...Array.from({ length: 400 }, () => 'hold' as const))
  const began = performance.now()
  t.match(await rejection(hasty.sendMessage('+15550007040', 'Hello', { timeoutMs: 300 })), { code: 'TIMEOUT', idempotencyKey: /^sluice:/ })
  t.ok(performance.now() - began < 10_000, 'at its own, not at the client\'s')
})

await t.test('the caller\'s signal ends an attempt and a wait, with its own reason', async t => {
  const { wire, client } = await connect(t)
  const reason = new Error('enough')
  const stop = new AbortController()
  wire.plan('hold')
  const call = rejection(client.getStats({ signal: stop.signal }))
  await until('the request', () => wire.asked.length === 1)
  stop.abort(reason)
  t.equal(await call, reason)
  t.equal(await rejection(client.getStats({ signal: stop.signal })), reason)
  wire.plan({ ...turnedAway, headers: { ...turnedAway.headers, 'retry-after': '9' } })
  const later = new AbortController()
  const resting = rejection(client.getStats({ signal: later.signal }))
  await until('the second request', () => wire.asked.length === 2)
  await pass(50)
  later.abort(reason)
  t.equal(await resting, reason)
  t.equal(wire.asked.length, 2, 'no request after it')
})

await t.test('a gateway that is not running is waited for', async t => {
  const client = new SluiceClient({ baseUrl: 'http://127.0.0.1:9', timeoutMs: 2000 })
  t.teardown(async () => await client.close())
  const began = performance.now()
  // Where its last try has next to no time left, it ends by the clock.
  const told = await until('it is told why', async () => {
    const error = await rejection(client.getStats())
    return error['code'] !== 'TIMEOUT' && error
  })
  t.match(told, { code: 'UNREACHABLE', cause: { code: 'ECONNREFUSED' } })
  t.ok(performance.now() - began > 90, 'not after the first attempt')
  t.equal(await client.isReady(), false)
})

await t.test('connections are reused', async t => {
  const client = new SluiceClient({ baseUrl: node.origin, apiKey: keys.operator, connections: 2 })
  t.teardown(async () => await client.close())
  let connections = 0
  const count = (): void => { connections++ }
  node.gateway.app.server.on('connection', count)
  await Promise.all(Array.from({ length: 20 }, async () => await client.getStats()))
  node.gateway.app.server.off('connection', count)
  t.ok(connections <= 2, `${connections}`)
})
