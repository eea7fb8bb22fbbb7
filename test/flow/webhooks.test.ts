/** Webhooks of Meta and their effect on messages. The sandbox posts webhooks as Meta does. */
import { createHmac } from 'node:crypto'
import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import { request, type Reply } from '../support/request.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const { arrivals } = environment
const SECRET = 'app-secret-of-the-test'
const withWebhooks = {
  WHATSAPP_APP_SECRET: `another-secret,${SECRET}`,
  WHATSAPP_VERIFY_TOKEN: 'verify-me',
  WHATSAPP_RATE_LIMIT_MS: '60',
  WHATSAPP_RETRY_INTERVAL_MS: '600000',
  UNKNOWN_OUTCOME: 'fail'
}

/** A node that accepts webhooks, and the sandbox that posts them. */
async function start (
  t: Parameters<typeof environment.start>[0],
  settings: Record<string, unknown> = {},
  env: Record<string, string> = {}
): Promise<Node> {
  const node = await environment.start(t, { ...withWebhooks, ...env })
  await environment.postWebhooks(t, node, SECRET, {
    webhookSentMs: 20,
    webhookDeliveredMs: 60,
    webhookReadMs: null,
    webhookCopies: 1,
    webhookBackwards: false,
    webhookStrangers: 0,
    webhookOpaque: true,
    ...settings
  })
  return node
}

const stateOf = async (node: Node, id: string, ...states: string[]): Promise<Record<string, any> | false> => {
  const { body } = await node.get(`/messages/${id}`)
  return states.includes(body['status']) && body
}

const ended = async (node: Node, id: string, ...states: string[]): Promise<Record<string, any>> =>
  await until(`the message is ${states.join(' or ')}`, async () => await stateOf(node, id, ...states), 20_000)

const results = (node: Node): string[] => node.seen('receipt.applied').map(({ result }) => result)

