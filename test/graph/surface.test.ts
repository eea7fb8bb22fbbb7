/** The Graph surface: requests and responses of a client written for Meta's API. */
import http from 'node:http'
import t from 'tap'
import { strangers } from '../lua/layout.js'
import { createTestEnvironment } from '../support/flow.js'
import { keys, SENDER } from '../support/gateway.js'
import { until } from '../support/until.js'
import { graphError, post, text } from './support.js'

const environment = await createTestEnvironment(t)
/** On a busy machine grants would expire, and messages would wait that should be sent at once. */
const start: typeof environment.start = async (t, env = {}, more = {}) => await environment.start(t, { START_WITHIN_MS: '5000', ...env }, more)
/** No waiting message is sent within a test. */
const slow = { WHATSAPP_RATE_LIMIT_MS: '60000' }

await t.test('a message is accepted with any version, without one, and behind any prefix', async t => {
  const node = await start(t)
  const paths = [
    '/v13.0/111/messages',
    '/v26.0/111/messages',
    '/v26/111/messages',
    '/111/messages',
    '/gw/111/messages',
    '/gw/v26.0/111/messages',
    '/a/b/c/v9.9/111/messages',
    '/v23.0/111/messages/',
    '/v23.0/111/messages?x=1'
  ]
  for (const [i, path] of paths.entries()) {
    const { status, body } = await post(node, text(`1555001000${i}`), { path })
    t.match(
      [status, body],
      [200, { messaging_product: 'whatsapp', contacts: [{ input: `1555001000${i}`, wa_id: `1555001000${i}` }], messages: [{ id: /^wamid\./ }] }],
      path
    )
    t.same(Object.keys(body['messages'][0]), ['id'], 'Meta\'s fields only')
  }
  t.match(await environment.arrivals('15550010000', 1), [
    { sender: SENDER, body: { ...text('15550010000'), biz_opaque_callback_data: /^[\w-]{22}\.[0-9a-f]+\.1$/ } }
  ])
})

await t.test('the Graph surface does not hide the gateway\'s own routes', async t => {
  const node = await start(t)
  t.match(await node.as(keys.app).send('+15550010100'), { status: 200, body: { status: 'sent' } })
  for (const path of [
    '/api/v1/111/messages',
    '/docs/111/messages',
    '/admin/queues/111/messages',
    '/webhooks/111/messages',
    '/console/111/messages',
    '/health/messages',
    '/metrics/111/messages'
  ]) {
    t.match(await post(node, text('15550010101'), { path }), { status: 404, body: { code: 'NOT_FOUND' } }, path)
  }
})

await t.test('a second message to the same recipient is accepted and has its wait', async t => {
  const node = await start(t, slow)
  await post(node, text('+1 (555) 001-0200'))
  const { status, headers, body } = await post(node, text('+15550010200', 'Again'))
  t.equal(status, 200)
  t.match(body, {
    messaging_product: 'whatsapp',
    contacts: [{ input: '+15550010200', wa_id: '15550010200' }],
    messages: [
      {
        id: /^111\.[\w-]{22}\.[0-9a-f]+$/,
        message_status: 'accepted',
        sluice: { status: 'queued', delay_ms: Number, expected_at: /^20/, position: 1, waiting_for: 'pair-rate' }
      }
    ]
  })
  t.ok(body['messages'][0].sluice.delay_ms > 50_000)
  t.equal(headers.get('sluice-status'), 'queued')
  t.equal(headers.get('sluice-delay-ms'), String(body['messages'][0].sluice.delay_ms))
  t.equal(headers.get('sluice-message-id'), body['messages'][0].id)
  t.match(await node.get(`/messages/${body['messages'][0].id}`), { status: 200, body: { status: 'queued', to: '+15550010200', keySource: 'none' } })
})

await t.test('the same text twice is two messages; with an Idempotency-Key it is one', async t => {
  const node = await start(t, { WHATSAPP_RATE_LIMIT_MS: '1' })
  const ids = [await post(node, text('15550010300', 'OK')), await post(node, text('15550010300', 'OK'))].map(({ body }) => body['messages'][0].id)
  t.not(ids[0], ids[1])
  await environment.arrivals('15550010300', 2)
  const named = { headers: { 'idempotency-key': 'order-1' } }
  const first = await post(node, text('15550010301'), named)
  const again = await post(node, text('15550010301'), named)
  t.same(again.body, first.body, 'with the same response')
  t.match([first.headers.get('idempotent-replayed'), again.headers.get('idempotent-replayed')], [null, 'true'])
  t.match(await post(node, text('15550010301', 'Other'), named), { status: 422, body: graphError(100, /^IDEMPOTENCY_KEY_REUSED: /) })
  t.match(await post(node, text('15550010301'), { headers: { 'idempotency-key': 'ä' } }), { status: 400, body: graphError(100, /^INVALID_KEY: /) })
})

