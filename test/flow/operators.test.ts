/** Operator actions while messages flow: look up, pause, retry manually, clear, start and stop the retry worker. */
import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { keys, SENDER, type Node } from '../support/gateway.js'
import { recordStarts } from '../support/observe.js'
import { pass, until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const { arrivals } = environment
/** No automatic retry happens within a test. */
const noRetries = { WHATSAPP_RATE_LIMIT_MS: '100', WHATSAPP_RETRY_INTERVAL_MS: '600000' }

await t.test('a paused sender keeps its messages, in order, until it is resumed or the pause ends', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '100' })
  t.match(await node.post(`/senders/${SENDER}/pause`, {}), {
    status: 200,
    body: { id: SENDER, state: 'paused', reason: 'operator', resumesAt: null }
  })
  const to = '+15550003001'
  for (const text of ['1', '2', '3']) {
    t.match((await node.send(to, text)).body, { status: 'queued', delayMs: null, expectedAt: null, waitingFor: 'pause', position: Number(text) })
  }
  t.match((await node.get('/queues/stats')).body, { paused: 3, waiting: 0, delayed: 0 })
  await pass(150)
  t.equal((await arrivals(to)).length, 0)
  t.match((await node.post(`/senders/${SENDER}/resume`)).body, { state: 'active' })
  t.same((await arrivals(to, 3)).map(arrival => arrival.body?.text?.body), ['1', '2', '3'])

  t.match((await node.post(`/senders/${SENDER}/pause`, { forMs: 60_000 })).body, { state: 'paused', resumesAt: String })
  const { body } = await node.send(to, '4')
  t.ok(body['delayMs'] > 30_000 && body['delayMs'] <= 60_000, `a pause with an end gives a delayMs (${body['delayMs']})`)
  t.equal(body['waitingFor'], 'pause')
  await node.post(`/senders/${SENDER}/resume`)
  await arrivals(to, 4)
  const pausedAt = Date.now()
  await node.post(`/senders/${SENDER}/pause`, { forMs: 600 })
  await node.send(to, '5')
  const seen = await arrivals(to, 5)
  t.ok((seen[4]?.headersAt ?? 0) - pausedAt >= 595, 'the sender resumes automatically')
  t.match(await node.post('/senders/222/pause', {}), { status: 404, body: { code: 'SENDER_UNKNOWN' } })
})

await t.test('a manual retry counts every failure that it retried', async t => {
  const node = await environment.start(t, { ...noRetries, WHATSAPP_RATE_LIMIT_MS: '60000', WHATSAPP_RETRY_SCHEDULE_MS: '600000' })
  const succeeds = await node.send('+155611310000001')
  const exhausted = await node.send('+155601310000002')
  const deferred = await node.send('+155611310000003')
  const rejected = await node.send('+15561131000')
  t.match([succeeds, exhausted, deferred, rejected].map(reply => reply.body['status']), Array(4).fill('retrying'))
  t.match((await node.post('/failures/retry', { limit: 10 })).body, { total: 0 }, 'nothing is due')
  await environment.sandbox.control('POST', 'faults', { recipient: '+15561131000', kind: 'code', code: 131026 })
  for (const to of ['+155611310000001', '+155601310000002', '+15561131000']) await node.del(`/rate-limits/${to}`)
  t.match((await node.post('/failures/retry', { limit: 10, force: true })).body, {
    total: 4,
    succeeded: 1,
    failed: 0,
    permanentlyFailed: 2,
    deferred: 1
  })
  await node.del('/rate-limits/+155611310000003')
  await until('the deferred message is sent', async () => (await node.get('/stats')).body['deliveryFailures']?.resolved === 2)
  t.match((await node.get('/stats')).body['deliveryFailures'], { pending: 0, resolved: 2, failed: 2 })
  t.match(node.seen('retry.ran'), [{ total: 4, by: 'operator' }])
})

await t.test('the counts of a retry are disjoint, with a limit and with messages that fail again', async t => {
  const node = await environment.start(t, { ...noRetries, WHATSAPP_RETRY_SCHEDULE_MS: '600000,600000' })
  const numbers = ['0011', '0012', '0013'].map(end => `+15560131000${end}`)
  for (const to of numbers) await node.send(to)
  for (const to of numbers) await node.del(`/rate-limits/${to}`)
  t.match((await node.post('/failures/retry', { limit: 2, force: true })).body, {
    total: 2,
    succeeded: 0,
    failed: 2,
    permanentlyFailed: 0,
    deferred: 0
  })
  t.match((await node.get('/stats')).body['deliveryFailures'], { pending: 3 })
  t.match(await node.post('/failures/retry', { limit: 0 }), { status: 400, body: { field: 'limit' } })
  t.match(await node.post(`/failures/${SENDER}.aaaaaaaaaaaaaaaaaaaaaa.19999999999/retry`), { status: 409, body: { code: 'NOT_RETRYABLE' } })
  t.match(await node.post('/failures/nonsense/retry'), { status: 404, body: { code: 'NOT_FOUND' } })
})

