/** The gateway as the Redis user of docs/redis.md: everything works, and Redis denies nothing. */
import { createHmac } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { longStartWindow } from '../support/flow.js'
import { SENDER, startNode } from '../support/gateway.js'
import { CALLBACK_SECRET, startReceiver } from '../support/receiver.js'
import { startRedis } from '../support/redis.js'
import { request } from '../support/request.js'
import { startSandbox } from '../sandbox/support.js'
import { until } from '../support/until.js'

const SECRET = 'app-secret-of-the-test'
/** As the page spells it. */
const PREFIX = 'wa'
const page = readFileSync('docs/redis.md', 'utf8')
const [, user = '', password = '', rules = ''] = /^ACL SETUSER (\S+) on >(\S+) (.*)$/m.exec(page) ?? []

await t.test('docs/redis.md has the command that creates the user', async t => {
  t.ok(user !== '' && password !== '' && rules !== '')
})

await t.test('as this user the gateway does all that it does, and Redis denies no command, key or channel', async t => {
  const redis = await startRedis(t)
  const admin = redis.connect()
  await admin.call('ACL', 'SETUSER', user, 'on', `>${password}`, ...rules.split(' '))
  const sandbox = await startSandbox(t, { enforcePair: false, throughputPerSecond: null })
  const receiver = await startReceiver(t)
  const dir = t.testdir({ 'senders.json': JSON.stringify([{ id: SENDER, accessToken: 'a' }]) })
  const env = {
    ...longStartWindow,
    CALLBACK_URL: receiver.url,
    CALLBACK_SECRET,
    WHATSAPP_APP_SECRET: SECRET,
    WHATSAPP_VERIFY_TOKEN: 'verify-me',
    WHATSAPP_SENDERS_FILE: `${dir}/senders.json`,
    WHATSAPP_ACCESS_TOKEN: '',
    WHATSAPP_RETRY_INTERVAL_MS: '500',
    WHATSAPP_RETRY_SCHEDULE_MS: '500,500',
    UNKNOWN_HOLD_MS: '500',
    SEND_TIMEOUT_MS: '1000'
  }
  const url = new URL(redis.url)
  url.username = user
  url.password = password
  const start = async (ROLE: string) =>
    await startNode(t, { redisUrl: url.href, apiUrl: sandbox.url, prefix: PREFIX, env: { ...env, ROLE } })
  // Apart, so that each wake-up needs its channel.
  const [api, worker] = [await start('api'), await start('worker')]
  const stateOf = async (id: unknown): Promise<unknown> => (await api.get(`/messages/${String(id)}`)).body['status']
  const expectState = async (id: unknown, state: string): Promise<void> => {
    await until(`${String(id)} is ${state}`, async () => await stateOf(id) === state, 30_000)
  }
  t.strictSame((await admin.pubsub('CHANNELS')).sort(), [`{${PREFIX}}:callback-wake`, `{${PREFIX}}:wake`])

  const sent = await api.send('+15550000001', 'Hello', { metadata: { order: 1 } })
  const second = await api.send('+15550000001', 'Hello again')
  for (const { body } of [sent, second]) await expectState(body['id'], 'sent')
  await until('the callbacks are delivered', () => [sent, second].every(({ body }) => receiver.accepted(body['id']).length > 0))
  const failing = await api.send('+15561131000')
  await until('it is retried', async () => (await api.get(`/messages/${String(failing.body['id'])}`)).body['attemptCount'] >= 2, 30_000)
  await expectState((await api.send('+15558400021', 'Hello', { onUnknown: 'fail' })).body['id'], 'failed')

  await api.post(`/senders/${SENDER}/pause`)
  const [cancelled, batch] = [await api.send('+15550000002'), await api.post('/messages/batch', { messages: [{ to: '+15550000003', message: 'a' }] })]
  t.equal(batch.status, 207)
  t.equal((await api.del(`/messages/${String(cancelled.body['id'])}`)).status, 200)
  t.equal((await api.post(`/senders/${SENDER}/resume`)).status, 200)
  await until('the callback of the cancellation is delivered', () => receiver.accepted(cancelled.body['id']).length > 0)
  const scheduled = await api.send('+15550000004', 'Later', { scheduledFor: new Date(Date.now() + 1500).toISOString() })
  await expectState(scheduled.body['id'], 'sent')

  const [arrival] = await sandbox.seen('?recipient=%2B15550000004')
  const status = { id: arrival?.wamid, status: 'delivered', timestamp: '1750030073', biz_opaque_callback_data: arrival?.opaque }
  const value = { metadata: { phone_number_id: SENDER }, statuses: [status, { ...status, id: 'wamid.foreign', biz_opaque_callback_data: undefined }] }
  const change = { field: 'messages', value: { metadata: { phone_number_id: SENDER }, messages: [{ from: '15550000001', id: 'wamid.in' }] } }
  const text = JSON.stringify({ entry: [{ id: '1', changes: [{ field: 'messages', value }, change] }] })
  const signature = { 'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(text).digest('hex')}` }
  t.equal((await request(`${api.origin}/webhooks/whatsapp`, { method: 'POST', body: text, headers: signature })).status, 200)
  await expectState(scheduled.body['id'], 'delivered')
  await until('the inbound message is relayed', () => receiver.accepted().some(({ type }) => type === 'whatsapp.inbound'))

  writeFileSync(`${dir}/senders.json`, JSON.stringify([{ id: SENDER, accessToken: 'b' }, { id: '222', accessToken: 'c' }]))
  for (const node of [api, worker]) await node.reload()
  const added = await api.send('+15550000005', 'Hello', { sender: '222' })
  await until('the callback of the new sender is delivered', () => receiver.accepted(added.body['id']).length > 0)
  for (const path of ['/senders', '/stats', '/queues/stats', '/failures', '/audit', '/workers/retry', '/messages?recipient=%2B15550000001']) {
    t.ok((await api.get(path)).status < 500, path)
  }
  await api.put('/opt-outs/+15550000006', {})
  await api.del('/rate-limits/+15550000001')
  await api.post('/workers/retry/stop')
  await api.post('/workers/retry/start')
  t.equal((await api.del('/recipients/+15550000001')).status, 200)
  for (const node of [api, worker]) t.equal((await request(`${node.origin}/metrics`)).status, 200)
  t.equal((await request(`${api.origin}/health/ready`)).status, 200)
  for (const node of [worker, api]) await node.close()

  const log = (await admin.call('ACL', 'LOG')) as unknown[][]
  t.strictSame(log.map(entry => entry.slice(2, 8)), [], 'Redis denied nothing')
  const errors = [api, worker].flatMap(node => node.seen('unexpected-error')).map(({ error }) => String(error))
  t.strictSame(errors.filter(error => error.includes('NOPERM')), [])
  // What only a replica or a cluster makes the gateway call.
  for (const command of [['WAIT', '1', '100'], ['CLUSTER', 'SLOTS'], ['CLUSTER', 'NODES'], ['READONLY'], ['ASKING']]) {
    t.equal(await admin.call('ACL', 'DRYRUN', user, ...command), 'OK', command.join(' '))
  }
  for (const command of [['CONFIG', 'GET', '*'], ['FLUSHALL'], ['GET', 'other'], ['PUBLISH', 'other', ''], ['KEYS', '*'], ['ACL', 'LIST']]) {
    t.not(await admin.call('ACL', 'DRYRUN', user, ...command), 'OK', `not needed, and not allowed: ${command.join(' ')}`)
  }
})