await t.test('a message with a temporary failure or without a response is accepted', async t => {
  const quick = { WHATSAPP_RETRY_SCHEDULE_MS: '100', WHATSAPP_RETRY_INTERVAL_MS: '100', WHATSAPP_RATE_LIMIT_MS: '1' }
  const node = await start(t, quick)
  // A short time-out for the message that gets no response.
  const impatient = await start(t, { ...quick, SEND_TIMEOUT_MS: '300' }, { prefix: node.prefix })
  t.match(await post(node, text('15561131000')), {
    status: 200,
    body: { messages: [{ id: /^111\./, message_status: 'accepted', sluice: { status: 'retrying', next_retry_at: /^20/ } }] }
  })
  t.match(await post(impatient, text('15558500011')), { status: 200, body: { messages: [{ sluice: { status: 'unknown' } }] } })
  await environment.arrivals('15561131000', 2)
})

await t.test('unknown fields go to WhatsApp unchanged, and the envelope is the gateway\'s', async t => {
  const node = await start(t)
  const odd = {
    type: 'text',
    text: { body: 'x', preview_url: true, new_in_2027: [1] },
    recipient_identity_key_hash: 'h',
    ttl_seconds: 60,
    category: 'utility',
    context: { message_id: 'wamid.A' }
  }
  await post(node, {
    messaging_product: 'whatsapp',
    to: 15550010500,
    ...odd,
    recipient: null,
    biz_opaque_callback_data: 'theirs',
    access_token: keys.app
  })
  const [seen] = await environment.arrivals('15550010500', 1)
  t.match(seen?.body, { ...odd, to: '15550010500', biz_opaque_callback_data: /^[\w-]{22}\./ })
  t.notMatch(JSON.stringify(seen), /theirs|app-key/, 'neither our API key nor their callback data')
})

await t.test('the caller\'s own callback data comes back with the message, before it is sent and after', async t => {
  const node = await start(t, slow)
  const first = await post(node, text('15550010600', 'a', { biz_opaque_callback_data: 'order-1 "ä"' }))
  const second = await post(node, text('15550010600', 'b', { biz_opaque_callback_data: 'order-2' }))
  t.match((await node.get(`/messages/${first.headers.get('sluice-message-id')}`)).body, { status: 'sent', callbackData: 'order-1 "ä"' })
  const { id } = second.body['messages'][0]
  t.match((await node.get(`/messages/${id}`)).body, { status: 'queued', callbackData: 'order-2' })
  await node.del('/rate-limits/15550010600')
  await environment.arrivals('15550010600', 2)
  await until('it is settled', async () => (await node.get(`/messages/${id}`)).body['status'] === 'sent')
  t.match((await node.get(`/messages/${id}`)).body, { callbackData: 'order-2', message: null })
  t.same(await strangers(environment.redis.connect(), node.prefix), [])
})

await t.test('WhatsApp\'s own id of a recipient is returned and stored', async t => {
  const node = await start(t)
  const { headers, body } = await post(node, text('+52 33 1234 5678'))
  t.same(body['contacts'], [{ input: '+52 33 1234 5678', wa_id: '5213312345678' }])
  t.match((await node.get(`/messages/${headers.get('sluice-message-id')}`)).body, { waId: '5213312345678' })
  t.match((await node.as(keys.app).send('+52 33 1234 5679')).body, { waId: '5213312345679' })
  t.notOk('waId' in (await node.as(keys.app).send('+1 555 001 0700')).body, 'and not returned if it is the same')
})

