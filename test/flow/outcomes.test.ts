/** Outcomes of messages that WhatsApp rejects, delays or does not respond to. The sandbox's test numbers select the outcome. */
import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import { recordStarts } from '../support/observe.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const { arrivals, sandbox } = environment

/** The retry worker retries almost at once. */
const fastRetries = { WHATSAPP_RATE_LIMIT_MS: '250', WHATSAPP_RETRY_SCHEDULE_MS: '50,60,70,80,90', WHATSAPP_RETRY_INTERVAL_MS: '100' }
/** No automatic retry happens within a test. */
const noRetries = { WHATSAPP_RATE_LIMIT_MS: '60', WHATSAPP_RETRY_INTERVAL_MS: '600000' }

await t.test('the retry worker retries a rejected message until WhatsApp accepts it', async t => {
  const node = await environment.start(t, fastRetries)
  const starts = recordStarts(t, sandbox.url)
  const to = '+155621310000001'
  const { status, body } = await node.send(to, 'Hello', { metadata: { orderId: 7 } })
  t.match([status, body], [202, { status: 'retrying', queued: true, immediate: false, nextRetryAt: String, error: { code: '131000' } }])
  const message = await until('the message is sent', async () => await stateOf(node, body['id'], 'sent'))
  t.match(message, { attemptCount: 3, providerMessageId: /^wamid\./, metadata: { orderId: 7 } })
  const [failure] = (await node.get('/failures?status=RESOLVED')).body['failures']
  t.match(failure, { id: body['id'], status: 'RESOLVED', attemptCount: 3, resolvedAt: String, nextRetryAt: null, metadata: { orderId: 7 } })
  t.same(failure.attempts.map((attempt: { outcome: string }) => attempt.outcome), ['retryable', 'retryable', 'sent'])
  await arrivals(to, 3)
  t.ok(starts.gaps(to).every(gap => gap >= 200), `retries keep the pair's interval (${starts.gaps(to).map(Math.round).join(', ')})`)
})

await t.test('a message that WhatsApp always rejects is FAILED after exactly six attempts', async t => {
  const node = await environment.start(t, fastRetries)
  const to = '+155601310000002'
  const { body } = await node.send(to)
  const message = await until('the message has failed', async () => await stateOf(node, body['id'], 'failed'), 20_000)
  t.match(message, { attemptCount: 6, error: { code: '131000' } })
  const [failure] = (await node.get('/failures?status=FAILED')).body['failures']
  t.match(failure, { id: body['id'], attemptCount: 6, reason: 'exhausted', errorCode: '131000', explanation: String, remedy: String })
  t.equal(failure.attempts.length, 6)
  t.same(
    (await arrivals(to)).map(arrival => arrival.opaque?.split('.').at(-1)),
    ['1', '2', '3', '4', '5', '6'],
    "WhatsApp sees each attempt's number"
  )
  t.match((await node.get('/stats')).body['deliveryFailures'], { pending: 0, resolved: 0, failed: 1 })
  t.match((await node.send(to)).body, { duplicate: true, status: 'failed' }, 'its key still refers to it')
})

await t.test('a permanently rejected message is FAILED at once, with the reason and a remedy', async t => {
  const node = await environment.start(t, noRetries)
  const { status, headers, body } = await node.send('+15560131026', 'Hello', { metadata: { orderId: 8 }, idempotencyKey: 'rejected' })
  t.match(
    [status, body],
    [422, { code: 'PROVIDER_REJECTED', status: 422, id: /^111\./, error: { code: '131026', message: String, explanation: String, remedy: String } }]
  )
  t.match(headers.get('content-type'), /^application\/problem\+json/)
  const [failure] = (await node.get('/failures?status=FAILED')).body['failures']
  t.match(failure, {
    id: body['id'],
    reason: 'rejected',
    attemptCount: 1,
    explanation: body['error'].explanation,
    remedy: body['error'].remedy,
    metadata: { orderId: 8 }
  })
  t.match(await node.send('+15560131026', 'Hello', { idempotencyKey: 'rejected' }), {
    status: 200,
    body: { duplicate: true, status: 'failed', id: body['id'] }
  })
  const later = await node.send('+15560131049')
  t.equal(later.status, 422)
  const [penalized] = (await node.get('/failures?status=FAILED&recipient=%2B15560131049')).body['failures']
  t.ok(Date.parse(penalized.retryNotBefore) - Date.now() > 23.9 * 3_600_000, 'retryNotBefore is set for a code that penalizes a retry within a day')
})

