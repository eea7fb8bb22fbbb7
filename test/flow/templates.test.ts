/** Templates that WhatsApp pauses: their messages wait, others go on, and only the status of the template lets them go. */
import t from 'tap'
import type { Test } from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const { sandbox, arrivals } = environment
const redis = environment.redis.connect()
const ACCOUNT = '102290129340398'
const SECRET = 'app-secret-of-the-test'
const env = {
  WHATSAPP_BUSINESS_ACCOUNT_ID: ACCOUNT,
  WHATSAPP_APP_SECRET: SECRET,
  WHATSAPP_RATE_LIMIT_MS: '50',
  WHATSAPP_RETRY_SCHEDULE_MS: '100',
  WHATSAPP_RETRY_INTERVAL_MS: '200'
}
const TEMPLATE = { name: 'order_ready', language: { code: 'en_US' } }

async function start (t: Test): Promise<Node> {
  t.teardown(async () => {
    await sandbox.control('DELETE', 'templates', {})
    await sandbox.control('DELETE', 'faults', {})
    await sandbox.control('PUT', 'settings', { webhookUrl: null })
  })
  const node = await environment.start(t, env)
  await until('the templates are read at the start', () => node.seen('templates.read').length > 0)
  return node
}

/** Sets the status at WhatsApp. With a node, a webhook reports it. */
async function setStatus (status: string, node?: Node, more: object = {}): Promise<void> {
  const webhookUrl = node === undefined ? null : `${node.origin}/webhooks/whatsapp`
  await sandbox.control('PUT', 'settings', { webhookUrl, webhookSecret: SECRET, webhookSentMs: 20, webhookDeliveredMs: null })
  await sandbox.control('PUT', 'templates', { name: 'order_ready', language: 'en_US', status, ...more })
}

const post = async (node: Node, to: string, more: object = {}): Promise<Record<string, any>> =>
  (await node.post('/messages', { to, type: 'template', message: TEMPLATE, deduplicate: false, ...more })).body
const stateOf = async (node: Node, id: string): Promise<string> => (await node.get(`/messages/${id}`)).body['status']
const templates = async (node: Node): Promise<Record<string, any>> => (await node.get(`/senders/${SENDER}/templates`)).body

/** A read is due at once, as if the last one were long ago. */
async function readNow (node: Node): Promise<void> {
  const before = node.seen('templates.read').length
  await redis.zadd(`{${node.prefix}}:account-reads`, 1, ACCOUNT)
  await until('the templates are read', () => node.seen('templates.read').length > before)
}

await t.test('messages of a paused template wait, others go on, and all are sent in order once it is approved', async t => {
  const node = await start(t)
  await setStatus('PAUSED')
  const first = await post(node, '+15550004001')
  t.match(first, { status: 'queued', delayMs: null, waitingFor: 'template-paused', error: { code: '132015' } })
  const second = await post(node, '+15550004001')
  t.match(second, { status: 'queued', waitingFor: 'template-paused' })
  const text = (await node.send('+15550004001', 'another message')).body
  await until('a message without the template is sent', async () => await stateOf(node, text.id) === 'sent')
  const requests = (await arrivals('+15550004001')).length
  t.equal(requests, 2, 'one rejected attempt in all, and the text')
  t.match(await templates(node), {
    account: ACCOUNT, readAt: String, failedWith: null, templates: [{ name: 'order_ready', language: 'en_us', state: 'paused', code: '132015' }]
  })

  // WhatsApp cannot be asked: nothing is sent because of that.
  await sandbox.control('POST', 'faults', { recipient: 'node', kind: 'html', httpStatus: 503 })
  await readNow(node)
  t.match(node.seen('templates.read').at(-1), { result: 'failed', code: 'HTTP_503' })
  await setStatus('APPROVED')
  t.match((await templates(node))['templates'], [{ state: 'paused', waiting: 2 }])
  t.match(await templates(node), { failedWith: 'HTTP_503' })

  await sandbox.control('DELETE', 'faults', {})
  await readNow(node)
  for (const { id } of [first, second]) await until('it is sent', async () => await stateOf(node, id) === 'sent')
  t.match(await templates(node), { failedWith: null, templates: [] })
  t.match((await node.get(`/messages/${first['id']}`)).body, { attemptCount: 1 }, 'the rejected attempt is not counted')
  const sent = (await arrivals('+15550004001')).filter(({ outcome }) => outcome === 'accepted').map(({ opaque }) => opaque?.slice(0, 22))
  t.strictSame(sent.filter(name => name !== text.id.split('.')[1]?.slice(0, 22)), [first, second].map(({ id }) => id.split('.')[1]))
})