await t.test('all nodes share one retry worker, and its state survives a start of a node', async t => {
  const env = { ...noRetries, WHATSAPP_RETRY_SCHEDULE_MS: '50,600000', WHATSAPP_RETRY_INTERVAL_MS: '150' }
  const one = await environment.start(t, env)
  const two = await environment.start(t, env, { prefix: one.prefix })
  t.match((await one.get('/workers/retry')).body, { isRunning: true, intervalMs: 150, nextRunAt: String, stoppedBy: null })
  await until('a first run', async () => (await two.get('/workers/retry')).body['lastRunAt'])

  t.match((await two.post('/workers/retry/stop')).body, { isRunning: false, nextRunAt: null, stoppedBy: 'operator' })
  t.match((await one.get('/workers/retry')).body, { isRunning: false, stoppedBy: 'operator' }, 'the other node reports the same state')
  await one.send('+155611310000021')
  await pass(500)
  t.match((await one.get('/stats')).body['deliveryFailures'], { pending: 1, resolved: 0 }, 'due failures wait')

  const three = await environment.start(t, env, { prefix: one.prefix })
  t.match((await three.get('/workers/retry')).body, { isRunning: false, stoppedBy: 'operator' }, 'a node that starts does not start it')
  t.match((await one.post('/failures/retry', {})).body, { total: 1, succeeded: 1 }, 'a manual retry works while the worker is stopped')
  await one.send('+155611310000022')
  t.match((await three.post('/workers/retry/start')).body, { isRunning: true, nextRunAt: String, stoppedBy: null })
  await until('the worker has retried the failure', async () => (await two.get('/stats')).body['deliveryFailures']?.resolved === 2)
  const status = await until('the status contains its result', async () => {
    const { body } = await one.get('/workers/retry')
    return body['lastResult'] !== null && body
  })
  t.match(status['lastResult'], { total: Number, succeeded: Number, failed: Number, permanentlyFailed: Number, deferred: Number })
})

await t.test('a recipient\'s rate limit can be inspected and cleared', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '30000' })
  const to = '+15550003030'
  t.match((await node.get(`/rate-limits/${to}`)).body, {
    recipient: to,
    sender: SENDER,
    rule: { intervalMs: 30_000, burst: 1 },
    limited: false,
    delayMs: 0,
    waiting: { urgent: 0, normal: 0, bulk: 0 },
    sending: false
  })
  await node.send(to, '1')
  await node.send(to, '2')
  await node.send(to, '3', { priority: 'bulk' })
  const { body } = await node.get(`/rate-limits/${to}`)
  t.match(body, { limited: true, waitingFor: 'pair-rate', waiting: { urgent: 0, normal: 1, bulk: 1 }, nextSlotAt: String })
  t.ok(body['delayMs'] > 50_000 && body['delayMs'] <= 60_000, 'a new message waits behind the queued ones')
  t.ok((await node.get(`/rate-limits/${to}?priority=urgent`)).body['delayMs'] <= 30_000, 'an urgent message does not')
  t.match((await node.del(`/rate-limits/${to}`)).body, { recipient: to, sender: SENDER, cleared: true })
  await arrivals(to, 2)
  t.match(node.seen('operator.action'), [{ sender: SENDER, action: 'clear', subject: /^[^0-9]*30$/, by: 'operator' }], 'the event masks the number')
  t.match((await node.del('/rate-limits/+15550003031')).body, { cleared: false })
})