await t.test('the retry of a FAILED message keeps its id and needs a new slot', async t => {
  const node = await environment.start(t, { ...noRetries, WHATSAPP_RATE_LIMIT_MS: '60000' })
  const { body: { id } } = await node.send('+155611310260003')
  t.match((await node.post(`/failures/${id}/retry`)).body, { total: 1, succeeded: 0, deferred: 1 }, 'the pair rate applies to a retry too')
  await node.del('/rate-limits/+155611310260003')
  await until('the message is sent', async () => await stateOf(node, id, 'sent'))
  t.match((await node.get('/failures?status=RESOLVED')).body['failures'], [{ id, attemptCount: 2 }])
  t.equal((await node.get('/failures?status=FAILED')).body['failures'].length, 0)
  t.match(await node.post(`/failures/${id}/retry`), { status: 409, body: { code: 'NOT_RETRYABLE' } }, 'a sent message cannot be retried')
})

await t.test('a message of unknown outcome is held, then sent again or failed by its policy', async t => {
  const node = await environment.start(t, { ...fastRetries, SEND_TIMEOUT_MS: '1500', UNKNOWN_HOLD_MS: '2000' })
  const [again, never, cut] = await Promise.all([
    node.send('+15558400011', 'Hello'),
    node.send('+15558400021', 'Hello', { onUnknown: 'fail' }),
    node.send('+15558200011', 'Hello')
  ])
  for (const reply of [again, never]) {
    t.match(reply, { status: 202, body: { status: 'unknown', queued: true, nextRetryAt: String, error: { code: 'HEADERS_TIMEOUT' } } })
  }
  t.match(cut, { status: 202, body: { status: 'unknown', error: { code: 'RESET' } } })
  t.match((await node.get(`/messages/${again.body['id']}`)).body, { status: 'unknown', nextRetryAt: String })
  t.match(await node.del(`/messages/${again.body['id']}`), { status: 409, body: { messageStatus: 'unknown' } })

  const failed = await until('the message with the policy fail has failed', async () => await stateOf(node, never.body['id'], 'failed'))
  t.equal(failed['attemptCount'], 1)
  t.match((await node.get('/failures?status=FAILED')).body['failures'], [{ id: never.body['id'], reason: 'unknown' }])
  t.match(await until('the message with the policy retry is sent again', async () => await stateOf(node, again.body['id'], 'sent')), {
    attemptCount: 2
  })
  await until('the message with the broken connection is sent again', async () => await stateOf(node, cut.body['id'], 'sent'))
  t.equal((await arrivals('+15558400011')).length, 2, 'the recipient may get it twice')
  t.equal((await arrivals('+15558400021')).length, 1, 'with the policy fail it is sent once')
})

await t.test('a request does not take longer than INLINE_WAIT_MS', async t => {
  const node = await environment.start(t, { ...noRetries, INLINE_WAIT_MS: '200' })
  const askedAt = performance.now()
  const { status, body } = await node.send('+15557030010')
  const tookMs = performance.now() - askedAt
  t.match([status, body], [202, { status: 'sending', queued: true }])
  t.ok(tookMs >= 195 && tookMs < 3000, `response after ${tookMs} ms`)
  t.match((await node.get(`/messages/${body['id']}`)).body, { status: 'sending' })
  t.match(await node.del(`/messages/${body['id']}`), { status: 409, body: { messageStatus: 'sending' } })
  t.match((await node.get('/queues/stats')).body, { active: 1 })
  await until('the message is sent', async () => await stateOf(node, body['id'], 'sent'))
})

