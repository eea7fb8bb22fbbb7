/** Callbacks: state changes of messages, and relayed inbound messages. */
import { createHmac } from 'node:crypto'
import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import { CALLBACK_SECRET, startReceiver, type Receiver } from '../support/receiver.js'
import { request } from '../support/request.js'
import { pass, until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const { sandbox, arrivals } = environment
const SECRET = 'app-secret-of-the-test'
const quick = {
  CALLBACK_SECRET,
  CALLBACK_RETRY_MS: '50',
  WHATSAPP_APP_SECRET: SECRET,
  WHATSAPP_VERIFY_TOKEN: 'verify-me',
  WHATSAPP_RATE_LIMIT_MS: '50'
}

async function start (
  t: Parameters<typeof environment.start>[0],
  env: Record<string, string> = {},
  webhooks: Record<string, unknown> = { webhookUrl: null }
): Promise<{ node: Node; receiver: Receiver }> {
  const receiver = await startReceiver(t)
  const node = await environment.start(t, { ...quick, CALLBACK_URL: receiver.url, ...env })
  t.teardown(async () => {
    await sandbox.control('PUT', 'settings', { webhookUrl: null })
  })
  await sandbox.control('PUT', 'settings', {
    webhookUrl: `${node.origin}/webhooks/whatsapp`,
    webhookSecret: SECRET,
    webhookSentMs: 20,
    webhookDeliveredMs: 60,
    webhookReadMs: null,
    webhookCopies: 2,
    webhookBackwards: false,
    webhookOpaque: true,
    ...webhooks
  })
  return { node, receiver }
}

const types = (receiver: Receiver, id: unknown): string[] => receiver.taken(String(id)).map(({ type }) => type)

async function waitForCallbacks (receiver: Receiver, id: unknown, ...wanted: string[]): Promise<void> {
  await until(
    `${wanted.join(', ')} of ${String(id)}`,
    () => types(receiver, id).length >= wanted.length && wanted.every(type => types(receiver, id).includes(type)),
    30_000
  )
}

function sign (body: string): Record<string, string> {
  return { 'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`, 'content-type': 'application/json' }
}

const postWebhook = async (node: Node, text: string): Promise<number> =>
  (await request(`${node.origin}/webhooks/whatsapp`, { method: 'POST', body: text, headers: sign(text) })).status

const statuses = (statuses: unknown[]): string =>
  JSON.stringify({ entry: [{ id: '1', changes: [{ field: 'messages', value: { metadata: { phone_number_id: SENDER }, statuses } }] }] })

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
  const [sent, delivered, read] = receiver.taken(body['id'])
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
  t.match(receiver.taken(failed.body['id'])[0]?.data, {
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
  t.notOk('cancelledFor' in (receiver.taken(cancelled.body['id'])[0]?.data ?? {}), 'a cancellation by a caller has no cancelledFor')
  await waitForCallbacks(receiver, unwanted.body['id'], 'message.cancelled')
  t.match(receiver.taken(unwanted.body['id'])[0]?.data, { status: 'cancelled', cancelledFor: 'opted-out' })
  await pass(1000)
  // The claim that follows the resume expires the message.
  await node.post(`/senders/${SENDER}/resume`)
  await waitForCallbacks(receiver, expired.body['id'], 'message.expired')
})

await t.test('a receiver that was down gets all callbacks when it is up again, in order per message, each with one id', async t => {
  const { node, receiver } = await start(t, { CALLBACK_TIMEOUT_MS: '500' }, {})
  receiver.respond(({ data }) => (Number(data['to']?.slice(-1)) % 3 === 0 ? null : 503))
  const ids = await Promise.all(
    Array.from({ length: 20 }, async (_, at) => (await node.send(`+155500010${String(at).padStart(2, '0')}`)).body['id'] as string)
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
  for (let at = 0; at < 10; at++) {
    const { body } = await node.send(`+155500009${20 + at}`)
    await waitForCallbacks(receiver, body['id'], 'message.sent')
  }
  await until('the callback is given up', () => node.seen('callback.attempted').some(({ result }) => result === 'dead-lettered'))
  t.strictSame(types(receiver, bad.body['id']), [])
  const dead = await environment.redis.connect().lrange(`{${node.prefix}:${SENDER}}:callbacks-dead`, 0, -1)
  t.equal(dead.length, 1)
  t.ok(dead[0]?.startsWith(String(bad.body['id']).split('.').slice(1).join('.')))
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
  await until('the change is relayed', () => receiver.taken().length >= 2)
  const [inbound, other] = [...receiver.taken()].sort((a, b) => b.type.localeCompare(a.type))
  t.equal(inbound?.type, 'whatsapp.inbound')
  t.ok(inbound?.text.endsWith(`"data":{"sender":"111","entry":"17","change":${change}}}`))
  t.equal(other?.type, 'whatsapp.change')
  t.ok(other?.text.endsWith(`"data":{"sender":"111","entry":"18","change":${template}}}`))
  await post()
  await until('all are relayed again', () => receiver.taken().every(({ id }) => receiver.received.filter(wait => wait.id === id).length >= 2))
  t.equal(receiver.taken().length, 2, 'a webhook that Meta repeats gives the same callback id')
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
  await until('the change is relayed', () => receiver.taken().some(({ type }) => type === 'whatsapp.inbound'))
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
  t.match(receiver.taken(body['id'])[0]?.data, { status: 'sent', to: null, metadata: null })
})