await t.test('every message is counted in exactly one state of the queue', async t => {
  const node = await environment.start(t, {
    ...noRetries,
    WHATSAPP_SENDER_RATE_PER_SECOND: '2',
    WHATSAPP_RETRY_SCHEDULE_MS: '600000',
    INLINE_WAIT_MS: '50',
    SHUTDOWN_GRACE_MS: '8000'
  })
  const queueStats = async () => (await node.get('/queues/stats')).body
  t.match(await queueStats(), { queue: 'WHATSAPP', waiting: 0, active: 0, delayed: 0, completed: 0, failed: 0, paused: 0 })
  await node.send('+15560131026')
  await until('one message is FAILED', async () => (await queueStats())['failed'] === 1)
  await node.send('+155601310000041')
  await until('one message waits for its retry', async () => (await node.get('/stats')).body['deliveryFailures']?.pending === 1)
  await node.send('+15557050010')
  await until('one message is being sent', async () => (await queueStats())['active'] === 1)
  await node.send('+15550003040', 'tomorrow', { scheduledFor: Date.now() + 86_400_000 })
  await node.send('+15557050010', 'behind the one in flight')
  t.match(await queueStats(), { waiting: 0, active: 1, delayed: 3, completed: 0, failed: 1, paused: 0 })
  const several = ['0050', '0051', '0052', '0053', '0054', '0055', '0056', '0057'].map(end => `+1555000${end}`)
  await Promise.all(several.map(async to => await node.send(to, 'now', {}, { prefer: 'respond-async' })))
  const stats = await until('only the slow message is being sent', async () => {
    const { body } = await node.get('/stats')
    return body['queue'].active === 1 && body
  })
  t.same(
    { ...stats['queue'], sum: stats['queue'].waiting + stats['queue'].completed },
    { ...stats['queue'], sum: 8, active: 1, delayed: 3, failed: 1, paused: 0 }
  )
  t.ok(stats['queue'].waiting >= 1, 'messages of ready pairs wait for the sender rate')
  t.match(stats, {
    throttling: { activeRateLimits: Number },
    deliveryFailures: { pending: 1, resolved: 0, failed: 1 },
    senders: [{ id: SENDER, inFlight: 1, scheduled: 1, unknown: 0 }]
  })
  await node.post(`/senders/${SENDER}/pause`, {})
  const paused = await until('the other messages in flight are sent', async () => {
    const now = await queueStats()
    return now['active'] === 1 && now
  })
  t.equal(paused['paused'] + paused['completed'], 9, 'all queued messages are paused, whatever their ready time')
  t.match(paused, { waiting: 0, delayed: 2, failed: 1 })
})

await t.test('a message is found by its id or by its own caller\'s key', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '60000' })
  const [app, shop, viewer] = [node.as(keys.app), node.as(keys.shop), node.as(keys.viewer)]
  const { body } = await app.send('+15550003060', 'Hello', { idempotencyKey: 'order/7 a', metadata: { order: 7 } })
  const id: string = body['id']
  const key = encodeURIComponent('order/7 a')
  t.match((await app.get(`/messages/${id}`)).body, {
    id,
    status: 'sent',
    sender: SENDER,
    metadata: { order: 7 },
    createdAt: String,
    settledAt: String,
    attemptCount: 1
  })
  t.match((await app.get(`/messages/${key}`)).body, { id, status: 'sent' })
  t.match((await app.get(`/messages/${key}?sender=${SENDER}`)).body, { id })
  t.match(await app.get(`/messages/${key}?sender=222`), { status: 404, body: { code: 'SENDER_UNKNOWN', field: 'sender' } })
  t.match(await shop.get(`/messages/${id}`), { status: 404, body: { code: 'NOT_FOUND' } }, 'another sending caller does not see it')
  t.match(await shop.get(`/messages/${key}`), { status: 404 }, 'nor by the same key')
  t.match(await viewer.get(`/messages/${id}`), { status: 200, body: { id } }, 'a caller with the role read sees all messages')

  const waiting = await app.send('+15550003060', 'next')
  t.match(await shop.del(`/messages/${waiting.body['id']}`), { status: 404 })
  t.match(await viewer.del(`/messages/${waiting.body['id']}`), { status: 403 })
  t.match((await app.get(`/messages/${waiting.body['id']}`)).body, {
    status: 'queued',
    to: '+15550003060',
    message: 'next',
    position: 1,
    waitingFor: 'pair-rate',
    expiresAt: String
  })
  t.match(
    await node.del(`/messages/${waiting.body['id']}`),
    { status: 200, body: { status: 'cancelled' } },
    'an admin may cancel messages of all callers'
  )
})

await t.test('several nodes share the queue of a recipient', async t => {
  const starts = recordStarts(t, environment.sandbox.url)
  const one = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '60000' })
  const two = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '60000' }, { prefix: one.prefix })
  const nodes: Node[] = [one, two]
  const replies = await Promise.all(Array.from({ length: 10 }, async (_, i) => await nodes[i % 2]!.send('+15550003070', `${i}`)))
  t.equal(replies.filter(reply => reply.body['immediate'] === true).length, 1)
  t.same(replies.filter(reply => reply.body['queued'] === true).map(reply => reply.body['position']).sort(), [1, 2, 3, 4, 5, 6, 7, 8, 9])
  // No message has left the queue so far; from here on they are sent.
  await one.put(`/senders/${SENDER}/quota`, { pairIntervalMs: 200 })
  await one.del('/rate-limits/+15550003070')
  await one.close()
  await arrivals('+15550003070', 10)
  const [, ...gaps] = starts.gaps('+15550003070')
  t.ok(gaps.every(gap => gap >= 150), `the spacing holds across nodes and the shutdown of one (${gaps.map(Math.round).join(', ')})`)
})
