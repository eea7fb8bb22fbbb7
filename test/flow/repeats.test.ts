/** A repeat of an accepted request is a duplicate, whatever has become of what the request refers to. */
import { createHmac } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { post as postGraph, text } from '../graph/support.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { keys, SENDER, type Node } from '../support/gateway.js'
import { request } from '../support/request.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const SECRET = 'app-secret-of-the-test'

async function start (t: Test, env: Record<string, string> = {}): Promise<Node> {
  return await environment.start(t, {
    WHATSAPP_APP_SECRET: SECRET, WHATSAPP_VERIFY_TOKEN: 'verify-me', WHATSAPP_RATE_LIMIT_MS: '50', WHATSAPP_RETRY_INTERVAL_MS: '600000', ...env
  })
}

/** Reports by webhook that a message which WhatsApp accepted could not be delivered. */
async function bounce (node: Node, id: string, code: number): Promise<void> {
  const { body } = await node.get(`/messages/${id}`)
  const [seen] = (await environment.arrivals(body['to'])).filter(({ wamid }) => wamid === body['providerMessageId'])
  const status = {
    id: body['providerMessageId'],
    status: 'failed',
    timestamp: '1764000000',
    recipient_id: '1',
    biz_opaque_callback_data: seen?.opaque,
    errors: [{ code, title: 'not delivered' }]
  }
  const notification = JSON.stringify({
    object: 'whatsapp_business_account',
    entry: [{ id: '1', changes: [{ field: 'messages', value: { metadata: { phone_number_id: SENDER }, statuses: [status] } }] }]
  })
  const signature = `sha256=${createHmac('sha256', SECRET).update(notification).digest('hex')}`
  await until('the webhook is accepted', async () => (await request(`${node.origin}/webhooks/whatsapp`, {
    method: 'POST', body: notification, headers: { 'x-hub-signature-256': signature, 'content-type': 'application/json' }
  })).status === 200)
}

const reply = (quoted: string): unknown => ({ type: 'text', text: { body: 'reply' }, context: { message_id: quoted } })

await t.test('a reply is a duplicate after the message that it quotes has failed', async t => {
  const node = await start(t)
  const app = node.as(keys.app)
  const quoted = (await app.send('+15550006000', 'question')).body['id'] as string
  const single = { to: '+15550006001', message: reply(quoted), idempotencyKey: 'reply-1' }
  const row = { to: '+15550006002', message: reply(quoted), idempotencyKey: 'reply-2' }
  const graph = text('15550006003', 'reply', { context: { message_id: quoted } })
  const byHeader = { headers: { 'idempotency-key': 'reply-3' } }
  const first = [
    (await app.post('/messages', single)).body, (await app.post('/messages/batch', [row])).body['results'][0],
    (await postGraph(node, graph, byHeader)).body['messages'][0]
  ]
  await environment.arrivals('+15550006003', 1)
  await bounce(node, quoted, 131026)
  await until('the quoted message has failed', async () => (await app.get(`/messages/${quoted}`)).body['status'] === 'failed')

  t.match(await app.post('/messages', single), { status: 200, body: { duplicate: true, id: first[0].id } })
  t.match((await app.post('/messages/batch', [row])).body['results'], [{ httpStatus: 200, duplicate: true, id: first[1].id }])
  const repeated = await postGraph(node, graph, byHeader)
  t.match(repeated, { status: 200, body: { messages: [{ id: first[2].id }] } })
  t.equal(repeated.headers.get('idempotent-replayed'), 'true')
  const other = await app.post('/messages', { ...single, to: '+15550006009' })
  t.match(other, { status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } }, 'not with other content')
  t.match(await app.post('/messages', { ...single, idempotencyKey: 'new' }), { status: 400, body: { code: 'INVALID_REQUEST' } }, 'nor a new one')
  for (const to of ['+15550006001', '+15550006002', '+15550006003']) t.equal((await environment.arrivals(to)).length, 1, `${to} got one`)
})

await t.test('a derived key does not depend on what a reference stands for', async t => {
  const node = await start(t, { WHATSAPP_RETRY_SCHEDULE_MS: '50,60,70,80,90', WHATSAPP_RETRY_INTERVAL_MS: '100' })
  const quoted = (await node.send('+15550006010', 'question')).body
  const body = { to: '+15550006011', message: reply(quoted['id']) }
  t.match(await node.post('/messages', body), { body: { status: 'sent', duplicate: false } })
  await bounce(node, quoted['id'], 131000)
  await until('the quoted message is sent again and has another id', async () => {
    const { status, providerMessageId } = (await node.get(`/messages/${quoted['id']}`)).body
    return status === 'sent' && providerMessageId !== quoted['providerMessageId']
  })
  t.match(await node.post('/messages', body), { status: 200, body: { duplicate: true, keySource: 'derived' } })
  t.equal((await environment.arrivals('+15550006011')).length, 1)
})

