/** The flow of a message that WhatsApp accepts: spacing, idempotency, waiting, leaving the queue. Observed at the sandbox. */
import t from 'tap'
import { generateIdempotencyKey } from '../../src/client/idempotency.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { keys, type Node } from '../support/gateway.js'
import type { Reply } from '../support/request.js'
import { recordStarts } from '../support/observe.js'
import { pass, until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const { arrivals } = environment
/** Maximum difference between Redis's clock and this process's, ms. */
const CLOCKS = 50
/** How late a send may be on a busy machine, ms: less than a slot, so that it used its own. */
const LATE = 1900
/** How long the first grant and its reply may take, ms: the other sends count from that grant. */
const LAG = 500

await t.test('acceptance examples: a recipient gets one message per 2 s, whenever the messages were posted', async t => {
  const node = await environment.start(t, { WHATSAPP_SENDER_RATE_PER_SECOND: '80' })
  const starts = recordStarts(t, environment.sandbox.url)
  const [spread, together] = await Promise.all([
    post(node, '+15550001001', [0, 500, 1000]),
    post(node, '+15550001002', [0, 0, 0])
  ])
  for (const { replies } of [spread, together]) {
    t.match(replies.map(({ status, body }) => [status, body.status, body.immediate, body.queued]), [
      [200, 'sent', true, false], [202, 'queued', false, true], [202, 'queued', false, true]
    ])
  }
  for (const [to, { replies, postedAt }] of [['+15550001001', spread], ['+15550001002', together]] as const) {
    await arrivals(to, 3)
    const seen = starts.of(to)
    const [first = 0, second = 0, third = 0] = seen.map(start => start.at)
    t.ok(second - first >= 2000 - CLOCKS && third - second >= 2000 - CLOCKS, `never closer than 2 s (${second - first}, ${third - second})`)
    between(t, second - first, 2000 - CLOCKS, 2000 + LATE, 'the second goes at 2,000')
    between(t, third - first, 4000 - CLOCKS, 4000 + LATE, 'the third goes at 4,000')
    t.same(seen.map(({ text }) => text), ['text 0', 'text 1', 'text 2'], 'in the order in which they were posted')
    for (const [i, reply] of replies.slice(1).entries()) {
      const delayMs = (i + 1) * 2000 - ((postedAt[i + 1] ?? 0) - first)
      t.ok(
        reply.body['delayMs'] <= delayMs + LAG,
        `posted at 500 a delay of 1,500 ms, at 1,000 of 3,000 ms: ${Math.round(delayMs)} ms here (${reply.body['delayMs']})`
      )
      between(
        t,
        Date.parse(reply.body['expectedAt']) - first,
        (i + 1) * 2000 - CLOCKS - LAG,
        (i + 1) * 2000 + LAG,
        `number ${i + 2} is expected ${i + 1} times 2 s after the first`
      )
      t.ok((seen[i + 1]?.at ?? 0) >= Date.parse(reply.body['expectedAt']) - CLOCKS, 'expectedAt is a lower bound')
    }
  }
})

await t.test('an idempotency key names one message', async t => {
  const node = await environment.start(t)
  const to = '+15550001010'
  const header = (key: string) => ({ 'idempotency-key': key })
  const first = await node.send(to, 'Hello', {}, header('k1'))
  t.match(first.body, { idempotencyKey: 'k1', jobId: 'k1', keySource: 'header', duplicate: false })

  const again = await node.send(to, 'Hello', { metadata: { try: 2 }, priority: 'urgent' }, header('k1'))
  t.match(again, { status: 200, body: { id: first.body['id'], status: 'sent', duplicate: true, providerMessageId: first.body['providerMessageId'] } })
  t.equal(again.headers.get('idempotent-replayed'), 'true')
  t.equal(first.headers.get('idempotent-replayed'), null)

  const other = await node.send(to, 'Hello!', {}, header('k1'))
  t.match(
    other,
    { status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED', field: 'Idempotency-Key', id: first.body['id'] } },
    'the key with other content is rejected'
  )
  t.match((await node.send('+15550001011', 'Hello', { idempotencyKey: 'k1' })).body, { code: 'IDEMPOTENCY_KEY_REUSED', field: 'idempotencyKey' })

  t.match(
    (await node.send(to, 'Hello', { idempotencyKey: 'k2' }, header('"k1"'))).body,
    { id: first.body['id'], duplicate: true },
    'the header wins over the field, with quotes or without'
  )
  t.match(
    (await node.as(keys.app).send('+15550001012', 'Hello', {}, header('k1'))).body,
    { duplicate: false, status: 'sent' },
    'keys of different callers are independent'
  )
  t.equal((await arrivals(to)).length, 1)
})

await t.test('without a key the gateway derives one from the content, unless the caller disables it', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '60000' })
  const to = '+15550001020'
  const first = await node.send(to)
  t.match(first.body, { keySource: 'derived', idempotencyKey: generateIdempotencyKey(to, 'Hello') })
  t.match(
    (await node.send('+1 (555) 000-1020')).body,
    { duplicate: true, id: first.body['id'] },
    'another spelling of the number is the same recipient'
  )
  t.match((await node.send(to, { type: 'text', text: { body: 'x', preview_url: true } })).body, { duplicate: false })
  t.match(
    (await node.send(to, { text: { preview_url: true, body: 'x' }, type: 'text' })).body,
    { duplicate: true },
    "the order of an object's keys does not matter"
  )
  const none = await node.send(to, 'Hello', { deduplicate: false })
  t.match(none.body, { keySource: 'none', idempotencyKey: null, jobId: none.body['id'], queued: true })
})

