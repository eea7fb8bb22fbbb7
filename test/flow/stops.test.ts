/** Stops by scope: what WhatsApp orders for payment, quality or policy stops templates or the whole sender, with an end, and nothing else. */
import t from 'tap'
import type { Test } from 'tap'
import { Queue } from 'bullmq'
import { queueNames } from '../../src/queues.js'
import { queuePrefix } from '../../src/redis/keys.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const { sandbox, arrivals } = environment
const redis = environment.redis.connect()
const ACCOUNT = '102290129340398'
const SECRET = 'app-secret-of-the-test'
const OTHER = '100000000000002'
const env = {
  WHATSAPP_BUSINESS_ACCOUNT_ID: ACCOUNT,
  WHATSAPP_APP_SECRET: SECRET,
  WHATSAPP_RATE_LIMIT_MS: '50',
  WHATSAPP_RETRY_SCHEDULE_MS: '100',
  WHATSAPP_RETRY_INTERVAL_MS: '200'
}
const TEMPLATE = { name: 'order_ready', language: { code: 'en_US' } }
const HOUR = 3_600_000

async function start (t: Test, more: object = {}): Promise<Node> {
  t.teardown(async () => { await sandbox.control('DELETE', 'faults', {}) })
  const node = await environment.start(t, { ...env, ...more })
  await environment.postWebhooks(t, node, SECRET, { webhookSentMs: 20, webhookDeliveredMs: null, accountId: ACCOUNT })
  return node
}

const post = async (node: Node, to: string, more: object = {}): Promise<Record<string, any>> =>
  (await node.post('/messages', { to, type: 'template', message: TEMPLATE, deduplicate: false, ...more })).body
const stateOf = async (node: Node, id: string): Promise<string> => (await node.get(`/messages/${id}`)).body['status']
const senderOf = async (node: Node, id = SENDER): Promise<Record<string, any>> =>
  (await node.get('/senders')).body['senders'].find((one: { id: string }) => one.id === id)

/** Meta's webhook of the account. */
async function update (value: object): Promise<void> {
  const { body } = await sandbox.control('POST', 'webhooks', {
    object: 'whatsapp_business_account', entry: [{ id: ACCOUNT, time: 1, changes: [{ field: 'account_update', value }] }]
  })
  if (body['status'] !== 200) throw new Error(`the webhook got ${String(body['status'])}`)
}
const restriction = (type: string, endsMs: number): object =>
  ({ event: 'ACCOUNT_RESTRICTION', restriction_info: [{ restriction_type: type, expiration: Math.round(endsMs / 1000) }] })

async function housekeep (node: Node): Promise<void> {
  const queue = new Queue(queueNames.housekeeping, { connection: redis, prefix: queuePrefix(node.prefix) })
  await queue.add('housekeeping', {})
  await queue.close()
}

/** The time of the stop is over, and housekeeping runs. */
async function endStop (node: Node): Promise<void> {
  const key = `{${node.prefix}:${SENDER}}:templates`
  await redis.hset(key, '*', (await redis.hget(key, '*'))!.replace(/^(\w+ \d+) \d+/, '$1 1'))
  await housekeep(node)
}

