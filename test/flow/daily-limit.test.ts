/** The daily limit through whole nodes: where it comes from, what waits for it, and what passes. */
import { createHmac } from 'node:crypto'
import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import type { Node } from '../support/gateway.js'
import { request } from '../support/request.js'
import { until } from '../support/until.js'

const SECRET = 'an-app-secret'
const ACCOUNT = '102290129340398'
const env = { WHATSAPP_RATE_LIMIT_MS: '50', WHATSAPP_APP_SECRET: SECRET, MESSAGE_LIFE_MS: String(72 * 3_600_000) }
const environment = await createTestEnvironment(t, { ...longStartWindow, THROUGHPUT_POLL_MS: '86400000' })
const { sandbox } = environment
const TEMPLATE = { type: 'template', template: { name: 'order_ready', language: { code: 'en_US' } } }

const dailyOf = async (node: Node): Promise<Record<string, unknown> | null> => (await node.get('/senders')).body['senders']?.[0]?.daily
const post = async (node: Node, to: string): Promise<Record<string, unknown>> => (await node.post('/messages', { to, message: TEMPLATE })).body
async function webhook (node: Node, value: object): Promise<void> {
  const changes = [{ field: 'business_capability_update', value }]
  const body = JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: ACCOUNT, changes }] })
  const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`
  const { status } = await request(`${node.origin}/webhooks/whatsapp`, { method: 'POST', body, headers: { 'x-hub-signature-256': signature } })
  if (status !== 200) throw new Error(`the webhook got ${status}`)
}

await t.test('without the setting nothing is counted', async t => {
  const node = await environment.start(t, env)
  t.match(await post(node, '+15550007001'), { status: 'sent' })
  t.equal(await dailyOf(node), null)
})

await t.test('the node of the number has the limit, and further people wait', async t => {
  await sandbox.control('PUT', 'settings', { messagingLimit: '2' })
  const node = await environment.start(t, { ...env, DAILY_LIMIT: 'auto' })
  await until('the limit is known', async () => (await dailyOf(node))?.['limit'] === 2)
  for (const to of ['+15550007011', '+15550007012']) t.match(await post(node, to), { status: 'sent' })
  const third = await post(node, '+15550007013')
  t.match(third, { status: 'queued', waitingFor: 'daily-limit' })
  await until('it waits outside of its queue', async () => (await dailyOf(node))?.['waiting'] === 1)
  t.match((await node.send('+15550007014', 'a reply')).body, { status: 'sent' })
  await until('the pair is free', async () => (await post(node, '+15550007011'))['status'] === 'sent')
  t.match(await dailyOf(node), {
    limit: 2, reason: 'whatsapp', used: 2, free: 0, people: 1, waiting: 1, freeAt: String, portfolio: null, whatsapp: { limit: 2, source: 'node' }
  })
  t.match((await node.get(`/messages/${String(third['id'])}`)).body, { status: 'queued', waitingFor: 'daily-limit', expectedAt: String })
  const rejected = await node.post('/messages', { to: '+15550007015', message: TEMPLATE, expiresInMs: 60_000 })
  t.match(rejected.body, { code: 'WOULD_EXPIRE' })

  await webhook(node, { max_daily_conversations_per_business: 'TIER_UNLIMITED' })
  t.match(await dailyOf(node), { limit: 2 }, 'a webhook alone raises nothing')
  await webhook(node, { max_daily_conversations_per_business: 1 })
  await until('a webhook lowers it', async () => (await dailyOf(node))?.['limit'] === 1)
})

await t.test('a sender of a portfolio gets its share, and uses no more', async t => {
  await sandbox.control('PUT', 'settings', { messagingLimit: 'TIER_UNLIMITED' })
  const node = await environment.start(t, { ...env, DAILY_LIMIT: 'auto', WHATSAPP_PORTFOLIO: 'acme', PORTFOLIO_DAILY_LIMIT: '2' })
  await until('it has a share', async () => (await dailyOf(node))?.['limit'] === 2)
  for (const to of ['+15550007021', '+15550007022']) t.match(await post(node, to), { status: 'sent' })
  t.match(await post(node, '+15550007023'), { status: 'queued', waitingFor: 'daily-limit', delayMs: null })
  t.match(await dailyOf(node), { reason: 'portfolio', portfolio: 'acme', used: 2, free: 0 })
})

await t.test('WhatsApp never has to reject a message for the limit', async t => {
  await sandbox.control('PUT', 'settings', { messagingLimit: '5', dailyLimit: 5 })
  t.teardown(async () => await sandbox.control('PUT', 'settings', { messagingLimit: 'TIER_2K', dailyLimit: null }))
  const node = await environment.start(t, { ...env, DAILY_LIMIT: 'auto', WHATSAPP_PORTFOLIO: 'acme' })
  // The limit becomes known after the first round, and takes its share. The next round begins within two seconds, rather than ten.
  await until('the limit is known', async () => node.seen('sender.daily-limit').length > 0, 30_000)
  await until('it has a share', async () => (await dailyOf(node))?.['limit'] === 5, 6000)
  const replies = await Promise.all(Array.from({ length: 24 }, async (_, i) => await post(node, `+155500071${String(i % 12).padStart(2, '0')}`)))
  t.equal(replies.filter(reply => reply['waitingFor'] === 'daily-limit').length > 0, true)
  await until('five people got theirs, the others wait', async () => {
    const daily = await dailyOf(node)
    return daily?.['used'] === 5 && daily['people'] === 7
  })
  const arrivals = (await sandbox.control('GET', 'messages')).body['messages'] as Array<{ code: number | null, recipient: string }>
  t.strictSame(arrivals.filter(({ code }) => code === 131048), [])
  t.equal(new Set(arrivals.filter(({ recipient }) => recipient.includes('155500071')).map(({ recipient }) => recipient)).size, 5)

  // The sandbox does enforce it: one who wrote to it around the gateway gets the code.
  const template = { ...TEMPLATE, messaging_product: 'whatsapp', to: '+15550007199' }
  const headers = { authorization: 'Bearer any' }
  const around = await request(`${sandbox.url}/111/messages`, { method: 'POST', body: JSON.stringify(template), headers })
  t.match(around, { status: 400, body: { error: { code: 131048 } } })
})