function sign (body: string, secret = SECRET): Record<string, string> {
  return { 'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`, 'content-type': 'application/json' }
}

/** Posts a webhook and, as Meta does, repeats it until it is accepted, so that a slow machine does not matter. */
async function postWebhook (node: Node, text: string): Promise<Reply> {
  return await until('the webhook is accepted', async () => {
    const reply = await request(`${node.origin}/webhooks/whatsapp`, { method: 'POST', body: text, headers: sign(text) })
    return reply.status === 200 && reply
  })
}

function notification (statuses: unknown[], sender = SENDER): string {
  return JSON.stringify({
    object: 'whatsapp_business_account',
    entry: [{ id: '1', changes: [{ field: 'messages', value: { metadata: { phone_number_id: sender }, statuses } }] }]
  })
}

await t.test('a message becomes delivered and read in spite of duplicate, reordered and foreign statuses', async t => {
  const node = await start(t, { webhookReadMs: 100, webhookCopies: 2, webhookBackwards: true, webhookStrangers: 2 })
  const { body } = await node.send('+15550000801')
  t.equal(body['status'], 'sent')
  await until('all six statuses are applied', async () => results(node).length >= 6)
  const message = await ended(node, body['id'], 'read')
  t.match(message, { deliveredAt: String, readAt: String, providerMessageId: /^wamid/ })
  t.equal(results(node).filter(result => result === 'advanced').length, 2, 'the read status, and the delivery that follows it')
  t.equal(results(node).filter(result => result === 'double').length, 0)
  await until(
    'the statuses of unknown messages are parked',
    () => node.seen('webhook.status').filter(({ result }) => result === 'parked').length >= 6
  )
})

await t.test('statuses that arrive before the response are parked until it arrives', async t => {
  const node = await start(t, { webhookSentMs: 0, webhookDeliveredMs: 5 })
  // The sandbox accepts it at once and responds a second later.
  const { body } = await node.send('+15557010801')
  t.match(body, { status: 'sent', immediate: true })
  await ended(node, body['id'], 'delivered')
  t.ok(node.seen('webhook.status').some(({ result }) => result === 'parked'))
  t.equal(results(node).filter(result => result === 'double').length, 0)
})

await t.test('an accepted message without a response is settled by its status, and is sent once', async t => {
  const node = await start(t, {}, { SEND_TIMEOUT_MS: '400' })
  for (const to of ['+15558300801', '+15558400801']) {
    const { body } = await node.send(to)
    await ended(node, body['id'], 'delivered')
    t.equal((await arrivals(to)).length, 1)
  }
})

await t.test('a status without biz_opaque_callback_data is matched by WhatsApp\'s id', async t => {
  const node = await start(t, { webhookOpaque: false, webhookSentMs: 0 })
  const { body } = await node.send('+15557010811')
  await ended(node, body['id'], 'delivered')
})

await t.test('a failure reported by webhook is retried while the content is stored', async t => {
  const node = await start(t, {}, { WHATSAPP_RETRY_SCHEDULE_MS: '50,60,70,80,90', WHATSAPP_RETRY_INTERVAL_MS: '100' })
  const to = '+15571131000'
  const { body } = await node.send(to)
  t.equal(body['status'], 'sent')
  const message = await ended(node, body['id'], 'delivered')
  t.match(message, { attemptCount: 2 })
  t.strictSame(
    (await arrivals(to, 2)).map(({ opaque }) => opaque?.split('.').at(-1)),
    ['1', '2']
  )
  t.match((await node.get('/failures?status=RESOLVED')).body['failures'], [
    {
      id: body['id'],
      errorCode: '131000',
      attempts: [
        { attempt: 1, outcome: 'retryable' },
        { attempt: 2, outcome: 'sent' }
      ]
    }
  ])
})

await t.test('a final failure reported by webhook is FAILED, with retryNotBefore', async t => {
  const node = await start(t)
  const { body } = await node.send('+15570131049', 'Sale!')
  await ended(node, body['id'], 'failed')
  const [failure] = (await node.get('/failures?status=FAILED')).body['failures']
  t.match(failure, { id: body['id'], reason: 'rejected', errorCode: '131049', message: 'Sale!', attemptCount: 1, retryNotBefore: String })
  const hours = (Date.parse(failure.retryNotBefore) - Date.now()) / 3_600_000
  t.ok(hours > 23.9 && hours < 24.1)
  t.equal(failure.errorMessage.includes('15570131049'), false, 'Meta\'s error text is stored without the number')
  t.match((await node.get('/stats')).body['deliveryFailures'], { failed: 1, pending: 0 })
})

await t.test('an account error reported by webhook stops the sender', async t => {
  const node = await start(t)
  await node.send('+15570131042')
  await until('the sender is stopped', async () => node.seen('sender.stopped').length === 1)
  t.match((await node.get('/senders')).body['senders'], [{ id: SENDER, state: 'stopped' }])
})

await t.test('a message with a delivery and a later failure stays delivered, with a deliveryError', async t => {
  const node = await start(t)
  const { body } = await node.send('+15550000802')
  const { providerMessageId } = await ended(node, body['id'], 'delivered')
  const [arrival] = await arrivals('+15550000802')
  const text = notification([
    {
      id: providerMessageId,
      status: 'failed',
      timestamp: '1750030073',
      biz_opaque_callback_data: arrival?.opaque,
      errors: [{ code: 131026, title: 'Message undeliverable' }]
    }
  ])
  await postWebhook(node, text)
  t.match(await stateOf(node, body['id'], 'delivered'), { deliveryError: { code: '131026', explanation: String } })
})

await t.test('a second acceptance with another id is counted as a duplicate delivery', async t => {
  const node = await start(t)
  const { body } = await node.send('+15550000803')
  const [arrival] = await arrivals('+15550000803')
  const text = notification([{ id: 'wamid.OTHER', status: 'sent', timestamp: '1750030073', biz_opaque_callback_data: arrival?.opaque }])
  await postWebhook(node, text)
  t.ok(results(node).includes('double'))
  t.ok(body['id'])
})

await t.test('a duplicate delivery is counted once, and the failure of one group member does not fail the message', async t => {
  const node = await start(t)
  const { body } = await node.send('+15550000806')
  const { providerMessageId } = await ended(node, body['id'], 'delivered')
  const [arrival] = await arrivals('+15550000806')
  const of = (id: string, status: string, more = {}): object => ({
    id,
    status,
    timestamp: '1750030073',
    biz_opaque_callback_data: arrival?.opaque,
    ...more
  })
  await postWebhook(node, notification(['sent', 'delivered', 'delivered', 'read'].map(status => of('wamid.OTHER', status))))
  t.equal(results(node).filter(result => result === 'double').length, 1)
  await postWebhook(
    node,
    notification([of(providerMessageId, 'failed', { recipient_type: 'group', recipient_participant_id: '15550000807', errors: [{ code: 131026 }] })])
  )
  t.ok(node.seen('webhook.status').some(({ result }) => result === 'partial'))
  const { deliveryError } = await stateOf(node, body['id'], 'delivered') as Record<string, unknown>
  t.equal(deliveryError, undefined)
})

await t.test('a webhook without a valid signature is rejected', async t => {
  const node = await start(t)
  const text = notification([{ id: 'wamid.X', status: 'read', note: 'äöå 🎉 \u2028' }])
  const post = async (headers: Record<string, string>, body: string | Buffer = text): Promise<number> =>
    await until('the node accepts the request', async () => {
      const { status } = await request(`${node.origin}/webhooks/whatsapp`, { method: 'POST', body: body as string, headers })
      return status !== 503 && status
    })
  t.equal(await post({}), 401)
  t.equal(await post(sign(text, 'wrong')), 401)
  t.equal(await post({ 'x-hub-signature-256': 'sha256=zz' }), 401)
  t.equal(await post({ ...sign(text), 'x-hub-signature-256': sign(text)['x-hub-signature-256']?.slice(0, -2) ?? '' }), 401)
  t.equal(await post(sign(text), text.replace('read', 'sent')), 401, 'a changed body is rejected')
  t.equal(await post(sign(text)), 200, 'characters outside ASCII are accepted')
  t.equal(await post(sign(text, 'another-secret')), 200, 'either secret is valid')
  t.equal(await post(sign('no json'), 'no json'), 400)
  t.equal(await post(sign('[]'), '[]'), 200, 'a body without known content is accepted')
  const large = JSON.stringify({ object: 'x', entry: [{ changes: [{ field: 'other', value: 'x'.repeat(3_000_000) }] }] })
  t.equal(await post(sign(large), large), 200, 'a body of three megabytes is accepted')
  const foreign = notification([{ id: 'wamid.Y', status: 'read' }], '999')
  t.strictSame((await postWebhook(node, foreign)).body, { statuses: 0 }, 'a status of an unknown sender is ignored')
})

await t.test('the verification request gets its challenge back, only with the right token', async t => {
  const node = await start(t)
  const ask = async (query: string): Promise<{ status: number, body: unknown }> => await request(`${node.origin}/webhooks/whatsapp?${query}`)
  t.match(await ask('hub.mode=subscribe&hub.verify_token=verify-me&hub.challenge=1158201444'), { status: 200, body: { text: '1158201444' } })
  t.equal((await ask('hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1')).status, 403)
  t.equal((await ask('hub.mode=subscribe&hub.verify_token=verify-me&hub.challenge=%3Cscript%3E')).status, 403)
  t.equal((await ask('')).status, 403)
  for (const repeated of ['hub.verify_token=verify-me', 'hub.mode=subscribe', 'hub.challenge=1']) {
    const reply = await ask(`hub.mode=subscribe&hub.verify_token=verify-me&hub.challenge=1&${repeated}`)
    t.match(reply, { status: 403, body: { code: 'FORBIDDEN' } }, `${repeated} twice`)
  }
  t.strictSame(node.seen('unexpected-error'), [])
})

await t.test('a thousand statuses in one post are all applied, and those of unknown messages are parked', async t => {
  const node = await start(t, { webhookUrl: null })
  const { body } = await node.send('+15550000804')
  const [arrival] = await arrivals('+15550000804')
  const statuses = Array.from({ length: 1000 }, (_, i) => i % 2 === 0
    ? { id: arrival?.wamid, status: 'delivered', timestamp: '1750030073', biz_opaque_callback_data: arrival?.opaque }
    : { id: `wamid.UNKNOWN${i}`, status: 'sent', timestamp: '1750030073' })
  const text = notification(statuses)
  t.strictSame((await postWebhook(node, text)).body, { statuses: 1000 })
  await ended(node, body['id'], 'delivered')
  const parked = await environment.redis.connect().zcard(`{${node.prefix}:${SENDER}}:parked`)
  t.equal(parked, 500)
})

await t.test('while Redis is unavailable a webhook gets 503, and is applied when Meta repeats it', async t => {
  const node = await start(t, { webhookUrl: null })
  const { body } = await node.send('+15550000805')
  const [arrival] = await arrivals('+15550000805')
  const text = notification([{ id: arrival?.wamid, status: 'delivered', timestamp: '1750030073', biz_opaque_callback_data: arrival?.opaque }])
  const post = async (): Promise<number> =>
    (await request(`${node.origin}/webhooks/whatsapp`, { method: 'POST', body: text, headers: sign(text) })).status
  process.kill(environment.redis.pid, 'SIGSTOP')
  try {
    t.equal(await post(), 503)
  } finally {
    process.kill(environment.redis.pid, 'SIGCONT')
  }
  await until('the webhook is accepted', async () => await post() === 200)
  await ended(node, body['id'], 'delivered')
})