await t.test('a message is a duplicate after its sender was removed, on every surface', async t => {
  const entries = [{ id: 'r1', accessToken: 'one' }, { id: 'r2', accessToken: 'two' }]
  const file = `${t.testdir({ 'senders.json': JSON.stringify(entries) })}/senders.json`
  const node = await environment.start(t, { WHATSAPP_SENDERS_FILE: file, WHATSAPP_ACCESS_TOKEN: '', WHATSAPP_RATE_LIMIT_MS: '50' })
  const single = { to: '+15550006020', message: 'one', sender: 'r2', idempotencyKey: 'one' }
  const row = { to: '+15550006021', message: 'two', sender: 'r2' }
  const graph = text('15550006022', 'three')
  const ask = { path: '/v23.0/r2/messages', headers: { 'idempotency-key': 'three' } }
  const app = node.as(keys.app)
  const ids = [
    (await app.post('/messages', single)).body['id'], (await app.post('/messages/batch', [row])).body['results'][0].id,
    (await postGraph(node, graph, ask)).headers.get('sluice-message-id')
  ]
  await environment.arrivals('+15550006021', 1)

  async function check (when: string): Promise<void> {
    t.match(await app.post('/messages', single), { status: 200, body: { duplicate: true, id: ids[0] } }, when)
    t.match((await app.post('/messages/batch', [row])).body['results'], [{ httpStatus: 200, duplicate: true, id: ids[1] }], when)
    const repeated = await postGraph(node, graph, ask)
    t.match([repeated.status, repeated.headers.get('sluice-message-id')], [200, ids[2]], when)
    const other = { ...row, message: 'new' }
    t.match(await app.post('/messages', other), { status: 404, body: { code: 'SENDER_UNKNOWN' } }, `${when} it accepts nothing else`)
    t.match((await app.post('/messages/batch', [other])).body['results'], [{ httpStatus: 404, code: 'SENDER_UNKNOWN' }])
    t.match(await postGraph(node, text('15550006022', 'new'), { path: ask.path }), { status: 404 })
    const read = { messaging_product: 'whatsapp', status: 'read', message_id: 'wamid.A' }
    t.match(await postGraph(node, read, { path: ask.path }), { status: 404 }, 'and forwards nothing')
  }

  writeFileSync(file, JSON.stringify(entries.slice(0, 1)))
  await node.reload()
  await check('while it drains')
  await until('it is removed', () => node.seen('sender.removed').length === 1)
  await check('once it is removed')
  t.equal((await environment.arrivals('+15550006020')).length, 1)
})

await t.test('the header of a batch is read as that of a single post', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '50' })
  const to = '+15550006030'
  const keyed = async (key: string): Promise<Record<string, unknown>> =>
    (await node.post('/messages/batch', [{ to, message: 'x' }], { 'idempotency-key': key })).body['results'][0]
  t.match(await keyed('b-1'), { httpStatus: 202, idempotencyKey: 'b-1#0' })
  t.match(await keyed('"b-1"'), { httpStatus: 200, duplicate: true }, 'quotes around it are not part of the key')
  t.match(await node.send(to, 'x', {}, { 'idempotency-key': 'b-1#0' }), { status: 200, body: { duplicate: true } }, 'a row repeated alone')
  const long = 'k'.repeat(256)
  t.match(await node.send(to, 'long', {}, { 'idempotency-key': long }), { body: { idempotencyKey: long } })
  t.match(await keyed(long), { httpStatus: 202, idempotencyKey: `${long}#0` }, 'as long a key as in a single post')
  t.match(await node.get(`/messages/${encodeURIComponent(`${long}#0`)}`), { status: 200 })
  t.match((await node.post('/messages/find', { idempotencyKey: `${long}#0` })).body['messages'], [{ idempotencyKey: `${long}#0` }])
  for (const bad of [`${long}k`, '""', 'naïve']) {
    t.match(await node.send(to, 'x', {}, { 'idempotency-key': bad }), { status: 400, body: { code: 'INVALID_KEY' } })
    t.match(await keyed(bad), { httpStatus: 400, code: 'INVALID_KEY', field: 'Idempotency-Key' })
  }
})