await t.test('a rejected template fails what waits, and new messages are refused with 422', async t => {
  const node = await start(t)
  await setStatus('PAUSED')
  const waiting = await post(node, '+15550004002')
  t.match(waiting, { waitingFor: 'template-paused' })
  await setStatus('REJECTED')
  await readNow(node)
  await until('it is failed', async () => await stateOf(node, waiting['id']) === 'failed')
  t.match((await node.get(`/messages/${waiting['id']}`)).body, { error: { code: 'TEMPLATE_REJECTED' } })
  const reply = await node.post('/messages', { to: '+15550004002', type: 'template', message: TEMPLATE, deduplicate: false })
  t.match(reply, { status: 422, body: { code: 'TEMPLATE_REJECTED' } })
  t.equal((await node.get('/failures?status=FAILED')).body['failures'].length, 1)
})

await t.test('a name that WhatsApp does not know fails after its status was read, without a second attempt', async t => {
  const node = await start(t)
  await setStatus('APPROVED')
  await sandbox.control('PUT', 'templates', { name: 'order_redy', language: 'en_US', status: 'APPROVED', missing: true })
  const message = { ...TEMPLATE, name: 'order_redy' }
  const wrong = (await node.post('/messages', { to: '+15550004003', type: 'template', message })).body
  t.match(wrong, { status: 'queued', waitingFor: 'template-paused' })
  await readNow(node)
  await until('it is failed', async () => await stateOf(node, wrong['id']) === 'failed')
  t.match(await templates(node), { templates: [{ name: 'order_redy', state: 'rejected', code: 'NOT_FOUND', until: String }] })
  t.equal((await arrivals('+15550004003')).length, 1)
  t.equal((await post(node, '+15550004003'))['status'], 'sent', 'other templates are sent')
})

await t.test('a webhook has the status read, and a held message is accepted and never sent again', async t => {
  const node = await start(t)
  await setStatus('APPROVED', undefined, { held: true })
  const held = await post(node, '+15550004004')
  t.match(held, { status: 'sent', messageStatus: 'held_for_quality_assessment' })
  // The last read is a minute ago.
  const key = `{${node.prefix}}:accounts`
  await redis.hset(key, ACCOUNT, (await redis.hget(key, ACCOUNT))!.replace(/^\d+/, '0'))
  const before = node.seen('templates.read').length
  await setStatus('PAUSED', node)
  await until('the templates are read', () => node.seen('templates.read').length > before)
  t.match((await templates(node))['templates'], [{ state: 'paused', code: 'PAUSED' }], 'before any message met it')
  t.match(await post(node, '+15550004005'), { waitingFor: 'template-paused' })
  t.equal((await arrivals('+15550004004')).length, 1)
})

await t.test('an accepted message that fails with 132015 by webhook pauses its template, and is sent once it is approved', async t => {
  const node = await start(t)
  await setStatus('APPROVED', node)
  await sandbox.control('POST', 'faults', { recipient: '+15550004006', kind: 'fail-later', code: 132015, times: 1 })
  const failing = await post(node, '+15550004006')
  t.equal(failing['status'], 'sent')
  await until('the template is paused', async () => (await templates(node))['templates'].length === 1)
  await until('it waits', async () => (await node.get(`/messages/${failing['id']}`)).body['waitingFor'] === 'template-paused')
  await readNow(node)
  await until('it is sent', async () => await stateOf(node, failing['id']) === 'sent')
  t.equal((await arrivals('+15550004006')).length, 2)
})

await t.test('an operator lets the messages go when the status cannot be read', async t => {
  const node = await start(t)
  await setStatus('PAUSED')
  const waiting = await post(node, '+15550004007')
  await sandbox.control('DELETE', 'templates', {})
  const resume = async (name: string) => await node.post(`/senders/${SENDER}/templates/resume`, { name, language: 'en-US' })
  t.match(await resume('other'), { status: 404, body: { code: 'NOT_FOUND' } })
  t.match(await resume('order_ready'), { status: 200, body: { templates: [] } })
  await until('it is sent', async () => await stateOf(node, waiting['id']) === 'sent')
  t.match((await node.get('/audit')).body['entries'][0], { action: 'resume-template', subject: 'order_ready en-US' })
})
