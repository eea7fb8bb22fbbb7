/** Callbacks: state changes of messages, and relayed inbound messages. */
import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import { CALLBACK_SECRET, startReceiver, type Receiver } from '../support/receiver.js'
import { pass, until } from '../support/until.js'
import { SECRET, quick, types, waitForCallbacks, postWebhook, statuses } from './callbacks.js'

const environment = await createTestEnvironment(t, longStartWindow)
const { arrivals } = environment

async function start (
  t: Parameters<typeof environment.start>[0],
  env: Record<string, string> = {},
  webhooks: Record<string, unknown> = { webhookUrl: null }
): Promise<{ node: Node; receiver: Receiver }> {
  const receiver = await startReceiver(t)
  const node = await environment.start(t, { ...quick, CALLBACK_URL: receiver.url, ...env })
  const settings = { webhookSentMs: 20, webhookDeliveredMs: 60, webhookReadMs: null, webhookCopies: 2, webhookBackwards: false, webhookOpaque: true }
  await environment.postWebhooks(t, node, SECRET, { ...settings, ...webhooks })
  return { node, receiver }
}

await t.test('the callbacks sent, delivered and read arrive in this order, signed, with the caller\'s metadata', async t => {
  const { node, receiver } = await start(t, {}, {})
  const { body } = await node.send('+15550000901', 'Hello', { idempotencyKey: 'order-1', metadata: { order: 1 } })
  await waitForCallbacks(receiver, body['id'], 'message.sent', 'message.delivered')
  // Posted by the test, because a read status that overtakes the delivery suppresses the callback of the delivery.
  const [arrival] = await arrivals('+15550000901', 1)
  await until(
    'the webhook is accepted',
    async () =>
      (await postWebhook(
        node,
        statuses([{ id: arrival?.wamid, status: 'read', timestamp: '1750030073', biz_opaque_callback_data: arrival?.opaque }])
      )) === 200
  )
  await waitForCallbacks(receiver, body['id'], 'message.read')
  t.strictSame(types(receiver, body['id']), ['message.sent', 'message.delivered', 'message.read'])
  const [sent, delivered, read] = receiver.accepted(body['id'])
  const common = {
    id: body['id'],
    jobId: 'order-1',
    idempotencyKey: 'order-1',
    sender: SENDER,
    to: '+15550000901',
    metadata: { order: 1 },
    providerMessageId: body['providerMessageId'],
    attemptCount: 1
  }
  t.match(sent?.data, { ...common, status: 'sent', settledAt: String })
  t.match(delivered?.data, { ...common, status: 'delivered', deliveredAt: String })
  t.match(read?.data, { ...common, status: 'read', readAt: String })
  t.strictSame(receiver.unsigned, [])
  t.notOk(receiver.received.some(({ text }) => text.includes('Hello')), 'callbacks do not contain the text')
  t.ok(receiver.received.every(({ id }) => /^[\w-]{1,200}$/.test(id)), 'callback ids contain no full stops')
  t.match(receiver.headers[0], { 'content-type': 'application/json', 'user-agent': 'sluice' })
  await until(
    'the node has recorded three deliveries',
    () => node.seen('callback.attempted').filter(({ result }) => result === 'delivered').length === 3
  )
})

await t.test('callbacks of failed, cancelled and expired messages contain the reason', async t => {
  const { node, receiver } = await start(t)
  const failed = await node.send('+15560131026')
  await waitForCallbacks(receiver, failed.body['id'], 'message.failed')
  t.match(receiver.accepted(failed.body['id'])[0]?.data, {
    status: 'failed',
    error: { code: '131026', reason: 'rejected', explanation: String, remedy: String }
  })
  await node.post(`/senders/${SENDER}/pause`)
  const cancelled = await node.send('+15550000902')
  await node.del(`/messages/${String(cancelled.body['id'])}`)
  const unwanted = await node.send('+15550000904', 'Offer', { category: 'marketing' })
  await node.put('/opt-outs/+15550000904', {})
  const expired = await node.send('+15550000903', 'Soon', { expiresInMs: 1000 })
  await waitForCallbacks(receiver, cancelled.body['id'], 'message.cancelled')
  t.notOk('cancelledFor' in (receiver.accepted(cancelled.body['id'])[0]?.data ?? {}), 'a cancellation by a caller has no cancelledFor')
  await waitForCallbacks(receiver, unwanted.body['id'], 'message.cancelled')
  t.match(receiver.accepted(unwanted.body['id'])[0]?.data, { status: 'cancelled', cancelledFor: 'opted-out' })
  await pass(1000)
  // The claim that follows the resume expires the message.
  await node.post(`/senders/${SENDER}/resume`)
  await waitForCallbacks(receiver, expired.body['id'], 'message.expired')
})