await t.test('a payment problem stops templates, replies go on, and one probe finds its end', async t => {
  const node = await start(t)
  for (const n of [1, 2, 3]) await sandbox.control('POST', 'faults', { recipient: `+1555000510${n}`, kind: 'code', code: 131042, httpStatus: 400 })
  const first = await post(node, '+15550005101')
  t.match(first, { status: 'queued', delayMs: null, waitingFor: 'templates-stopped' })
  const others = [await post(node, '+15550005102'), await post(node, '+15550005103')]
  for (const other of others) t.match(other, { status: 'queued', waitingFor: 'templates-stopped' })
  const reply = (await node.send('+15550005104', 'a reply')).body
  await until('a reply is sent', async () => await stateOf(node, reply.id) === 'sent')
  t.match(await senderOf(node), { state: 'active', templates: { state: 'stopped', reason: '131042', since: String, until: String } })
  await until('all of them wait', async () => (await senderOf(node))['templates'].waiting === 3)
  const requests = async (): Promise<number> =>
    (await Promise.all([1, 2, 3].map(async n => await arrivals(`+1555000510${n}`)))).flat().length
  t.equal(await requests(), 1)

  await endStop(node)
  await until('one probe is rejected', async () => await requests() === 2)
  await until('it waits again', async () => (await senderOf(node))['templates'].waiting === 3)
  t.equal(await requests(), 2, 'the others wait for the probe')
  t.match(await senderOf(node), { templates: { state: 'stopped', reason: '131042' } })

  await sandbox.control('DELETE', 'faults', {})
  await endStop(node)
  await until('the probe is sent', async () => (await senderOf(node))['templates'].state === 'ending')
  await until('all of them are sent', async () => {
    await housekeep(node)
    return (await Promise.all([first, ...others].map(async ({ id }) => await stateOf(node, id)))).every(state => state === 'sent')
  }, 60_000)
  t.match(await senderOf(node), { templates: { state: 'active', reason: null, until: null, waiting: 0 } })
  t.match((await node.get(`/messages/${first['id']}`)).body, { attemptCount: 1 }, 'waiting uses up no attempt')
})

await t.test('during a stop for spam, what waits for a person who writes goes on at once and in order, and the others stay', async t => {
  const node = await start(t, { WINDOW_CHECK: '1' })
  await sandbox.control('POST', 'faults', { recipient: '+15550005601', kind: 'code', code: 131048, httpStatus: 400 })
  const first = await post(node, '+15550005601')
  t.match(first, { status: 'queued', waitingFor: 'templates-stopped' })
  const waiting = [await post(node, '+15550005602'), await post(node, '+15550005602'), await post(node, '+15550005602')]
  const other = await post(node, '+15550005603')
  await until('all of them wait', async () => (await senderOf(node))['templates'].waiting === 5)
  t.equal((await arrivals('+15550005602')).length, 0)

  await sandbox.control('POST', 'inbound', { sender: SENDER, from: '+15550005602' })
  await until('they are sent', async () =>
    (await Promise.all(waiting.map(async ({ id }) => await stateOf(node, id)))).every(state => state === 'sent'))
  const order = (await arrivals('+15550005602')).map(({ opaque }) => opaque?.slice(0, 22))
  t.strictSame(order, waiting.map(({ id }) => id.slice(SENDER.length + 1, SENDER.length + 23)), 'in their order, each once')
  for (const { id } of [first, other]) t.match((await node.get(`/messages/${id}`)).body, { status: 'queued', waitingFor: 'templates-stopped' })
  t.match(await senderOf(node), { templates: { state: 'stopped', reason: '131048', waiting: 2 } })
})

await t.test('a restriction of templates waits for its end, and an operator may end it before', async t => {
  const node = await start(t)
  const end = Math.ceil(Date.now() / 1000) * 1000 + HOUR
  await update(restriction('RESTRICTED_BIZ_INITIATED_MESSAGING', end))
  t.match(await senderOf(node), {
    state: 'active', templates: { state: 'stopped', reason: 'RESTRICTED_BIZ_INITIATED_MESSAGING', until: new Date(end).toISOString() }
  })
  const waiting = await post(node, '+15550005201')
  t.match(waiting, { status: 'queued', waitingFor: 'templates-stopped' })
  t.match(await node.post('/messages', { to: '+15550005201', type: 'template', message: TEMPLATE, deduplicate: false, whenLimited: 'reject' }),
    { status: 429, body: { code: 'LIMITED' } })
  t.match((await node.send('+15550005202', 'a reply')).body, { status: 'sent' })

  await update(restriction('RESTRICTED_BIZ_INITIATED_MESSAGING', Date.now() - HOUR))
  t.match(await senderOf(node), { templates: { state: 'stopped' } }, 'a late webhook changes nothing')
  await update(restriction('RESTRICTED_ADD_PHONE_NUMBER_ACTION', Date.now() + 2 * HOUR))
  t.match(await senderOf(node), { templates: { until: new Date(end).toISOString() } }, 'nor one that stops no messages')
  await node.post(`/senders/${SENDER}/resume`, {})
  await until('it is sent', async () => await stateOf(node, waiting['id']) === 'sent')
  t.match(await senderOf(node), { templates: { state: 'active' } })
})