await t.test('ten rate limit rejections use up no attempt', async t => {
  const node = await environment.start(t, noRetries)
  const to = '+155601310560004'
  const { status, body } = await node.send(to)
  t.match([status, body], [202, { status: 'queued', queued: true, waitingFor: 'cool-down', position: 1, error: { code: '131056' } }])
  t.ok(body['delayMs'] > 3000 && body['delayMs'] <= 6000, `the pair cools down for 6 s (${body['delayMs']})`)
  t.match((await node.get(`/rate-limits/${to}`)).body, { waitingFor: 'cool-down', limited: true })
  for (let times = 2; times <= 10; times++) {
    await node.del(`/rate-limits/${to}`)
    await arrivals(to, times)
    await until('the message is queued again', async () => await stateOf(node, body['id'], 'queued'))
  }
  t.match((await node.get(`/messages/${body['id']}`)).body, { attemptCount: 0, position: 1 })
  t.match((await node.get('/stats')).body['deliveryFailures'], { pending: 0, failed: 0 })
  t.same((await arrivals(to)).map(arrival => arrival.opaque?.split('.').at(-1)), Array(10).fill('1'), 'it stays the first attempt')

  t.match(await node.send('+155600800070005'), { status: 202, body: { status: 'queued', waitingFor: 'cool-down', error: { code: '80007' } } })
  const other = await node.send('+15550002001')
  t.match(other.body, { status: 'queued' }, 'a rate-limited sender cools down as a whole')
  t.ok(other.body['delayMs'] > 50_000 && other.body['delayMs'] <= 60_000, `for a minute (${other.body['delayMs']})`)
})

await t.test('an expired token stops the sender, and its messages wait until it is resumed', async t => {
  const node = await environment.start(t, noRetries)
  await sandbox.control('POST', 'faults', { recipient: '*', sender: SENDER, times: 1, kind: 'code', code: 190 })
  const stopper = await node.send('+15550002010')
  t.match(stopper, { status: 202, body: { status: 'queued', delayMs: null, expectedAt: null, waitingFor: 'sender-stopped', error: { code: '190' } } })
  t.match(node.seen('sender.stopped'), [{ sender: SENDER, code: '190' }], 'one alert')
  const waiting = await node.send('+15550002011')
  t.match(waiting, { status: 202, body: { status: 'queued', delayMs: null, expectedAt: null, waitingFor: 'sender-stopped' } })
  const rejected = await node.send('+15550002012', 'now', { whenLimited: 'reject' })
  t.match(rejected, { status: 429, body: { waitMs: null } })
  t.equal(rejected.headers.get('retry-after'), '60', 'a stopped sender is probed once a minute')
  t.match((await node.get('/senders')).body['senders'], [{ state: 'stopped', reason: '190', queued: 2 }])
  t.match((await node.get('/queues/stats')).body, { paused: 2, waiting: 0, delayed: 0 })

  t.match(await node.post(`/senders/${SENDER}/resume`), { status: 200, body: { state: 'active', reason: null } })
  for (const { body } of [stopper, waiting]) {
    t.match(await until('the message is sent', async () => await stateOf(node, body['id'], 'sent')), { attemptCount: 1 })
  }
  t.equal(node.seen('sender.resumed').length, 1)
})

await t.test('a message that stops its sender twice is FAILED', async t => {
  const node = await environment.start(t, noRetries)
  const { body } = await node.send('+155601310310006')
  t.match(body, { status: 'queued', waitingFor: 'sender-stopped' })
  await node.post(`/senders/${SENDER}/resume`)
  await until('the message has failed', async () => await stateOf(node, body['id'], 'failed'))
  t.match((await node.get('/failures?status=FAILED')).body['failures'], [{ errorCode: '131031', reason: 'rejected' }])
  t.match((await node.get('/senders')).body['senders'], [{ state: 'stopped' }])
})

async function stateOf (node: Node, id: string, state: string): Promise<Record<string, any> | false> {
  const { body } = await node.get(`/messages/${id}`)
  return body['status'] === state && body
}
