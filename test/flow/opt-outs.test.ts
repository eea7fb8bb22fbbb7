/** Opt-outs from marketing: by the API, by WhatsApp's response, by its webhooks. */
import { createHmac } from 'node:crypto'
import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { keys, SENDER, type Node } from '../support/gateway.js'
import { request } from '../support/request.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const { arrivals } = environment
const SECRET = 'app-secret-of-the-test'
const env = { WHATSAPP_RATE_LIMIT_MS: '60000', WHATSAPP_RETRY_INTERVAL_MS: '600000', WHATSAPP_APP_SECRET: SECRET, WHATSAPP_VERIFY_TOKEN: 'verify-me' }
const marketing = { category: 'marketing' }
const rejected = { status: 422, body: { code: 'RECIPIENT_OPTED_OUT', field: 'to' } }

const stateOf = async (node: Node, id: string): Promise<Record<string, any>> => (await node.get(`/messages/${id}`)).body
const out = async (node: Node): Promise<Array<Record<string, any>>> => (await node.get('/opt-outs')).body['optOuts']

/** Posts a webhook about marketing preferences, signed as Meta does. */
async function postPreferences (node: Node, preferences: unknown[]): Promise<void> {
  const text = JSON.stringify({
    object: 'whatsapp_business_account',
    entry: [
      {
        id: '1',
        changes: [
          {
            field: 'user_preferences',
            value: { messaging_product: 'whatsapp', metadata: { phone_number_id: SENDER }, user_preferences: preferences }
          }
        ]
      }
    ]
  })
  const signature = `sha256=${createHmac('sha256', SECRET).update(text).digest('hex')}`
  await until(
    'the webhook is accepted',
    async () =>
      (
        await request(`${node.origin}/webhooks/whatsapp`, {
          method: 'POST',
          body: text,
          headers: { 'x-hub-signature-256': signature, 'content-type': 'application/json' }
        })
      ).status === 200
  )
}

await t.test('a recipient who opts out gets no more marketing, and still gets all other messages', async t => {
  const node = await environment.start(t, env)
  const to = '+5511987650001'
  t.match((await node.send(to, 'first', marketing)).body, { status: 'sent' })
  const waiting = [(await node.send(to, 'offer', marketing)).body, (await node.send(to, 'offer too', { ...marketing, priority: 'bulk' })).body]
  const plain = (await node.send(to, 'your order')).body
  const late = (await node.send(to, 'offer of next week', { ...marketing, scheduledFor: Date.now() + 3_600_000 })).body
  t.match(await stateOf(node, late['id']), { category: 'marketing' })

  const optOut = await node.as(keys.app).put('/opt-outs/551187650001', { reason: 'unsubscribed on the web' })
  t.match(
    optOut,
    { status: 200, body: { recipient: '5511987650001', sender: SENDER, wasOut: false, dropped: 2 } },
    'the opt-out works with any spelling of the number'
  )
  for (const { id } of waiting) t.match(await stateOf(node, id), { status: 'cancelled', cancelledFor: 'opted-out', providerMessageId: null })
  t.match([await stateOf(node, plain['id']), await stateOf(node, late['id'])], [{ status: 'queued', position: 1 }, { status: 'scheduled' }])
  t.match(await node.send(to, 'another offer', marketing), rejected)
  t.match(
    await node.post('/messages/batch', [
      { to, message: 'one more', ...marketing },
      { to, message: 'a code', category: 'authentication' }
    ]),
    { status: 207, body: { results: [{ httpStatus: 422, code: 'RECIPIENT_OPTED_OUT' }, { httpStatus: 202 }] } }
  )
  t.match(await out(node), [{ recipient: '5511987650001', by: 'app', reason: 'unsubscribed on the web', since: String }])
  t.match((await node.get('/audit')).body['entries'], [{ action: 'opt-out', by: 'app', subject: '…01', detail: '2 dropped' }])

  t.match(await node.del(`/opt-outs/${to}`), { status: 200, body: { wasOut: true } })
  t.match(await node.send(to, 'another offer', marketing), { status: 202, body: { status: 'queued' } })
  t.strictSame(await out(node), [])
})