await t.test('a restriction of replies stops the sender until its end', async t => {
  const node = await start(t)
  const end = Math.ceil(Date.now() / 1000) * 1000 + HOUR
  await update(restriction('RESTRICTED_CUSTOMER_INITIATED_MESSAGING', end))
  t.match(await senderOf(node), { state: 'stopped', reason: 'RESTRICTED_CUSTOMER_INITIATED_MESSAGING', resumesAt: String })
  const { resumesAt } = await senderOf(node)
  t.ok(Math.abs(Date.parse(resumesAt) - end) < 1000, `it resumes at ${resumesAt}`)
  const reply = (await node.send('+15550005301', 'a reply')).body
  t.match(reply, { status: 'queued', waitingFor: 'sender-stopped' })
  await update({ event: 'DISABLED_UPDATE', ban_info: { waba_ban_state: 'REINSTATE' } })
  await until('a probe is sent', async () => await stateOf(node, reply.id) === 'sent')
  t.match(await senderOf(node), { state: 'active', reason: null })
})

await t.test('what stops one sender of an account stops the templates of the others, but a restriction of one number only this one', async t => {
  const senders = [SENDER, OTHER].map(id => ({ id, accessToken: 'token', accountId: ACCOUNT, appSecrets: [SECRET] }))
  const file = `${t.testdir({ 'senders.json': JSON.stringify(senders) })}/senders.json`
  const node = await start(t, { WHATSAPP_SENDERS_FILE: file, WHATSAPP_ACCESS_TOKEN: '', WHATSAPP_BUSINESS_ACCOUNT_ID: '', WHATSAPP_APP_SECRET: '' })
  await update({ ...restriction('RESTRICTED_BIZ_INITIATED_MESSAGING', Date.now() + HOUR), phone_number: '+1 555-0000002' })
  t.match(await senderOf(node, OTHER), { templates: { state: 'stopped' } })
  t.match(await senderOf(node), { templates: { state: 'active' } })
  await node.post(`/senders/${OTHER}/resume`, {})
  await sandbox.control('POST', 'faults', { recipient: '+15550005401', kind: 'code', code: 131064, httpStatus: 400 })
  await post(node, '+15550005401')
  await until('the other one is stopped', async () => (await senderOf(node, OTHER))['templates'].state === 'stopped')
  t.match(await senderOf(node, OTHER), { templates: { reason: '131064' } })
})

await t.test('messages that Meta held and drops with 135000 stop the templates of the account', async t => {
  const node = await start(t)
  await sandbox.control('POST', 'faults', { recipient: '+15550005501', kind: 'fail-later', code: 135000, times: 1 })
  const dropped = await post(node, '+15550005501')
  await until('it is failed', async () => await stateOf(node, dropped['id']) === 'failed')
  t.match(await senderOf(node), { state: 'active', templates: { state: 'stopped', reason: '135000' } })
  // In a response it is about the message alone.
  await node.post(`/senders/${SENDER}/resume`, {})
  await sandbox.control('POST', 'faults', { recipient: '+15550005502', kind: 'code', code: 135000, httpStatus: 400 })
  const wrong = await post(node, '+15550005502')
  await until('it is failed', async () => await stateOf(node, wrong['id']) === 'failed')
  t.match(await senderOf(node), { templates: { state: 'active' } })
})
