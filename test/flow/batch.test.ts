import t from 'tap'
import { createBus } from '../../src/events.js'
import { connect } from '../../src/redis/connect.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { keys, type Node } from '../support/gateway.js'
import { recordStarts } from '../support/observe.js'

const environment = await createTestEnvironment(t, longStartWindow)
type Row = Record<string, unknown> & { httpStatus: number }
const post = async (node: Node, messages: unknown[], headers: Record<string, string> = {}): Promise<Row[]> =>
  (await node.post('/messages/batch', messages, headers)).body['results'] as Row[]

await t.test('a batch returns one result per row, in order, and invalid rows do not affect valid ones', async t => {
  const node = await environment.start(t)
  const starts = recordStarts(t, environment.sandbox.url)
  const to = '+15550004001'
  const { status, body } = await node.post('/messages/batch', {
    messages: [
      { to, message: 'one' },
      { to: '12', message: 'bad number' },
      { to, message: 'two' },
      'no object',
      { to },
      { to, message: 'three', sender: '999' },
      { to, message: 'four', colour: 'red' },
      { to, message: 'one' },
      { to, message: 'five', whenLimited: 'reject' },
      { to, type: 'template', message: 'hello_world' },
      { to, message: { type: 'image', image: {} } },
      { to, message: 'six' }
    ]
  })
  t.equal(status, 207)
  const rows = body['results'] as Row[]
  t.strictSame(rows.map(row => row.httpStatus), [202, 400, 202, 400, 400, 404, 400, 200, 400, 400, 400, 202])
  t.match(rows[0], { queued: true, immediate: false, duplicate: false, position: 1, delayMs: 0 })
  t.match(rows[1], { code: 'INVALID_RECIPIENT', field: 'to' })
  t.match(rows[2], { queued: true, position: 2, waitingFor: 'pair-rate' })
  t.match(rows[4], { code: 'INVALID_REQUEST', field: 'message' })
  t.match(rows[5], { code: 'SENDER_UNKNOWN' })
  t.match(rows[6], { code: 'INVALID_REQUEST', field: 'colour' })
  t.match(rows[7], { duplicate: true, id: rows[0]?.['id'] as string })
  t.match(rows[8], { code: 'INVALID_REQUEST', field: 'whenLimited' })
  t.match(rows[9], { code: 'INVALID_REQUEST', field: 'type', requestId: rows[1]?.['requestId'] as string })
  t.match(rows[10], { code: 'INVALID_REQUEST', errors: [{ field: 'message.image.id', hint: 'give one of id, link' }] })
  const seen = await environment.arrivals(to, 3)
  t.strictSame(seen.map(message => (message.body as { text: { body: string } }).text.body), ['one', 'two', 'six'])
  t.ok((starts.gaps(to)[0] ?? 0) >= 1950)
})

await t.test('a batch repeated with the same Idempotency-Key sends nothing twice', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '50' })
  const batch = [
    { to: '+15550004002', message: 'x' },
    { to: '+15550004002', message: 'x' },
    { to: '+15550004003', message: 'y', idempotencyKey: 'mine' }
  ]
  const first = await post(node, batch, { 'idempotency-key': 'b-1' })
  t.strictSame(first.map(row => row['idempotencyKey']), ['b-1#0', 'b-1#1', 'mine'])
  const again = await post(node, batch, { 'idempotency-key': 'b-1' })
  t.strictSame(again.map(row => [row.httpStatus, row['duplicate'], row['id']]), first.map(row => [200, true, row['id']]))
  t.equal((await environment.arrivals('+15550004002', 2)).length, 2)
})

await t.test('a cap reached within a batch rejects the remaining rows and reserves nothing for them', async t => {
  const node = await environment.start(t, { MAX_QUEUE_PER_RECIPIENT: '3', MAX_BACKLOG_PER_SENDER: '5', WHATSAPP_RATE_LIMIT_MS: '60000' })
  await node.post('/senders/111/pause', {})
  const rows = await post(node, [1, 2, 3, 4].map(n => ({ to: '+15550004004', message: `${n}` })))
  t.strictSame(rows.map(row => row.httpStatus), [202, 202, 202, 429])
  t.match(rows[3], { code: 'RECIPIENT_QUEUE_FULL' })
  const others = await post(node, [5, 6, 7].map(n => ({ to: `+1555000400${n}`, message: 'x' })))
  t.strictSame(others.map(row => [row.httpStatus, row['code']]), [[202, undefined], [202, undefined], [429, 'BACKLOG_FULL']])
  t.equal((await node.get('/senders')).body['senders'][0].unsettled, 5)
})