await t.test('a receiver that was down gets all callbacks when it is up again, in order per message, each with one id', async t => {
  const { node, receiver } = await start(t, { CALLBACK_TIMEOUT_MS: '500' }, {})
  receiver.respond(({ data }) => (Number(data['to']?.slice(-1)) % 3 === 0 ? null : 503))
  const ids = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => (await node.send(`+155500010${String(i).padStart(2, '0')}`)).body['id'] as string)
  )
  await until('some callbacks were rejected', () => receiver.received.length >= 6)
  for (const id of ids) {
    await until('the message is delivered', async () => (await node.get(`/messages/${id}`)).body['status'] === 'delivered', 30_000)
  }
  receiver.respond(() => 200)
  for (const id of ids) {
    await waitForCallbacks(receiver, id, 'message.sent', 'message.delivered')
    t.strictSame(types(receiver, id), ['message.sent', 'message.delivered'])
  }
  t.equal(new Set(receiver.received.map(({ id }) => id)).size, 40, 'a repeated callback has the same id')
  const redis = environment.redis.connect()
  await until('the outbox is empty', async () =>
    (
      await Promise.all(
        ['outbox', 'callbacks', 'callbacks-due', 'callbacks-since'].map(async name => await redis.exists(`{${node.prefix}:${SENDER}}:${name}`))
      )
    ).every(one => one === 0)
  )
})

await t.test('a callback that the receiver always rejects delays no other message, and becomes a dead letter', async t => {
  const { node, receiver } = await start(t, { CALLBACK_GIVE_UP_MS: '1500' })
  receiver.respond(({ data }) => data['to'] === '+15550000910' ? 400 : 200)
  const bad = await node.send('+15550000910')
  for (let i = 0; i < 10; i++) {
    const { body } = await node.send(`+155500009${20 + i}`)
    await waitForCallbacks(receiver, body['id'], 'message.sent')
  }
  await until('the callback is given up', () => node.seen('callback.attempted').some(({ result }) => result === 'dead-lettered'))
  t.strictSame(types(receiver, bad.body['id']), [])
  const dead = await environment.redis.connect().lrange(`{${node.prefix}:${SENDER}}:callbacks-dead`, 0, -1)
  t.equal(dead.length, 1)
  t.ok(dead[0]?.startsWith(String(bad.body['id']).split('.').slice(1).join('.')))
})

await t.test('a damaged event becomes a dead letter, and the later ones of its message are delivered', async t => {
  const { node, receiver } = await start(t)
  const redis = environment.redis.connect()
  const key = (name: string): string => `{${node.prefix}:${SENDER}}:${name}`
  t.equal((await node.post(`/senders/${SENDER}/pause`, {})).status, 200)
  const { status, body } = await node.send('+15550000930')
  t.equal(status, 202)
  const subject = String(body['id']).split('.').slice(1).join('.')
  // Before any event of its own: as if what Redis holds was damaged.
  await redis.multi().hset(key('callbacks'), subject, '0\n1 not a result\t{').zadd(key('callbacks-due'), 1, subject)
    .zadd(key('callbacks-since'), 1, subject).exec()
  t.equal((await node.post(`/senders/${SENDER}/resume`, {})).status, 200)
  await waitForCallbacks(receiver, body['id'], 'message.sent')
  t.match(node.seen('callback.attempted').filter(({ result }) => result === 'dead-lettered'), [{ callback: subject, code: 'UNREADABLE' }])
  t.strictSame(await redis.lrange(key('callbacks-dead'), 0, -1), [`${subject} 1 not a result\t{`])
  t.match(node.seen('unexpected-error').splice(0), [{ location: 'callbacks' }])
})