await t.test('user ids and groups are rate-limited, each on its own', async t => {
  const node = await start(t, slow)
  const user = { messaging_product: 'whatsapp', recipient: 'US.13491208655302741918', type: 'text', text: { body: 'x' } }
  t.match((await post(node, user)).body, { contacts: [{ input: user.recipient, user_id: user.recipient }], messages: [{ id: /^wamid/ }] })
  t.match((await post(node, user)).body, {
    contacts: [{ input: user.recipient, user_id: user.recipient }],
    messages: [{ sluice: { waiting_for: 'pair-rate' } }]
  })
  t.match((await environment.arrivals(user.recipient, 1))[0]?.body, { recipient: user.recipient, to: undefined })
  t.match((await node.get(`/rate-limits/${user.recipient}`)).body, { waiting: { normal: 1 }, waitingFor: 'pair-rate' }, 'and can be found')
  const group = text('Y2FwaV9ncm91cDox', 'x', { recipient_type: 'group' })
  t.match((await post(node, group)).body, { messages: [{ id: /^wamid/, group_id: 'Y2FwaV9ncm91cDox' }] })
  t.match((await post(node, group)).body, { messages: [{ group_id: 'Y2FwaV9ncm91cDox', sluice: { waiting_for: 'pair-rate' } }] })
  t.match((await node.get('/messages?recipient=group:Y2FwaV9ncm91cDox')).body['messages'].length, 2)
  t.match(
    (await post(node, { ...text('15550010801'), recipient: user.recipient })).body,
    { contacts: [{ input: '15550010801' }], messages: [{ id: /^wamid/ }] },
    'to takes precedence'
  )
  for (const native of [{ recipient: user.recipient }, { group: 'Y2FwaV9ncm91cDox' }]) {
    t.match(
      (await node.as(keys.app).post('/messages', { ...native, message: 'native' })).body,
      { status: 'queued', waitingFor: 'pair-rate' },
      "the same pair through the gateway's own API"
    )
  }
  t.same(await strangers(environment.redis.connect(), node.prefix), [], 'keys in Redis match lua/README.md')
  t.match(await node.as(keys.app).post('/messages', { to: '15550010802', group: 'a', message: 'x' }), {
    status: 400,
    body: { code: 'INVALID_REQUEST' }
  })
  t.match(await node.as(keys.app).post('/messages', { message: 'x' }), { status: 400, body: { code: 'INVALID_REQUEST', field: 'to' } })
})

