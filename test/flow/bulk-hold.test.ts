/** WhatsApp accepts messages and reports no status: the lane bulk waits by a setting, and goes on once statuses come or an operator says so. */
import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const redis = environment.redis.connect()
const MINUTE = 60_000
const env = { WHATSAPP_APP_SECRET: 'app-secret-of-the-test', WHATSAPP_RATE_LIMIT_MS: '50' }

const senderOf = async (node: Node): Promise<Record<string, any>> => (await node.get('/senders')).body['senders'][0]
const stateOf = async (node: Node, id: string): Promise<Record<string, any>> => (await node.get(`/messages/${id}`)).body

const scrape = async (node: Node): Promise<string> => await (await fetch(`${node.origin}/metrics`)).text()

/** As if 60 messages had been accepted five minutes ago, none with a status, while all had one before. */
async function silence (node: Node): Promise<string[]> {
  const now = Date.now()
  const key = (name: string): string => `{${node.prefix}:${SENDER}}:${name}`
  const ids = Array.from({ length: 60 }, (_, n) => `${String(n).padStart(22, 'A')}.19000000000`)
  await redis.zadd(key('unconfirmed'), ...ids.flatMap(id => [now + 10 * MINUTE, id]))
  const [first, last] = [now - 11 * MINUTE, now - 2.5 * MINUTE]
  const spanOf = (ms: number): number => Math.floor(ms / (10 * MINUTE))
  await redis.zadd(key('completed'), 60, spanOf(last))
  await redis.hset(key('sender'), { statuses: `${first}:0 ${last}:60`, statusesSeen: first })
  return ids
}
/** Waits for a state of the lane, while recovery checks the sender. */
async function bulkIs (node: Node, state: string): Promise<Record<string, any>> {
  return await until(`bulk is ${state}`, async () => {
    await redis.zadd(`{${node.prefix}}:recovery-schedule`, 0, SENDER)
    const { bulk } = await senderOf(node)
    return bulk.state === state && bulk
  })
}

await t.test('bulk waits while statuses are missing, and is sent once they come', async t => {
  const node = await environment.start(t, { ...env, BULK_HOLD_MS: '3600000' })
  t.match((await senderOf(node))['bulk'], { state: 'collecting', since: null })
  const ids = await silence(node)
  const held = await bulkIs(node, 'held')
  t.match(held, { since: String, nextProbeAt: String, missingPercent: 100 })
  t.equal(Date.parse(held['until']) - Date.parse(held['since']), 3_600_000)
  const { body } = await node.send('+15550004100', 'the sale begins', { priority: 'bulk' })
  t.match(body, { status: 'queued', waitingFor: 'outage', expectedAt: null })
  t.match((await node.send('+15550004101', 'your order', {})).body, { status: 'sent' }, 'another lane')
  const code = (await node.send('+15550004100', 'your code', { priority: 'urgent' })).body
  await until('another lane of the same recipient', async () => (await stateOf(node, code['id']))['status'] === 'sent')
  await until('the metric follows', async () => /sluice_bulk_held\{[^}]*\} 1/.test(await scrape(node)), 30_000)
  t.match(node.seen('bulk-hold.changed'), [{ sender: SENDER, state: 'begun', percent: 100, accepted: 60 }])
  t.match(await stateOf(node, body['id']), { status: 'queued', waitingFor: 'outage' })

  await redis.zrem(`{${node.prefix}:${SENDER}}:unconfirmed`, ...ids)
  t.match(await bulkIs(node, 'active'), { since: null, until: null, nextProbeAt: null, missingPercent: null })
  await until('it is sent', async () => (await stateOf(node, body['id']))['status'] === 'sent')
  await until('the metric follows', async () => /sluice_bulk_held\{[^}]*\} 0/.test(await scrape(node)), 30_000)
})

await t.test('an operator ends the hold, and the audit trail says so', async t => {
  const node = await environment.start(t, { ...env, BULK_HOLD_MS: '3600000' })
  await silence(node)
  await bulkIs(node, 'held')
  const { body } = await node.send('+15550004110', 'the sale begins', { priority: 'bulk' })
  t.match(body, { status: 'queued', waitingFor: 'outage' })
  t.match((await node.post(`/senders/${SENDER}/resume`, {})).body, { bulk: { state: 'collecting' } })
  await until('it is sent', async () => (await stateOf(node, body['id']))['status'] === 'sent')
  t.match((await node.get('/audit')).body['entries'], [{ action: 'resume', detail: 'bulk was held' }])
  await bulkIs(node, 'collecting')
})

for (const [name, more] of [['without the setting', {}], ['without webhooks', { BULK_HOLD_MS: '3600000', WHATSAPP_APP_SECRET: '' }]] as const) {
  await t.test(`${name} nothing waits`, async t => {
    const node = await environment.start(t, { ...env, ...more })
    await silence(node)
    // What the setting or webhooks had left is removed at the start, or with the next check.
    if (name === 'without webhooks') await redis.hdel(`{${node.prefix}:${SENDER}}:sender`, 'statusesSeen')
    await bulkIs(node, 'off')
    t.match((await node.send('+15550004120', 'the sale begins', { priority: 'bulk' })).body, { status: 'sent' })
  })
}