await t.test('inbound messages and other webhook changes are relayed once, byte for byte', async t => {
  const { node, receiver } = await start(t)
  const change =
    '{"field": "messages",\n "value": {"metadata":{"phone_number_id":"111"},"contacts":[{"wa_id":"15550000940"}],' +
      '"messages":[{"from":"15550000940","id":"wamid.IN","n":12345678901234567890,"text":{"body":"\\u00e4\\"}]\\/ 🎉"}}]}}'
  const template = '{"field":"message_template_status_update","value":{"event":"APPROVED","message_template_id":12345678901234567890}}'
  const status = '{"field":"messages","value":{"metadata":{"phone_number_id":"111"},"statuses":[{"id":"wamid.UNKNOWN","status":"sent"}]}}'
  const text = `{"object":"whatsapp_business_account","entry":[{"id":"17","changes":[${change}, ${status}]},{"changes":[ ${template} ],"id":"18"}]}`
  const post = async (): Promise<unknown> => await until('the webhook is accepted', async () => await postWebhook(node, text) === 200)
  await post()
  await until('the change is relayed', () => receiver.accepted().length >= 2)
  const [inbound, other] = [...receiver.accepted()].sort((a, b) => b.type.localeCompare(a.type))
  t.equal(inbound?.type, 'whatsapp.inbound')
  t.ok(inbound?.text.endsWith(`"data":{"sender":"111","entry":"17","change":${change}}}`))
  t.equal(other?.type, 'whatsapp.change')
  t.ok(other?.text.endsWith(`"data":{"sender":"111","entry":"18","change":${template}}}`))
  await post()
  await until('all are relayed again', () => receiver.accepted().every(({ id }) => receiver.received.filter(wait => wait.id === id).length >= 2))
  t.equal(receiver.accepted().length, 2, 'a webhook that Meta repeats gives the same callback id')
})

await t.test('equal changes at different times are different events, and a repeated webhook is none', async t => {
  const { node, receiver } = await start(t)
  const template = (event: string) => ({ field: 'message_template_status_update', value: { event, message_template_name: 'hello' } })
  const post = async (time: number, events: string[]): Promise<void> => {
    t.equal(await postWebhook(node, JSON.stringify({ entry: [{ id: '18', time, changes: events.map(template) }] })), 200)
  }
  receiver.respond(() => 503)
  await post(1, ['PAUSED'])
  await post(2, ['APPROVED'])
  await post(3, ['PAUSED'])
  await post(3, ['PAUSED'])
  await post(4, ['APPROVED', 'PAUSED', 'APPROVED'])
  receiver.respond(() => 200)
  await until('six events are delivered', () => receiver.accepted().length >= 6)
  const relayed = receiver.accepted().map(({ data }) => `${String(data['time'])} ${String(data['change'].value.event)}`).sort()
  t.strictSame(relayed, ['1 PAUSED', '2 APPROVED', '3 PAUSED', '4 APPROVED', '4 APPROVED', '4 PAUSED'])
})

await t.test('statuses of calls and payments, and unknown ones, are relayed; statuses of messages beside them are applied', async t => {
  const { node, receiver } = await start(t)
  const { body } = await node.send('+15550000945')
  const [arrival] = await arrivals('+15550000945', 1)
  const call = { id: 'wacid.X', type: 'call', status: 'RINGING', timestamp: '1795918040', recipient_id: '1' }
  const payment = { id: 'wamid.P', type: 'payment', status: 'failed', recipient_id: '1', payment: { reference_id: 'r' } }
  const mine = { id: arrival?.wamid, status: 'read', timestamp: '1750030073', biz_opaque_callback_data: arrival?.opaque }
  const metadata = { phone_number_id: '111' }
  const changes = [
    { field: 'calls', value: { metadata, statuses: [call] } },
    { field: 'calls', value: { metadata, calls: [{ id: 'wacid.Y', event: 'connect' }] } },
    { field: 'messages', value: { metadata, statuses: [payment] } },
    {
      field: 'messages',
      value: { metadata, statuses: [null, { id: 5 }, { id: 'wamid.C', status: 'constructor' }, mine, { id: 'wamid.D', status: 'deleted' }] }
    }
  ]
  t.equal(await postWebhook(node, JSON.stringify({ entry: [{ id: '1', changes }] })), 200)
  await until('all changes are relayed', () => receiver.accepted().filter(({ type }) => type === 'whatsapp.change').length >= changes.length)
  const relayed = receiver.accepted().filter(({ type }) => type === 'whatsapp.change').map(({ data }) => JSON.stringify(data['change'])).sort()
  t.strictSame(relayed, changes.map(change => JSON.stringify(change)).sort())
  await waitForCallbacks(receiver, body['id'], 'message.read')
  t.strictSame(node.seen('unexpected-error'), [])
})

