/** The ten points of the original service's test list, each against a running gateway. */
import { Queue } from 'bullmq'
import t from 'tap'
import { generateIdempotencyKey } from '../../src/client/idempotency.js'
import { queueNames } from '../../src/queues.js'
import { queuePrefix, senderKey } from '../../src/redis/keys.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import { recordStarts } from '../support/observe.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const { arrivals } = environment

await t.test('Idempotency key generation', async t => {
  const node = await environment.start(t)
  const key = generateIdempotencyKey('+1 (555) 000-0100', 'Hello world')
  t.match(key, /^whatsapp:\+15550000100:[0-9a-f]{16}$/, 'the form is the original one')
  t.equal(generateIdempotencyKey('+15550000100', 'Hello world'), key, 'the same message has the same key')
  const others = [
    generateIdempotencyKey('+15550000101', 'Hello world'),
    generateIdempotencyKey('+15550000100', 'Hello World'),
    generateIdempotencyKey('+15550000100', 'Hello world', { type: 'template' }),
    generateIdempotencyKey('+15550000100', 'Hello world', { timestamp: 1700000000000 })
  ]
  t.equal(new Set([key, ...others]).size, 5, 'recipient, message, type and timestamp each make another one')

  const { body } = await node.send('+15550000100', 'Hello world')
  t.match(body, { idempotencyKey: key, jobId: key, keySource: 'derived' })
  const stamped = await node.send('+15550000100', 'Hello world', { timestamp: 1700000000000 })
  t.match(stamped.body, { idempotencyKey: others[3], duplicate: false }, 'a timestamp of the caller changes the key')
})

await t.test('Rate limiting', async t => {
  const node = await environment.start(t)
  const starts = recordStarts(t, environment.sandbox.url)
  const [first, second, third] = [await node.send('+15550000110', '1'), await node.send('+15550000110', '2'), await node.send('+15550000110', '3')]
  t.match(first, { status: 200, body: { status: 'sent', immediate: true, queued: false } })
  t.match(second, { status: 202, body: { status: 'queued', immediate: false, queued: true, position: 1, waitingFor: 'pair-rate' } })
  t.match(third, { status: 202, body: { queued: true, position: 2, waitingFor: 'pair-rate' } })
  const [start = 0] = starts.of('+15550000110').map(({ at }) => at)
  const after = (reply: typeof first): number => Date.parse(reply.body.expectedAt) - start
  t.ok(after(second) >= 1950 && after(second) < 2500, `the second's slot is 2 s after the first's (${after(second)})`)
  t.ok(after(third) - after(second) >= 1995 && after(third) - after(second) <= 2005, `the third's is 2 s later (${after(third)})`)
  for (const { body } of [second, third]) t.ok(body.delayMs > 0 && body.delayMs <= 4000, `the delay is what remains of that (${body.delayMs})`)

  t.match(await node.send('+15550000111'), { status: 200, body: { immediate: true } }, 'another recipient is not delayed')
  const seen = await arrivals('+15550000110', 3)
  const gaps = starts.gaps('+15550000110')
  t.ok(gaps.every(gap => gap >= 1950), `two sends are at least 2 s apart (${gaps.join(', ')})`)
  t.same(seen.map(arrival => arrival.body?.text?.body), ['1', '2', '3'], 'messages are sent in the order of their posts')
})

await t.test('Duplicate detection', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '60000' })
  const first = await node.send('+15550000120')
  const again = await node.send('+15550000120')
  t.match(again, { status: 200, body: { id: first.body.id, status: 'sent', duplicate: true, immediate: false, queued: false } })
  t.equal(again.headers.get('idempotent-replayed'), 'true')
  const waiting = await node.send('+15550000120', 'another text')
  t.equal(waiting.body.queued, true, 'another text is not a duplicate')
  t.match(await node.send('+15550000120', 'another text'), { status: 200, body: { id: waiting.body.id, status: 'queued', duplicate: true } })
  t.equal((await arrivals('+15550000120')).length, 1)
})

await t.test('Delivery failure logging', async t => {
  const node = await environment.start(t)
  const { status, body } = await node.send('+15560131000', 'Hello', { metadata: { orderId: 'ORD123' }, idempotencyKey: 'order-123' })
  t.match(
    [status, body],
    [202, { status: 'retrying', queued: true, error: { code: '131000', message: String, explanation: String, remedy: String } }]
  )
  const {
    body: { failures }
  } = await node.get('/failures?status=PENDING')
  t.equal(failures.length, 1)
  t.match(failures[0], {
    id: body.id,
    phoneNumber: '+15560131000',
    message: 'Hello',
    idempotencyKey: 'order-123',
    errorMessage: String,
    errorCode: '131000',
    attemptCount: 1,
    status: 'PENDING',
    metadata: { orderId: 'ORD123' },
    nextRetryAt: body.nextRetryAt,
    lastAttemptAt: String,
    resolvedAt: null,
    createdAt: String,
    updatedAt: String
  }, 'every field of the original record is there')
  t.match(failures[0].attempts, [{ attempt: 1, outcome: 'retryable', code: '131000', durationMs: Number }])
})