await t.test('twenty concurrent posts with one key are one message', async t => {
  const node = await environment.start(t)
  const replies = await Promise.all(Array.from({ length: 20 }, async () => await node.send('+15550001030', 'once', { idempotencyKey: 'race' })))
  t.equal(new Set(replies.map(reply => reply.body['id'])).size, 1)
  t.equal(replies.filter(reply => reply.body['duplicate'] === false).length, 1)
  await until('the message is sent', async () => (await node.get('/messages/race')).body['status'] === 'sent')
  t.equal((await arrivals('+15550001030')).length, 1)
})

await t.test('a message with respond-async is queued, and one with scheduledFor is scheduled', async t => {
  const node = await environment.start(t)
  const async = await node.send('+15550001040', 'later', {}, { prefer: 'respond-async' })
  t.match(async, { status: 202, body: { status: 'queued', queued: true, delayMs: 0, position: 1 } })
  await arrivals('+15550001040', 1)

  const at = Date.now() + 1500
  const scheduled = await node.send('+15550001041', 'then', { scheduledFor: new Date(at).toISOString() })
  t.match(scheduled, { status: 202, body: { status: 'scheduled', queued: true, waitingFor: 'schedule' } })
  t.match((await node.get('/queues/stats')).body, { delayed: 1 })
  const [arrival] = await arrivals('+15550001041', 1)
  between(t, arrival?.headersAt, at, at + 5000, 'the message is sent at its scheduled time')
  t.match(
    (await node.send('+15550001042', 'then', { scheduledFor: Date.now() - 1000 })).body,
    { immediate: true },
    'a scheduled time in the past means now'
  )
})

await t.test('a message with whenLimited reject is rejected when it would wait, and nothing is reserved', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '60000' })
  const to = '+15550001050'
  t.match((await node.send(to, '1', { whenLimited: 'reject' })).body, { immediate: true })
  const rejected = await node.send(to, '2', { whenLimited: 'reject', idempotencyKey: 'r2' })
  t.match(rejected, { status: 429, body: { code: 'LIMITED', waitMs: Number } })
  between(t, Number(rejected.headers.get('retry-after')), 50, 60, 'Retry-After is the time until the pair is free')
  t.match(await node.get('/messages/r2'), { status: 404 }, 'the rejected message does not use up its key')
  t.match((await node.get(`/rate-limits/${to}`)).body, { waiting: { urgent: 0, normal: 0, bulk: 0 } })
  t.match((await node.send(to, '2', { whenLimited: 'wait', idempotencyKey: 'r2' })).body, { queued: true, position: 1, duplicate: false })
  t.match(await node.send(to, '3', { whenLimited: 'reject' }, { prefer: 'respond-async' }), {
    status: 400,
    body: { code: 'INVALID_REQUEST', field: 'whenLimited' }
  })
  t.match(
    await node.send(to, '4', { expiresInMs: 2000 }),
    { status: 429, body: { code: 'WOULD_EXPIRE' } },
    'a message that would expire while it waits is rejected'
  )
})