await t.test('the drop-in surface rejects marketing with an error in WhatsApp\'s format', async t => {
  const node = await environment.start(t, env)
  await node.put('/opt-outs/+15550000901', {})
  const post = async (edge: string) =>
    await request(`${node.origin}/v25.0/${SENDER}/${edge}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.app}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        messaging_product: 'whatsapp',
        to: '+15550000901',
        type: 'template',
        template: { name: 'offer', language: { code: 'en' } }
      })
    })
  t.match(await post('marketing_messages'), { status: 400, body: { error: { code: 131050, error_data: { details: /^RECIPIENT_OPTED_OUT/ } } } })
  t.match(await post('messages'), { status: 200 })
})

await t.test('WhatsApp\'s code 131050 opts the recipient out, in its response or by webhook', async t => {
  const node = await environment.start(t, env)
  await environment.postWebhooks(t, node, SECRET, { webhookSentMs: 20, webhookDeliveredMs: null })
  const first = await node.send('+155601310500001', 'offer', marketing)
  t.match(first, { status: 422, body: { code: 'PROVIDER_REJECTED', error: { code: '131050' } } })
  t.match(await node.send('+155601310500001', 'another', marketing), rejected)
  const second = (await node.send('+155701310500002', 'offer', marketing)).body
  await until('the message has failed', async () => (await stateOf(node, second['id']))['status'] === 'failed')
  t.match(await node.send('+155701310500002', 'another', marketing), rejected)
  t.match((await out(node)).map(({ recipient, by, reason }) => [recipient, by, reason]).sort(), [
    ['155601310500001', 'whatsapp', '131050'],
    ['155701310500002', 'whatsapp', '131050']
  ])
  t.equal((await arrivals('+155601310500001')).length, 1, 'WhatsApp got one request')
})

await t.test('preferences that recipients set in WhatsApp apply, the latest of each recipient', async t => {
  const node = await environment.start(t, env)
  const now = Math.floor(Date.now() / 1000)
  const preference = (person: string, value: string, timestamp: unknown, category = 'marketing_messages') => ({
    wa_id: person,
    value,
    timestamp,
    category,
    detail: 'in words'
  })
  await postPreferences(node, [
    preference('15550000911', 'stop', now - 60),
    preference('15550000912', 'stop', now - 60),
    preference('15550000912', 'resume', String(now - 30)),
    preference('15550000911', 'resume', now - 90),
    preference('15550000913', 'stop', now, 'something_new'),
    preference('invalid', 'stop', now),
    preference('15550000914', 'maybe', now),
    null
  ])
  t.match(await out(node), [
    { recipient: '15550000911', by: 'whatsapp', reason: 'user_preferences', since: new Date((now - 60) * 1000).toISOString() }
  ])
  t.match(await node.send('+15550000911', 'offer', marketing), rejected)
  await postPreferences(node, [preference('15550000911', 'resume', now)])
  t.match((await node.send('+15550000911', 'offer', marketing)).body, { status: 'sent' })
  t.match(node.seen('preference.received').map(({ preference }) => preference), ['stop', 'stop', 'resume', 'resume', 'resume'])
})

await t.test('a marketing message that becomes ready after an opt-out is cancelled at its claim', async t => {
  const node = await environment.start(t, { ...env, WHATSAPP_RATE_LIMIT_MS: '60' })
  const to = '+15550000921'
  // Paused, so that nothing is granted before the opt-out is stored.
  await node.post(`/senders/${SENDER}/pause`, {})
  const { body: { id } } = await node.send(to, 'later', { ...marketing, scheduledFor: Date.now() + 1500 })
  await node.put(`/opt-outs/${to}`, {})
  const { body: plain } = await node.send(to, 'a code', { scheduledFor: Date.now() + 1500 })
  await node.post(`/senders/${SENDER}/resume`)
  await until('the other message is sent', async () => (await stateOf(node, plain['id']))['status'] === 'sent')
  await until('the marketing message is cancelled', async () => (await stateOf(node, id))['status'] === 'cancelled')
  t.match(await stateOf(node, id), { cancelledFor: 'opted-out', attemptCount: 0 })
  t.equal((await arrivals(to)).length, 1)
  const failing = (await node.send('+155601310000931', 'offer', marketing)).body
  t.match(failing, { status: 'retrying' })
  await node.put('/opt-outs/+155601310000931', {})
  t.match((await node.post('/failures/retry', { force: true })).body, { total: 1, permanentlyFailed: 1 })
  t.match(await stateOf(node, failing['id']), { status: 'cancelled', cancelledFor: 'opted-out' })
})