await t.test('Retry time calculation', async t => {
  const node = await environment.start(t)
  const to = '+155601310000001'
  const { body: { id } } = await node.send(to)
  const waits: number[] = []
  let failure = await failureOf(node, 'PENDING')
  while (failure?.status === 'PENDING') {
    waits.push(Date.parse(failure.nextRetryAt) - Date.parse(failure.lastAttemptAt))
    await node.del(`/rate-limits/${to}`)
    const { body } = await node.post(`/failures/${id}/retry`)
    t.match(body, { total: 1, succeeded: 0, deferred: 0 })
    failure = await failureOf(node, 'PENDING') ?? await failureOf(node, 'FAILED')
  }
  t.same(waits, [60_000, 300_000, 900_000, 1_800_000, 3_600_000], '1, 5, 15, 30 and 60 minutes')
  t.match(failure, { status: 'FAILED', attemptCount: 6, reason: 'exhausted', nextRetryAt: null }, 'after the fifth retry it is FAILED')
  t.equal((await arrivals(to)).length, 6)
})

await t.test('Get messages for retry', async t => {
  const node = await environment.start(t, { WHATSAPP_RETRY_SCHEDULE_MS: '100,600000', WHATSAPP_RETRY_INTERVAL_MS: '600000' })
  const numbers = ['+155601310000011', '+155601310000012', '+155601310000013']
  for (const to of numbers) await node.send(to)
  const due = await until('three due failures', async () => {
    const { body } = await node.get('/failures?due=true')
    return body.failures.length === 3 && body.failures
  })
  t.same(due.map((failure: { phoneNumber: string }) => failure.phoneNumber), numbers, 'oldest first')
  for (const to of numbers) await node.del(`/rate-limits/${to}`)
  t.match(
    (await node.post('/failures/retry', { limit: 2 })).body,
    { total: 2, succeeded: 0, failed: 2, permanentlyFailed: 0, deferred: 0 },
    'no more than asked for'
  )
  t.equal((await node.get('/failures?due=true')).body.failures.length, 1, 'the others wait for their next retry')
  t.equal((await node.get('/failures?status=PENDING')).body.failures.length, 3)
})

await t.test('Mark as retried', async t => {
  const node = await environment.start(t)
  const { body: { id } } = await node.send('+155611310000021')
  await node.del('/rate-limits/+155611310000021')
  t.match((await node.post(`/failures/${id}/retry`)).body, { total: 1, succeeded: 1 })
  t.match(await failureOf(node, 'RESOLVED'), { id, status: 'RESOLVED', attemptCount: 2, resolvedAt: String, nextRetryAt: null })
  t.equal(await failureOf(node, 'PENDING'), undefined)
  t.match((await node.get(`/messages/${id}`)).body, { status: 'sent', attemptCount: 2, providerMessageId: /^wamid\./ })
})

await t.test('Throttling statistics', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '60000' })
  await node.send('+15550000180', '1')
  await node.send('+15550000180', '2')
  await node.send('+15550000181')
  await node.send('+155601310000081')
  await node.send('+15560131026')
  const { body } = await node.get('/stats')
  t.match(body, {
    throttling: { activeRateLimits: 4 },
    deliveryFailures: { pending: 1, resolved: 0, failed: 1 },
    queue: { waiting: 0, active: 0, delayed: 2, completed: 2, failed: 1, paused: 0 },
    senders: [{ id: SENDER, state: 'active', queued: 1 }]
  })
  t.match((await node.get('/queues/stats')).body, { queue: 'WHATSAPP', ...body.queue })
})

await t.test('Clear rate limit', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '60000' })
  await node.send('+15550000190', '1')
  t.match((await node.get('/rate-limits/+15550000190')).body, { limited: true, waitingFor: 'pair-rate', rule: { intervalMs: 60_000, burst: 1 } })
  t.match((await node.del('/rate-limits/+15550000190')).body, { recipient: '+15550000190', cleared: true })
  t.match((await node.get('/rate-limits/+15550000190')).body, { limited: false, delayMs: 0 })
  t.match((await node.send('+15550000190', '2')).body, { immediate: true })
  await node.send('+15550000190', '3')
  await node.del('/rate-limits/+15550000190')
  const [, two, three] = await arrivals('+15550000190', 3)
  t.ok((three?.headersAt ?? 0) - (two?.headersAt ?? 0) < 20_000, 'the waiting message is sent at once')
})

await t.test('Cleanup', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '1000', FAILURE_RETENTION_MS: '1000' })
  await node.send('+15550000200')
  await node.send('+15560131026')
  const client = environment.redis.connect()
  const pairTat = senderKey(node.prefix, SENDER, 'pair-tat')
  t.equal(await client.zcard(pairTat), 2, 'two pairs have a bucket')
  t.ok(await failureOf(node, 'FAILED'), 'one message is FAILED')
  const housekeeping = new Queue(queueNames.housekeeping, { connection: client, prefix: queuePrefix(node.prefix) })
  t.teardown(async () => await housekeeping.close())
  await until('buckets and old failures are gone', async () => {
    await housekeeping.add('housekeeping', {})
    return await client.zcard(pairTat) === 0 && await failureOf(node, 'FAILED') === undefined
  })
  t.match((await node.get('/stats')).body, { throttling: { activeRateLimits: 0 }, deliveryFailures: { failed: 0 } })
  t.equal((await node.send('+15550000200')).body.duplicate, true, 'the key of a sent message is still known')
})

async function failureOf (node: Node, status: string): Promise<Record<string, any> | undefined> {
  return (await node.get(`/failures?status=${status}`)).body.failures[0]
}