await t.test('a schedule in the past is rejected, unless the caller allows it or it has just passed', async t => {
  const node = await environment.start(t)
  const order = { to: '+15550004020', message: 'late' }
  const past = { status: 400, code: 'SCHEDULED_IN_PAST', field: 'scheduledFor', detail: /2020-01-01T00:00:00.000Z .* "whenPast": "send"/ }
  t.match(await node.post('/messages', { ...order, scheduledFor: '2020-01-01T01:00:00+01:00' }), { status: 400, body: past })
  const [row, good] = await post(node, [{ ...order, scheduledFor: '2020-01-01T00:00:00Z' }, { to: '+15550004021', message: 'now' }])
  t.match([row, good], [past, { httpStatus: 202 }], 'in a batch alone')
  t.match(await node.post('/messages', { ...order, scheduledFor: Date.now() - 61_000 }), { status: 400, body: { code: 'SCHEDULED_IN_PAST' } })
  const just = Date.now() - 50_000
  t.match(await node.post('/messages', { ...order, scheduledFor: just }), {
    status: 200, body: { immediate: true, scheduledFor: new Date(just).toISOString() }
  })
  t.match(await node.send('+15550004022', 'late', { scheduledFor: '2020-01-01T00:00:00Z', whenPast: 'send' }), {
    status: 200, body: { immediate: true, scheduledFor: '2020-01-01T00:00:00.000Z' }
  })
})

await t.test('a repeat of an accepted message is a duplicate, also once its time has passed', async t => {
  const node = await environment.start(t)
  const body = { to: '+15550004030', message: 'once', idempotencyKey: 'past-1', scheduledFor: '2020-01-01T00:00:00Z' }
  t.match(await node.post('/messages', { ...body, whenPast: 'send' }), { status: 200, body: { duplicate: false } })
  t.match(await node.post('/messages', body), { status: 200, body: { duplicate: true } })
  t.match(await node.post('/messages', { ...body, message: 'other' }), { status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } })
})

await t.test('messages for different times are different messages; a response repeats the time as understood', async t => {
  const node = await environment.start(t)
  const day = Math.ceil(Date.now() / 86_400_000 + 1) * 86_400_000
  const times = [day, new Date(day).toISOString().replace('.000Z', '+00:00'), String(day), day + 86_400_000]
  const replies = []
  for (const scheduledFor of times) replies.push((await node.send('+15550004031', 'Remember your pill', { scheduledFor })).body)
  t.strictSame(replies.map(({ duplicate }) => duplicate), [false, true, true, false])
  t.strictSame(replies.map(({ scheduledFor }) => scheduledFor), [day, day, day, day + 86_400_000].map(ms => new Date(ms).toISOString()))
})

await t.test('a message that would expire while it waits is rejected', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '60000' })
  t.match(await node.send('+15550004010', 'first'), { status: 200, body: { immediate: true } })
  const [brief, long, later] = await post(node, [
    { to: '+15550004010', message: 'brief', expiresInMs: 1000 }, { to: '+15550004010', message: 'long', expiresInMs: 600_000 },
    { to: '+15550004010', message: 'later', scheduledFor: Date.now() + 86_400_000 * 3, expiresInMs: 1000 }
  ])
  t.match(brief, { httpStatus: 429, code: 'WOULD_EXPIRE' })
  t.ok((brief?.['retryAfterMs'] as number) > 30_000)
  t.match(long, { httpStatus: 202, status: 'queued', position: 1 }, 'the rejected message takes no place in the queue')
  t.match(later, { httpStatus: 202, status: 'scheduled', waitingFor: 'schedule' }, 'the expiry counts from the scheduled time')
})

