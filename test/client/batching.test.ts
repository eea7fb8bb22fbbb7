/** Concurrent sendMessage calls with respondAsync share requests, and each has its own key, deadline, signal and error. */
import t from 'tap'
import { SluiceClient, type ClientOptions, type SendResult } from '../../src/client/index.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, keys } from '../support/gateway.js'
import { until } from '../support/until.js'
import { rejection, startProxy, type Fault, type FaultyProxy } from './faulty-proxy.js'

const environment = await createTestEnvironment(t, longStartWindow)
const node = await environment.start(t, { MAX_QUEUE_PER_RECIPIENT: '1' })
// What was accepted waits, so that nothing is sent meanwhile.
await node.post(`/senders/${SENDER}/pause`)
const later = { respondAsync: true }
let last = 0
const newNumber = (): string => `+1555001${String(++last).padStart(4, '0')}`

async function connect (
  t: Parameters<typeof startProxy>[0], options: Partial<ClientOptions> = {}
): Promise<{ proxy: FaultyProxy, client: SluiceClient }> {
  const proxy = await startProxy(t, node.origin)
  const client = new SluiceClient({ baseUrl: proxy.origin, apiKey: keys.operator, ...options })
  t.teardown(async () => await client.close())
  return { proxy, client }
}

/** The number of messages in each request. */
const sizes = ({ requests }: FaultyProxy): number[] => requests.map(({ line, body }) => {
  return line.endsWith('/batch') ? (JSON.parse(body) as unknown[]).length : 1
})
const keysIn = ({ requests }: FaultyProxy): string[] =>
  requests.flatMap(({ body }) => [JSON.parse(body) as unknown].flat()).map(message => (message as { idempotencyKey: string }).idempotencyKey)

await t.test('calls of one tick share a request, and each gets its own result', async t => {
  const { proxy, client } = await connect(t)
  const numbers = Array.from({ length: 30 }, newNumber)
  const results = await Promise.all(numbers.map(async (to, i) => await client.sendMessage(to, `Hello ${i}`, later)))
  t.strictSame(sizes(proxy), [30])
  t.ok(results.every(result => result.queued && !result.duplicate && result.status === 'queued' && !('httpStatus' in result)))
  t.equal(new Set(keysIn(proxy)).size, 30, 'each has its own key')
  const found = await Promise.all(results.map(async ({ id }) => await client.getMessage(id)))
  t.strictSame(found.map(({ to, message }) => [to, message]), numbers.map((to, i) => [to, `Hello ${i}`]))
})

await t.test('a call alone is a single request, and so are calls that wait for their message and calls without batching', async t => {
  const { proxy, client } = await connect(t)
  t.match(await client.sendMessage(newNumber(), 'alone', later), { queued: true, status: 'queued' })
  await Promise.all([client.sendMessage(newNumber(), 'now'), client.sendMessage(newNumber(), 'now')])
  const plain = await connect(t, { batching: false })
  await Promise.all([plain.client.sendMessage(newNumber(), 'one', later), plain.client.sendMessage(newNumber(), 'two', later)])
  const lines = [...proxy.requests, ...plain.proxy.requests].map(({ line }) => line)
  t.strictSame([...new Set(lines)], ['POST /api/v1/messages'])
})

await t.test('a request has at most 100 messages, a long message goes alone, and messages collect while requests are in flight', async t => {
  const { proxy, client } = await connect(t)
  const texts = Array.from({ length: 250 }, (_, i) => `Hello ${i}`)
  await Promise.all(texts.map(async text => await client.sendMessage(newNumber(), text, later)))
  t.strictSame(sizes(proxy).sort((a, b) => b - a), [100, 100, 50])

  proxy.requests.length = 0
  proxy.plan('slow', 'slow')
  const sent: Array<Promise<SendResult>> = []
  const send = (): number => sent.push(client.sendMessage(newNumber(), 'Hello', later))
  for (let tick = 0; tick < 2; tick++) {
    send()
    await until('the request is in flight', () => proxy.requests.length === tick + 1)
  }
  for (let tick = 0; tick < 5; tick++) {
    send()
    await new Promise(setImmediate)
  }
  await Promise.all(sent)
  t.strictSame(sizes(proxy), [1, 1, 5], 'two are in flight, and five were collected meanwhile')

  proxy.requests.length = 0
  const note = 'n'.repeat(70_000)
  await Promise.all([
    client.sendMessage(newNumber(), 'long', { ...later, metadata: { note } }), client.sendMessage(newNumber(), 'a', later),
    client.sendMessage(newNumber(), 'b', later)
  ].map(async call => await call.catch(() => undefined)))
  t.strictSame(sizes(proxy).sort(), [1, 2])
})

await t.test('a message that is rejected fails its own call only, with the error of a single request', async t => {
  const { proxy, client } = await connect(t)
  const key = 'mine-1'
  const [good, bad, inexact] = await Promise.allSettled([
    client.sendMessage(newNumber(), 'good', later),
    client.sendMessage('+15', 'bad', { ...later, idempotencyKey: key }),
    client.sendMessage(newNumber(), 'inexact', { ...later, metadata: { amount: NaN } }),
  ])
  t.match(good, { value: { queued: true } })
  const alone = await rejection(client.sendMessage('+15', 'bad', { idempotencyKey: key }))
  t.match((bad as PromiseRejectedResult).reason, { name: 'SluiceClientError', code: 'INVALID_RECIPIENT', status: 400, idempotencyKey: key })
  const { message, field, problem } = (bad as PromiseRejectedResult).reason as typeof alone
  t.strictSame([message, field, Object.keys(problem as object)], [alone['message'], alone['field'], Object.keys(alone['problem'] as object)])
  t.match((inexact as PromiseRejectedResult).reason, { name: 'TypeError' })
  t.strictSame(sizes(proxy).slice(0, 1), [2])
})