await t.test('mark as read and typing are forwarded at once, also with a paused sender', async t => {
  const node = await start(t, slow)
  const read = { messaging_product: 'whatsapp', status: 'read', message_id: 'wamid.A', typing_indicator: { type: 'text' } }
  await node.post(`/senders/${SENDER}/pause`, {})
  const replies = await Promise.all(Array.from({ length: 5 }, async () => await post(node, { ...read, access_token: keys.app })))
  for (const { status, body } of replies) t.same([status, body], [200, { success: true }])
  const seen = (await environment.sandbox.seen()).filter(({ outcome }) => outcome === 'acknowledged')
  t.same(seen.map(({ body }) => body), replies.map(() => read))
  t.match(
    await post(node, { ...read, message_id: undefined }),
    { status: 400, body: { error: { code: 100, message: /^\(#100\)/ } } },
    'rejected by WhatsApp itself'
  )
  t.match((await node.get('/stats')).body, { queue: { waiting: 0, completed: 0 } }, 'and not counted')
  t.match(await post(node, read, { key: keys.viewer }), { status: 403 })
})

await t.test('a reply quotes the gateway\'s id, and WhatsApp gets its own', async t => {
  const node = await start(t, slow)
  await post(node, text('15550010900', 'a'))
  const { id } = (await post(node, text('15550010900', 'b'))).body['messages'][0]
  const reply = text('15550010901', 'c', { context: { message_id: id } })
  const reaction = { messaging_product: 'whatsapp', to: '15550010902', type: 'reaction', reaction: { message_id: id, emoji: '👍' } }
  t.match(await post(node, reply), { status: 409, body: graphError(131009, /^NOT_SENT_YET: context.message_id: this message is queued/) })
  t.match(await post(node, reaction), { status: 409, body: graphError(131009, /^NOT_SENT_YET: reaction/) })
  t.match(await node.as(keys.app).send('15550010903', { type: 'text', text: { body: 'c' }, context: { message_id: id } }), {
    status: 409,
    body: { code: 'NOT_SENT_YET', messageStatus: 'queued' }
  })
  await node.del('/rate-limits/15550010900')
  const wamid = (await environment.arrivals('15550010900', 2))[1]?.wamid
  await until('it is settled', async () => (await node.get(`/messages/${id}`)).body['status'] === 'sent')
  await post(node, reply)
  await post(node, reaction)
  await node.as(keys.app).send('15550010903', { message_id: id, emoji: '👍' }, { type: 'reaction' })
  t.match((await environment.arrivals('15550010901', 1))[0]?.body, { context: { message_id: wamid } })
  t.match((await environment.arrivals('15550010902', 1))[0]?.body, { reaction: { message_id: wamid, emoji: '👍' } })
  t.match((await environment.arrivals('15550010903', 1))[0]?.body, { reaction: { message_id: wamid } })
  t.match(
    await post(node, reply, { key: keys.shop }),
    { status: 400, body: graphError(100, /unknown message/) },
    'a key cannot quote messages of another'
  )
  t.match(await post(node, text('15550010901', 'd', { context: { message_id: '111.aaaaaaaaaaaaaaaaaaaaaa.19999999999' } })), {
    status: 400,
    body: graphError(100, /unknown message/)
  })
})

await t.test('marketing messages go to their own edge, retries too', async t => {
  const node = await start(t, { WHATSAPP_RETRY_SCHEDULE_MS: '100', WHATSAPP_RETRY_INTERVAL_MS: '100', WHATSAPP_RATE_LIMIT_MS: '1' })
  const body = {
    messaging_product: 'whatsapp',
    to: '15561131000',
    type: 'template',
    template: { name: 'sale', language: { code: 'en' } },
    product_policy: 'STRICT',
    message_activity_sharing: true
  }
  const path = `/v24.0/${SENDER}/marketing_messages`
  t.match(await post(node, body, { path }), { status: 200, body: { messages: [{ sluice: { status: 'retrying' } }] } })
  const seen = await until('it is accepted', async () => {
    const found = (await environment.arrivals('15561131000')).filter(({ body }) => JSON.stringify(body).includes('sale'))
    return found.length > 1 && found
  })
  t.match(seen.map(({ outcome }) => outcome), ['rejected', 'accepted'])
  for (const one of seen) t.match(one.body, { product_policy: 'STRICT', message_activity_sharing: true })
  t.match(await post(node, text('15550011000'), { path }), { status: 400, body: { error: { code: 131055 } } }, 'the sandbox accepts templates only')
  t.match(
    (await post(node, { ...body, to: '15550011001' }, { path })).body,
    { messages: [{ id: /^wamid/, message_status: 'accepted' }] },
    "WhatsApp's own status"
  )
})

await t.test('a chunked body, and respond-async', async t => {
  const node = await start(t)
  const chunks = JSON.stringify(text('15550011400')).match(/.{1,20}/g) ?? []
  const status = await new Promise((resolve, reject) => {
    const request = http
      .request(
        `${node.origin}/v23.0/111/messages`,
        { method: 'POST', headers: { authorization: `Bearer ${keys.app}`, 'content-type': 'application/json' } },
        response => {
          response.resume()
          resolve(response.statusCode)
        }
      )
      .on('error', reject)
    for (const chunk of chunks) request.write(chunk)
    request.end()
  })
  t.equal(status, 200)
  t.match((await post(node, text('15550011401'), { headers: { prefer: 'respond-async' } })).body, { messages: [{ sluice: { status: 'queued' } }] })
  await environment.arrivals('15550011401', 1)
})

await t.test('no log line holds a key, a number or a text', async t => {
  const lines: string[] = []
  const node = await start(t, { LOG_LEVEL: 'trace' }, { onLog: line => lines.push(line) })
  await post(node, text('15550011600', 'secret words'), { key: '', path: `/v23.0/111/messages?access_token=${keys.app}` })
  await post(node, text('15550011600', 'secret words'), { key: '', path: '/v23.0/111/messages?access_token=unknown-key-of-a-test' })
  await post(node, text('15550011600', 'secret words'), { path: `/v23.0/999/messages?access_token=${keys.app}` })
  await post(node, text('15560131026', 'secret words', { biz_opaque_callback_data: 'noted' }))
  await fetch(`${node.origin}/v23.0/111/media?access_token=${keys.app}`, { method: 'POST' })
  t.ok(lines.length > 0)
  t.notMatch(lines.join('\n'), /app-key|unknown-key|15550011600|15560131026|secret words|noted/)
})