await t.test('a recipient\'s queue and a sender\'s backlog have a limit', async t => {
  const node = await environment.start(t, { MAX_QUEUE_PER_RECIPIENT: '2', MAX_BACKLOG_PER_SENDER: '3', WHATSAPP_RATE_LIMIT_MS: '60000' })
  const replies: Reply[] = []
  for (const text of ['1', '2', '3', '4']) replies.push(await node.send('+15550001060', text))
  t.match(replies.map(reply => reply.status), [200, 202, 202, 429])
  t.match(replies[3]?.body, { code: 'RECIPIENT_QUEUE_FULL', waitMs: Number })
  t.ok(Number(replies[3]?.headers.get('retry-after')) >= 5)
  await node.send('+15550001061', '1')
  t.match(await node.send('+15550001061', '2'), { status: 202 })
  t.match(await node.send('+15550001061', '3'), { status: 429, body: { code: 'BACKLOG_FULL' } })
  t.match(await node.send('+15550001062', '1'), { status: 200 }, 'a message that can be sent at once is accepted with a full backlog')
})

await t.test('a queued message can be cancelled, a sent one cannot', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '60000' })
  const to = '+15550001070'
  const sent = await node.send(to, '1')
  const second = await node.send(to, '2', { idempotencyKey: 'second' })
  const third = await node.send(to, '3')
  t.match(third.body, { position: 2 })
  t.match(await node.del('/messages/second'), { status: 200, body: { id: second.body['id'], status: 'cancelled' } })
  t.match(await node.del(`/messages/${second.body['id']}`), { status: 409, body: { code: 'NOT_CANCELLABLE', messageStatus: 'cancelled' } })
  t.match(await node.del(`/messages/${sent.body['id']}`), { status: 409, body: { messageStatus: 'sent' } })
  t.match((await node.get(`/messages/${third.body['id']}`)).body, { status: 'queued', position: 1 }, 'the message behind it moves up')
  t.match((await node.send(to, '2', { idempotencyKey: 'second' })).body, { status: 'cancelled', duplicate: true })
  await node.del(`/rate-limits/${to}`)
  const seen = await arrivals(to, 2)
  t.same(seen.map(arrival => arrival.body?.text?.body), ['1', '3'])
})

await t.test('an expired message is not sent', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '300' })
  await node.post('/senders/111/pause', {})
  const { body } = await node.send('+15550001080', 'too late', { expiresInMs: 1000 })
  t.match(body, { delayMs: null, expectedAt: null, waitingFor: 'pause' })
  await pass(1050)
  await node.post('/senders/111/resume')
  await until('the message is expired', async () => (await node.get(`/messages/${body['id']}`)).body['status'] === 'expired')
  t.match(node.seen('message.closed'), [{ state: 'expired' }])
  t.equal((await arrivals('+15550001080')).length, 0)
})

await t.test('urgent messages are sent before others, within a pair and between pairs', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '200', WHATSAPP_SENDER_RATE_PER_SECOND: '20' })
  const starts = recordStarts(t, environment.sandbox.url)
  await node.post('/senders/111/pause', {})
  for (const [priority, to] of [['bulk', '+15550001090'], ['normal', '+15550001091'], ['urgent', '+15550001092'], ['urgent', '+15550001090']]) {
    await node.send(to ?? '', `${priority}`, { priority })
  }
  await node.post('/senders/111/resume')
  await until('all are sent', async () => (await node.get('/queues/stats')).body['completed'] === 4)
  t.same(starts.of().filter(({ recipient }) => recipient.startsWith('1555000109')).map(({ text }) => text), ['urgent', 'urgent', 'normal', 'bulk'])
})

async function post (node: Node, to: string, moments: number[]): Promise<{ replies: Reply[], postedAt: number[] }> {
  const replies: Reply[] = []
  const postedAt: number[] = []
  const startedAt = performance.now()
  for (const [i, moment] of moments.entries()) {
    if (moment > 0) await pass(Math.max(0, moment - (performance.now() - startedAt)))
    postedAt.push(performance.timeOrigin + performance.now())
    replies.push(await node.send(to, `text ${i}`))
  }
  return { replies, postedAt }
}

function between (
  t: { ok: (value: unknown, message: string) => unknown },
  value: number | undefined,
  least: number,
  most: number,
  what: string
): void {
  t.ok(value !== undefined && value >= least && value <= most, `${what} (${value})`)
}
