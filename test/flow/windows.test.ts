/** The 24-hour window: what people write by webhook decides whether messages are rejected, replaced or wait. */
import t from 'tap'
import type { Test } from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const { sandbox, arrivals } = environment
const redis = environment.redis.connect()
const SECRET = 'app-secret-of-the-test'
const DAY = 86_400_000

async function start (t: Test): Promise<Node> {
  t.teardown(async () => {
    await sandbox.control('PUT', 'settings', { webhookUrl: null, enforceWindow: false })
    await sandbox.control('DELETE', 'inbound', {})
  })
  const node = await environment.start(t, {
    WINDOW_CHECK: '1', WHATSAPP_APP_SECRET: SECRET, WHATSAPP_RATE_LIMIT_MS: '50', WHATSAPP_RETRY_SCHEDULE_MS: '100', WHATSAPP_RETRY_INTERVAL_MS: '200'
  })
  const webhookUrl = `${node.origin}/webhooks/whatsapp`
  await sandbox.control('PUT', 'settings', { enforceWindow: true, webhookUrl, webhookSecret: SECRET, webhookSentMs: 20, webhookDeliveredMs: null })
  return node
}

/** Webhooks have come for two days. */
async function know (node: Node): Promise<void> {
  await inbound('+15550009999')
  const key = `{${node.prefix}:${SENDER}}:sender`
  const [, ...rest] = (await redis.hget(key, 'windows'))!.split(' ')
  await redis.hset(key, 'windows', [Date.now() - 2 * DAY, ...rest].join(' '))
}
const inbound = async (from: string, more: object = {}): Promise<void> => {
  // A webhook that a busy node rejects comes again.
  const post = async (): Promise<unknown> => (await sandbox.control('POST', 'inbound', { sender: SENDER, from, ...more })).body['status']
  await until('the webhook is taken', async () => await post() === 200)
}
const windows = async (node: Node): Promise<string> => (await node.get('/senders')).body['senders']?.[0]?.windows?.state

await t.test('a message with a closed window is rejected, and one to a person who has written is sent', async t => {
  const node = await start(t)
  t.match(await node.send('+15550005001', 'nothing is known yet'), { status: 422, body: { code: 'PROVIDER_REJECTED', error: { code: '131047' } } })
  await know(node)
  t.equal(await windows(node), 'known')
  const before = (await arrivals('+15550005002')).length
  t.match(await node.send('+15550005002', 'too late'), { status: 422, body: { code: 'WINDOW_CLOSED', closedAt: null } })
  t.equal((await arrivals('+15550005002')).length, before, 'WhatsApp is not asked')
  t.match(await node.post('/messages/check', { messages: [{ to: '+15550005002', message: 'x' }] }), { status: 200 })
  await inbound('+15550005002', { kind: 'call' })
  t.match((await node.get('/rate-limits/+15550005002')).body, { window: { state: 'open', lastActAt: String, closesAt: String } })
  t.match(await node.send('+15550005002', 'in time'), { status: 200, body: { status: 'sent' } })
  const template = { to: '+15550005003', type: 'template', message: { name: 'hello', language: { code: 'en' } } }
  t.match(await node.post('/messages', template), { body: { status: 'sent' } })
})

await t.test('a message is replaced by its template, or waits until the person writes', async t => {
  const node = await start(t)
  await know(node)
  const otherwise = { name: 'come_back', language: { code: 'en_US' } }
  const replaced = await node.post('/messages', { to: '+15550005004', message: 'hello', otherwise })
  t.match(replaced, { status: 200, body: { status: 'sent', replaced: true } })
  t.match((await node.get(`/messages/${replaced.body['id']}`)).body, { status: 'sent', replaced: true })
  t.match((await arrivals('+15550005004')).at(-1), { body: { type: 'template', template: otherwise } })
  const waiting = (await node.post('/messages', { to: '+15550005005', message: 'hello', whenClosed: 'wait' })).body
  t.match(waiting, { status: 'queued', waitingFor: 'window', delayMs: null })
  await inbound('+15550005005')
  await until('it is sent', async () => (await node.get(`/messages/${waiting['id']}`)).body['status'] === 'sent')
  t.match((await node.post('/messages', { to: '+15550005005', message: 'x', otherwise, whenClosed: 'wait' })), { status: 400 })
})

await t.test('131047 holds a message that may wait, although nothing was known of the window', async t => {
  const node = await start(t)
  const waiting = (await node.post('/messages', { to: '+15550005006', message: 'hello', whenClosed: 'wait' })).body
  t.match(waiting, { status: 'queued', waitingFor: 'window', error: { code: '131047' } })
  await inbound('+15550005006')
  await until('it is sent', async () => (await node.get(`/messages/${waiting['id']}`)).body['status'] === 'sent')
  t.match((await node.get(`/messages/${waiting['id']}`)).body, { attemptCount: 1 })
})

await t.test('without the check, its fields are refused', async t => {
  const node = await environment.start(t, {})
  t.match(await node.post('/messages', { to: '+15550005007', message: 'hello', whenClosed: 'wait' }), {
    status: 400, body: { errors: [{ field: 'whenClosed', detail: 'needs WINDOW_CHECK, which is off on this gateway' }] }
  })
  t.equal(await windows(node), 'off')
})
