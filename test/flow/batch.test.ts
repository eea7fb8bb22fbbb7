import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import type { Node } from '../support/gateway.js'
import { recordStarts } from '../support/starts.js'

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
      { to, message: 'five', whenLimited: 'reject' }
    ]
  })
  t.equal(status, 207)
  const rows = body['results'] as Row[]
  t.strictSame(rows.map(row => row.httpStatus), [202, 400, 202, 400, 400, 404, 400, 200, 400])
  t.match(rows[0], { queued: true, immediate: false, duplicate: false, position: 1, delayMs: 0 })
  t.match(rows[1], { code: 'INVALID_RECIPIENT', field: 'to' })
  t.match(rows[2], { queued: true, position: 2, waitingFor: 'pair-rate' })
  t.match(rows[4], { code: 'INVALID_REQUEST', field: 'message' })
  t.match(rows[5], { code: 'SENDER_UNKNOWN' })
  t.match(rows[6], { code: 'INVALID_REQUEST', field: 'colour' })
  t.match(rows[7], { duplicate: true, id: rows[0]?.['id'] as string })
  t.match(rows[8], { code: 'INVALID_REQUEST', field: 'whenLimited' })
  const seen = await environment.arrivals(to, 2)
  t.strictSame(seen.map(message => (message.body as { text: { body: string } }).text.body), ['one', 'two'])
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

await t.test('a schedule in the past means now, and a message that would expire while it waits is rejected', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '60000' })
  const past = await node.send('+15550004010', 'late', { scheduledFor: '2020-01-01T00:00:00Z' })
  t.match(past, { status: 200, body: { immediate: true } })
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
