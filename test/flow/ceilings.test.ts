/** The limit of a phone number is read from WhatsApp, and the lower of rule and limit is in force. */
import { createHmac } from 'node:crypto'
import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import { request } from '../support/request.js'
import { until } from '../support/until.js'

const SECRET = 'an-app-secret'
const ACCOUNT = '102290129340398'
const environment = await createTestEnvironment(t, { ...longStartWindow, THROUGHPUT_POLL_MS: '86400000' })
const { sandbox, start } = environment
await sandbox.control('PUT', 'settings', { throughputLevel: 'STANDARD' })
const rule = (perSecond: number): Record<string, string> => ({ WHATSAPP_SENDER_RATE_PER_SECOND: String(perSecond) })

const rateOf = async (node: Node): Promise<Record<string, unknown>> => (await node.get('/senders')).body['senders']?.[0]?.rate
const untilRate = async (node: Node, reason: string): Promise<Record<string, unknown>> =>
  await until(`the reason is ${reason}`, async () => { const rate = await rateOf(node); return rate['reason'] === reason && rate })
const untilKnown = async (node: Node): Promise<unknown> =>
  await until('the limit is known', async () => (await rateOf(node))['ceiling'])

async function post (node: Node, field: string, value: object): Promise<void> {
  const body = JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: ACCOUNT, changes: [{ field, value }] }] })
  const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`
  const { status } = await request(`${node.origin}/webhooks/whatsapp`, { method: 'POST', body, headers: { 'x-hub-signature-256': signature } })
  if (status !== 200) throw new Error(`the webhook got ${status}`)
}

await t.test('a number that is also used in the app sends 20 a second, and no message is rejected', async t => {
  await sandbox.control('PUT', 'settings', { isOnBizApp: true, throughputPerSecond: 20 })
  t.teardown(async () => { await sandbox.control('PUT', 'settings', { isOnBizApp: false, throughputPerSecond: null }) })
  const node = await start(t, rule(80))
  t.match(await untilRate(node, 'ceiling'), {
    perSecond: 20, rejectedAt: null, nextRiseAt: null, ceiling: { perSecond: 20, level: 'COEXISTENCE', source: 'node', since: String }
  })
  t.match(node.seen('sender.ceiling'), [{ sender: SENDER, limit: 'COEXISTENCE', perSecond: 20 }])
  const ids = await Promise.all(Array.from({ length: 40 }, async (_, i) => (await node.send(`+1555000${String(5000 + i)}`)).body['id'] as string))
  for (const id of ids) await until('it is sent', async () => (await node.get(`/messages/${id}`)).body['status'] === 'sent', 30_000)
  t.equal(node.seen('attempt.settled').filter(({ outcome }) => outcome !== 'sent').length, 0)
  t.equal((await rateOf(node))['reason'], 'ceiling')
})

for (const code of [4, 80007]) {
  await t.test(`a read that fails with code ${code} slows nothing`, async t => {
    await sandbox.control('POST', 'faults', { recipient: 'node', kind: 'code', code })
    t.teardown(async () => { await sandbox.control('DELETE', 'faults', {}) })
    const node = await start(t, rule(80))
    await until('a read has failed', () => node.seen('ceiling.unread').length > 0)
    t.match(node.seen('ceiling.unread'), [{ sender: SENDER, code: String(code) }])
    t.match(await rateOf(node), { perSecond: 80, reason: 'rule', ceiling: null })
    t.match((await node.send('+15550006001', `after ${code}`)).body, { status: 'sent' })
  })
}

await t.test('without a field that WhatsApp does not know, the node is read again', async t => {
  await sandbox.control('POST', 'faults', { recipient: 'node', times: 1, kind: 'code', code: 100 })
  const node = await start(t, rule(200))
  t.match(await untilRate(node, 'ceiling'), { perSecond: 80, ceiling: { level: 'STANDARD' } })
  t.equal(node.seen('ceiling.unread').length, 0)
})

await t.test('a webhook of an upgrade raises the rate of its number to the rule, and of no other one', async t => {
  const node = await start(t, { ...rule(200), WHATSAPP_APP_SECRET: SECRET })
  t.match(await untilRate(node, 'ceiling'), { perSecond: 80 })
  const upgrade = { event: 'THROUGHPUT_UPGRADE', current_limit: 'TIER_UNLIMITED' }
  await post(node, 'phone_number_quality_update', { ...upgrade, display_phone_number: '15559999999' })
  await post(node, 'phone_number_quality_update', { display_phone_number: '15550000111', event: 'ONBOARDING', current_limit: 'TIER_2K' })
  t.match(await rateOf(node), { perSecond: 80, reason: 'ceiling' })
  await post(node, 'phone_number_quality_update', { ...upgrade, display_phone_number: '15550000111' })
  t.match(await rateOf(node), { perSecond: 200, reason: 'rule', ceiling: { perSecond: 1000, level: 'HIGH', source: 'webhook' } })
})

await t.test('a webhook that names no message reduces the rate', async t => {
  const node = await start(t, { ...rule(80), WHATSAPP_APP_SECRET: SECRET })
  await untilKnown(node)
  const value = { messaging_product: 'whatsapp', metadata: { phone_number_id: SENDER }, errors: [{ code: 130429, title: 'Rate limit hit' }] }
  await post(node, 'messages', { ...value, errors: [{ code: 131_000 }] })
  t.match(await rateOf(node), { perSecond: 80, reason: 'rule' })
  await post(node, 'messages', value)
  const { perSecond } = await untilRate(node, 'rejected')
  await post(node, 'messages', value)
  t.equal((await rateOf(node))['perSecond'], perSecond, 'it is the same burst')
})

await t.test('a start with THROUGHPUT_POLL_MS=0 forgets the limit', async t => {
  const first = await start(t, rule(200))
  await untilRate(first, 'ceiling')
  await first.close()
  const second = await start(t, { ...rule(200), THROUGHPUT_POLL_MS: '0' }, { prefix: first.prefix })
  t.match(await rateOf(second), { perSecond: 200, reason: 'rule', ceiling: null })
})
