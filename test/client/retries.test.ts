/** Which requests the client retries, and when. The sandbox counts the sent messages, the proxy the requests. */
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import t from 'tap'
import { SluiceClient, type ClientOptions } from '../../src/client/index.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, keys } from '../support/gateway.js'
import { pass, until } from '../support/until.js'
import { rejection, startProxy, type Fault, type FaultyProxy } from './faulty-proxy.js'

const environment = await createTestEnvironment(t, longStartWindow)
/** A second message within this time waits. Retry-After has whole seconds, so a shorter interval would not make the test faster. */
const INTERVAL_MS = 900
const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: String(INTERVAL_MS), MAX_QUEUE_PER_RECIPIENT: '1' })
const overloaded = {
  status: 503,
  headers: { 'retry-after': '0', 'content-type': 'application/problem+json' },
  body: JSON.stringify({ code: 'OVERLOADED', title: 'busy', status: 503, type: 'urn:x' })
} satisfies Fault

type Connected = { proxy: FaultyProxy, client: SluiceClient }

async function connect (t: Parameters<typeof startProxy>[0], options: Partial<ClientOptions> = {}): Promise<Connected> {
  const proxy = await startProxy(t, node.origin)
  const client = new SluiceClient({ baseUrl: proxy.origin, apiKey: keys.operator, ...options })
  t.teardown(async () => await client.close())
  return { proxy, client }
}

await t.test('a message whose response is lost is sent once and returned as the first result, not as a duplicate', async t => {
  const { proxy, client } = await connect(t)
  proxy.plan('lose', 'cut', overloaded, { status: 502, body: '<html>' }, 'pass')
  const to = '+15550007001'
  t.match(await client.sendMessage(to, 'Hello'), { immediate: true, queued: false, duplicate: false, status: 'sent', providerMessageId: /./ })
  t.equal(proxy.requests.length, 5)
  t.equal(new Set(proxy.requests.map(({ body }) => body)).size, 1, 'each try has the same body and key')
  t.equal((await environment.arrivals(to)).length, 1)

  proxy.plan('lose')
  t.match(await rejection(client.sendMessage('+155601310260071', 'Hello')),
    { code: 'PROVIDER_REJECTED', status: 422, problem: { error: { code: '131026' } } }, 'a rejected message, too')
  proxy.plan('lose')
  t.match(await client.sendMessage(to, 'Hello', { idempotencyKey: 'mine' }), { duplicate: true }, 'the caller\'s key may be in use elsewhere')
})

await t.test('a batch retries only the rejected rows, and each of them is one message', async t => {
  const { proxy, client } = await connect(t)
  const to = '+15550007010'
  proxy.plan('lose')
  const results = await client.sendBatch([
    { to, message: 'one' }, { to, message: 'two' }, { to, message: 'more' }, { to: '+15550007011', message: 'three' }, { to: '', message: 'four' }
  ])
  t.match(results, [
    { duplicate: false }, { queued: true, duplicate: false }, { queued: true, duplicate: false }, { duplicate: false },
    { code: 'INVALID_REQUEST', httpStatus: 400 }
  ])
  const sizes = proxy.requests.map(({ body }) => (JSON.parse(body) as { messages: unknown[] }).messages.length)
  t.strictSame(sizes.slice(0, 2), [5, 5])
  // The queue of a recipient holds one message here, so the last row of a recipient waits for those before it.
  t.ok(sizes.length > 2 && sizes.slice(2).every(size => size < 3), `${sizes}`)
  t.equal((await environment.arrivals(to, 3)).length, 3)
})

await t.test('the limits whenLimited and expiresInMs are not retried', async t => {
  const { proxy, client } = await connect(t)
  await node.put(`/senders/${SENDER}/quota`, { pairIntervalMs: 60_000 })
  t.teardown(async () => await node.put(`/senders/${SENDER}/quota`, { pairIntervalMs: INTERVAL_MS }))
  const to = '+15550007020'
  await client.sendMessage(to, 'one')
  const limited = await rejection(client.sendMessage(to, 'two', { whenLimited: 'reject' }))
  t.match(limited, { code: 'LIMITED', status: 429, problem: { waitMs: Number } })
  t.ok(Number(limited['retryAfterMs']) > 30_000, 'with the remaining wait')
  t.equal(proxy.requests.length, 2)
})

await t.test('a full queue is retried after Retry-After, unless the deadline comes first', async t => {
  const { proxy, client } = await connect(t)
  const to = '+15550007030'
  // During a pause the wait has no known end.
  await node.post(`/senders/${SENDER}/pause`)
  await client.sendMessage(to, 'one')
  t.match(await rejection(client.sendMessage(to, 'two', { timeoutMs: 20_000 })),
    { code: 'RECIPIENT_QUEUE_FULL', retryAfterMs: 60_000, idempotencyKey: /^sluice:/ })
  t.equal(proxy.requests.length, 2, 'it rejects at once')
  await node.post(`/senders/${SENDER}/resume`)
  for (const text of ['three', 'four', 'five']) t.match(await client.sendMessage(to, text), { duplicate: false })
  t.ok(proxy.requests.length > 5)
  const gaps = proxy.requests.slice(2).map(({ at }, i, all) => at - (all[i - 1]?.at ?? -Infinity))
  t.ok(Math.max(...gaps.slice(1)) >= 1000, 'waits for Retry-After')
})