await t.test('while Redis is unavailable webhooks get 503, and no callback is lost', async t => {
  const { node, receiver } = await start(t)
  receiver.respond(() => 503)
  const { body } = await node.send('+15550000950')
  await until('a callback was rejected', () => receiver.received.length > 0)
  const text = '{"entry":[{"id":"1","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"111"},"messages":[{"id":"wamid.A"}]}}]}]}'
  process.kill(environment.redis.pid, 'SIGSTOP')
  try {
    t.equal(await postWebhook(node, text), 503)
  } finally {
    process.kill(environment.redis.pid, 'SIGCONT')
  }
  receiver.respond(() => 200)
  await until('the webhook is accepted', async () => await postWebhook(node, text) === 200)
  await waitForCallbacks(receiver, body['id'], 'message.sent')
  await until('the change is relayed', () => receiver.accepted().some(({ type }) => type === 'whatsapp.inbound'))
  // Recovery reports that it could not reach Redis.
  t.strictSame(node.seen('unexpected-error').filter(({ location }) => location !== 'recovery' && location !== 'giving back grants'), [])
})

await t.test('during a rotation callbacks are signed with both secrets', async t => {
  const next = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
  const receiver = await startReceiver(t, next)
  const node = await environment.start(t, { ...quick, CALLBACK_URL: receiver.url, CALLBACK_SECRET: `${CALLBACK_SECRET} ${next}` })
  await waitForCallbacks(receiver, (await node.send('+15550000960')).body['id'], 'message.sent')
  t.strictSame(receiver.unsigned, [])
})

await t.test('the gateway does not follow redirects of a receiver', async t => {
  const { node, receiver } = await start(t)
  const other = await startReceiver(t)
  receiver.respond(() => 307)
  await node.send('+15550000965')
  await until('the callback was attempted twice', () => receiver.received.length >= 2)
  t.match(node.seen('callback.attempted')[0], { result: 'retry-scheduled', code: 'HTTP_307' })
  t.strictSame(other.received, [])
})

await t.test('without CALLBACK_URL no callback is stored', async t => {
  const node = await environment.start(t, { WHATSAPP_APP_SECRET: SECRET, WHATSAPP_VERIFY_TOKEN: 'verify-me' })
  await node.send('+15550000970')
  await arrivals('+15550000970', 1)
  await until(
    'the webhook is accepted',
    async () =>
      (await postWebhook(
        node,
        '{"entry":[{"id":"1","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"111"},"messages":[{}]}}]}]}'
      )) === 200
  )
  const keys = await environment.redis.connect().keys(`*${node.prefix}*`)
  t.strictSame(keys.filter(key => /outbox|callbacks/.test(key)), [])
})

await t.test('an erasure removes the recipient from waiting callbacks', async t => {
  const { node, receiver } = await start(t)
  receiver.respond(() => 503)
  const { body } = await node.send('+55 11 8765-4399', 'Hello', { metadata: { name: 'Zaubernuss' } })
  await postWebhook(
    node,
    '{"entry":[{"id":"1","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"111"},"contacts":[{"wa_id":"551187654399"}],' +
      '"messages":[{"from":"551187654399"}]}}]}]}'
  )
  await postWebhook(
    node,
    '{"entry":[{"id":"1","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"111"},"messages":[{"from":"15550000980"}]}}]}]}'
  )
  await until('all callbacks were rejected', () => new Set(receiver.received.map(({ id }) => id)).size >= 3, 20_000)
  t.match((await node.del('/recipients/+5511987654399')).body, { complete: true })
  const key = `{${node.prefix}:${SENDER}}:`
  const redis = environment.redis.connect()
  const left = JSON.stringify([await redis.hgetall(`${key}callbacks`), await redis.lrange(`${key}outbox`, 0, -1)])
  t.notMatch(left, /87654399|Zaubernuss|wamid/)
  t.match(left, /15550000980/)
  receiver.respond(() => 200)
  await waitForCallbacks(receiver, body['id'], 'message.sent')
  t.match(receiver.accepted(body['id'])[0]?.data, { status: 'sent', to: null, metadata: null })
})