await t.test('a request that fails is repeated with the same keys, and a lost response is the first result of each message', async t => {
  const { proxy, client } = await connect(t)
  const overloaded: Fault = {
    status: 503, body: JSON.stringify({ code: 'OVERLOADED', title: 'busy', status: 503, type: 'urn:x' }), headers: { 'retry-after': '0' }
  }
  proxy.plan(overloaded, 'lose', 'cut')
  const numbers = [newNumber(), newNumber(), newNumber()]
  const results = await Promise.all(numbers.map(async to => await client.sendMessage(to, 'Hello', later)))
  t.ok(results.every(({ queued, duplicate }) => queued && !duplicate))
  t.equal(new Set(keysIn(proxy)).size, 3)
  const counts = await Promise.all(numbers.map(async recipient => (await client.findMessages({ recipient })).length))
  t.strictSame(counts, [1, 1, 1])
})

await t.test('each call has its own error and deadline', async t => {
  const { proxy, client } = await connect(t)
  proxy.plan('hang')
  const calls = ['a', 'b'].map(async name => await rejection(client.sendMessage(newNumber(), name, {
    ...later, idempotencyKey: `deadline-${name}`, timeoutMs: name === 'a' ? 100 : 200
  })))
  const [a, b] = await Promise.all(calls)
  t.match([a, b], [{ code: 'TIMEOUT', idempotencyKey: 'deadline-a' }, { code: 'TIMEOUT', idempotencyKey: 'deadline-b' }])
  t.notSame(a, b)

  proxy.plan({ status: 401, body: JSON.stringify({ code: 'UNAUTHENTICATED', title: 'no', status: 401, type: 'urn:x' }) })
  const rejected = await Promise.all(['c', 'd'].map(async name => await rejection(
    client.sendMessage(newNumber(), name, { ...later, idempotencyKey: `key-${name}` }))))
  t.match(rejected, ['c', 'd'].map(name => ({ code: 'UNAUTHENTICATED', status: 401, idempotencyKey: `key-${name}` })))
  t.equal(proxy.requests.length, 2, 'neither is transient')
})

await t.test('a row that is rejected for now is retried alone, and the others do not wait for it', async t => {
  const { proxy, client } = await connect(t)
  const full = newNumber()
  await client.sendMessage(full, 'one', later)
  const calls = [client.sendMessage(full, 'two', later), client.sendMessage(newNumber(), 'other', later)] as const
  // During a pause the wait has no known end, and the call's deadline comes first.
  t.match(await rejection(calls[0]), { code: 'RECIPIENT_QUEUE_FULL', status: 429, retryAfterMs: 60_000 })
  t.match(await calls[1], { queued: true })
  t.strictSame(sizes(proxy), [1, 2])

  const unavailable = { httpStatus: 503, code: 'UNAVAILABLE', title: 'x', status: 503, type: 'urn:x', retryAfterMs: 0 }
  proxy.plan({ status: 207, body: JSON.stringify({ results: [unavailable, { httpStatus: 202, queued: true, id: 'of the proxy' }] }) })
  const [retried, other] = await Promise.all([client.sendMessage(newNumber(), 'a', later), client.sendMessage(newNumber(), 'b', later)])
  t.match([retried, other], [{ queued: true, status: 'queued' }, { id: 'of the proxy' }])
  t.strictSame(sizes(proxy), [1, 2, 2, 1])
})

await t.test('the signal of a call ends it before and during a request, and leaves the others alone', async t => {
  const { proxy, client } = await connect(t)
  const stop = new AbortController()
  const collected = rejection(client.sendMessage(newNumber(), 'never', { ...later, signal: stop.signal }))
  const other = client.sendMessage(newNumber(), 'sent', later)
  stop.abort(new Error('changed my mind'))
  t.match(await collected, { message: 'changed my mind' })
  t.match(await other, { queued: true })
  t.strictSame(sizes(proxy), [1], 'it was in no request')

  proxy.plan('slow')
  const during = new AbortController()
  const calls = [client.sendMessage(newNumber(), 'a', { ...later, signal: during.signal }), client.sendMessage(newNumber(), 'b', later)] as const
  const aborted = rejection(calls[0])
  await until('the request is in flight', () => proxy.requests.length === 2)
  during.abort(new Error('too slow'))
  t.match(await aborted, { message: 'too slow' })
  t.match(await calls[1], { queued: true })
  t.match(await rejection(client.sendMessage(newNumber(), 'c', { ...later, signal: during.signal })), { message: 'too slow' })
})

await t.test('close sends what was collected', async t => {
  const proxy = await startProxy(t, node.origin)
  const client = new SluiceClient({ baseUrl: proxy.origin, apiKey: keys.operator })
  const calls = Array.from({ length: 3 }, async () => await client.sendMessage(newNumber(), 'Hello', later))
  await client.close()
  t.ok((await Promise.all(calls)).every(({ queued }) => queued))
  t.strictSame(sizes(proxy), [3])
})