await t.test('retryFailedMessages is retried if it was certainly not executed, and not if it may have been', async t => {
  const { proxy, client } = await connect(t)
  proxy.plan(overloaded)
  t.match(await client.retryFailedMessages(5), { total: 0 })
  t.equal(proxy.requests.length, 2)
  proxy.plan('lose')
  t.match(await rejection(client.retryFailedMessages(5)), { code: 'UNREACHABLE' })
  t.equal(proxy.requests.length, 3)
})

await t.test('a try that hangs is retried, and the whole call ends at its deadline', async t => {
  const { proxy, client } = await connect(t, { tryTimeoutMs: 1000 })
  proxy.plan('hang')
  t.match(await client.getStats(), { queue: {} })
  t.ok(proxy.requests.length >= 2, 'one retry, or more if the second try is as slow')
  const { proxy: hanging, client: impatient } = await connect(t, { tryTimeoutMs: 50, timeoutMs: 20_000 })
  hanging.plan(...Array.from({ length: 400 }, () => 'hang' as const))
  const began = performance.now()
  t.match(await rejection(impatient.sendMessage('+15550007040', 'Hello', { timeoutMs: 300 })), { code: 'TIMEOUT', idempotencyKey: /^sluice:/ })
  t.ok(performance.now() - began < 10_000, 'at the call\'s deadline, not at the client\'s')
})

await t.test('the caller\'s signal ends a call in flight and one that waits for a retry, with the signal\'s reason', async t => {
  const { proxy, client } = await connect(t)
  const reason = new Error('enough')
  const stop = new AbortController()
  proxy.plan('hang')
  const call = rejection(client.getStats({ signal: stop.signal }))
  await until('the request', () => proxy.requests.length === 1)
  stop.abort(reason)
  t.equal(await call, reason)
  t.equal(await rejection(client.getStats({ signal: stop.signal })), reason)
  proxy.plan({ ...overloaded, headers: { ...overloaded.headers, 'retry-after': '9' } })
  const later = new AbortController()
  const waiting = rejection(client.getStats({ signal: later.signal }))
  await until('the second request', () => proxy.requests.length === 2)
  await pass(50)
  later.abort(reason)
  t.equal(await waiting, reason)
  t.equal(proxy.requests.length, 2, 'no request follows')
})

await t.test('an unreachable gateway is retried', async t => {
  const client = new SluiceClient({ baseUrl: 'http://127.0.0.1:9', timeoutMs: 2000 })
  t.teardown(async () => await client.close())
  const began = performance.now()
  // The last try may have too little time left and end with TIMEOUT.
  const rejected = await until('connection refused', async () => {
    const error = await rejection(client.getStats())
    return error['code'] !== 'TIMEOUT' && error
  })
  t.match(rejected, { code: 'UNREACHABLE', cause: { code: 'ECONNREFUSED' } })
  t.ok(performance.now() - began > 90, 'not at the first try')
  t.equal(await client.isReady(), false)
})

await t.test('isReady is not retried', async t => {
  const { proxy, client } = await connect(t)
  proxy.plan(overloaded)
  t.equal(await client.isReady(), false)
  t.equal(proxy.requests.length, 1)
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

await t.test('a response that a proxy has compressed, or that begins with a byte order mark, is read', async t => {
  const { proxy, client } = await connect(t)
  const body = Buffer.from('\ufeff{"name":"app","role":"send"}')
  const bodies: Array<[coding: string, body: Buffer]> = [
    ['identity', body], ['gzip', gzipSync(body)], ['br', brotliCompressSync(body)], ['deflate', deflateSync(body)]
  ]
  for (const [coding, coded] of bodies) {
    proxy.plan({ status: 200, headers: { 'content-encoding': coding }, body: coded })
    t.match(await client.getCaller(), { name: 'app' }, coding)
  }
  proxy.plan({ status: 200, headers: { 'content-encoding': 'gzip' }, body: 'not gzip' })
  t.match(await rejection(client.getCaller()), { code: 'UNEXPECTED_RESPONSE' })
  proxy.plan({ status: 207, body: '{"results":[]}' })
  t.match(await rejection(client.sendBatch([{ to: '+15550007021', message: 'x' }])), { code: 'UNEXPECTED_RESPONSE' }, 'a row without a result')
})

await t.test('an address that cannot be one is rejected at once, and the usual forms work', async t => {
  const wrong: Array<[baseUrl: unknown, message: RegExp]> = [
    [undefined, /give the address/], ['', /give the address/], ['localhost:3000', /must begin with http:/], ['ftp://host', /must begin with http:/],
    ['http://', /not a URL/], ['http://user:secret@host', /may not contain a password/], ['http://host/?a=1', /may not contain \?/]
  ]
  for (const [baseUrl, message] of wrong) {
    t.throws(() => new SluiceClient({ baseUrl: baseUrl as string }), { name: 'TypeError', message })
    t.throws(() => new SluiceClient({ baseUrl: baseUrl as string }), { message: /^(?!.*secret)/ })
  }
  const { proxy } = await connect(t)
  for (const suffix of ['', '/', '/api/v1', '/api/v1/']) {
    const client = new SluiceClient({ baseUrl: proxy.origin + suffix, apiKey: keys.operator })
    t.match(await client.getCaller(), { name: 'operator' }, suffix)
    await client.close()
  }
  t.equal(new Set(proxy.requests.map(({ line }) => line)).size, 1)
})