await t.test('a batch with more than 1,000 rows, with no rows or without a list is rejected as a whole', async t => {
  const node = await environment.start(t)
  const tooMany = await node.post(
    '/messages/batch',
    Array.from({ length: 1001 }, () => ({ to: '+15550004011', message: 'x' }))
  )
  for (const { status, body } of [
    tooMany,
    await node.post('/messages/batch', []),
    await node.post('/messages/batch', { rows: [] }),
    await node.post('/messages/batch')
  ]) {
    t.match({ status, body }, { status: 400, body: { code: 'INVALID_REQUEST' } })
  }
})

await t.test('a check says what a batch would do with each row, and accepts none', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '60000', MAX_BACKLOG_PER_SENDER: '50' })
  const to = '+15550004021'
  await node.put('/opt-outs/+15550004022', {})
  await post(node, [{ to, message: 'known', idempotencyKey: 'k-1' }, { to, message: 'derived' }])
  const messages = [
    { to, message: 'known', idempotencyKey: 'k-1' },
    { to, message: 'other', idempotencyKey: 'k-1' },
    { to, message: 'derived' },
    { to, message: 'new' },
    { to: '12', message: 'bad number' },
    { to, message: 'x', sender: '999' },
    { to: '+15550004022', message: 'offer', category: 'marketing' },
    { to: '+15550004022', message: 'receipt' },
    'no object'
  ]
  const { status, body } = await node.post('/messages/check', { messages })
  const rows = body['results'] as Row[]
  const isNew = { httpStatus: 200, duplicate: false, id: null, optedOut: false }
  t.match([status, rows], [200, [
    { httpStatus: 200, duplicate: true, id: /^111\./ },
    { httpStatus: 422, code: 'IDEMPOTENCY_KEY_REUSED' },
    { httpStatus: 200, duplicate: true },
    isNew,
    { httpStatus: 400, code: 'INVALID_RECIPIENT', field: 'to' },
    { httpStatus: 404, code: 'SENDER_UNKNOWN' },
    { httpStatus: 422, code: 'RECIPIENT_OPTED_OUT' },
    { ...isNew, optedOut: true },
    { httpStatus: 400, code: 'INVALID_REQUEST' }
  ]])
  t.match(body['senders'], [{ id: '111', state: 'active', perSecond: 1000, pairIntervalMs: 60_000 }])
  const accepted = await post(node, messages)
  const outcome = (row: Row): unknown => row['duplicate'] === true ? 'duplicate' : row.httpStatus < 300 ? 'new' : row['code']
  t.strictSame(accepted.map(outcome), rows.map(outcome), 'the batch does the same')
  const others = (await node.as(keys.app).post('/messages/check', { messages })).body['results'] as Row[]
  t.equal(others[0]?.['duplicate'], false, 'keys belong to their caller')
})

await t.test('a check knows when the window of a key is over', async t => {
  const node = await environment.start(t, { IDEMPOTENCY_TTL_MS: '60000' })
  const message = { to: '+15550004031', message: 'Hello', idempotencyKey: 'short' }
  const { body: { id } } = await node.post('/messages', message)
  const { redis, close } = await connect(environment.redis.url, createBus())
  t.teardown(close)
  const key = `{${node.prefix}:111}:msg:${String(id).split('.')[1]}`
  const isKnown = async (): Promise<unknown> => {
    const { body } = await node.post('/messages/check', { messages: [message] })
    return (body['results'] as Row[])[0]?.['duplicate']
  }
  t.equal(await isKnown(), true)
  // The result says how many ms after its admission the message was settled.
  const [letter = '', generation = '', print = '', tookMs = '', ...rest] = (await redis.get(key) ?? '').split(' ')
  t.equal(letter, 's')
  const older = (parseInt(generation, 16) - 61_000).toString(16)
  await redis.set(key, [letter, older, print, String(Number(tookMs) + 61_000), ...rest].join(' '))
  t.equal(await isKnown(), true, 'at least a minute from the end of the message')
  await redis.set(key, [letter, older, print, tookMs, ...rest].join(' '))
  t.equal(await isKnown(), false)
  t.match((await post(node, [message]))[0], { duplicate: false }, 'as the gateway decides')
})
