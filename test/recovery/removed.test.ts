/** What a removed sender leaves in Redis: late statuses still count, housekeeping goes on, and in the end nothing is left. */
import { createHmac } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { createBus } from '../../src/events.js'
import { prune, type HousekeepingDeps } from '../../src/recovery/housekeeping.js'
import { createRun } from '../../src/redis/commands.js'
import { connect } from '../../src/redis/connect.js'
import { createStore } from '../../src/redis/store.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import type { Node } from '../support/gateway.js'
import { createPrefix } from '../support/redis.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const redis = environment.redis.connect()
const SHARED = 'shared-app-secret'
const OTHER = 'other-app-secret'
const OWN = 'own-app-secret'
const keep = { id: 'keep', accessToken: 'token', appSecrets: [SHARED, OTHER] }
const gone = { id: 'gone', accessToken: 'token', appSecrets: [SHARED, OWN] }

interface Removal { prefix: string, node: Node, env: Record<string, string>, wamids: Record<string, string> }

/** A node that has sent and failed messages of two senders, one of which was then removed from its list. */
async function remove (t: Test, texts: string[]): Promise<Removal> {
  const prefix = createPrefix()
  const file = `${t.testdir({ 'senders.json': JSON.stringify([keep, gone]) })}/senders.json`
  const env = { WHATSAPP_SENDERS_FILE: file, WHATSAPP_ACCESS_TOKEN: '', WHATSAPP_RATE_LIMIT_MS: '50', WHATSAPP_RETRY_INTERVAL_MS: '600000' }
  const node = await environment.start(t, env, { prefix })
  const wamids: Record<string, string> = {}
  for (const [i, text] of texts.entries()) {
    const { body } = await node.send(`+1415555080${i}`, text, { sender: 'gone', metadata: { name: text } })
    wamids[text] = (await node.get(`/messages/${body['id']}`)).body['providerMessageId']
  }
  for (const sender of ['keep', 'gone']) await node.send('+155601310260001', 'Hello', { sender })
  writeFileSync(file, JSON.stringify([keep]))
  await node.reload()
  await until('it is removed', () => node.seen('sender.removed').length === 1)
  return { prefix, node, env, wamids }
}

async function report (node: Node, secret: string, wamid: string | undefined, status: string, code?: number): Promise<Record<string, unknown>> {
  const statuses = [{
    id: wamid,
    status,
    timestamp: String(Math.floor(Date.now() / 1000)),
    recipient_id: '14155550800',
    ...(code === undefined ? {} : { errors: [{ code, title: 'x' }] })
  }]
  const body = JSON.stringify({
    object: 'whatsapp_business_account',
    entry: [{ id: '1', changes: [{ field: 'messages', value: { metadata: { phone_number_id: 'gone' }, statuses } }] }]
  })
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
  const headers = { 'content-type': 'application/json', 'x-hub-signature-256': signature }
  const response = await fetch(`${node.origin}/webhooks/whatsapp`, { method: 'POST', headers, body })
  return { status: response.status, ...await response.json() as Record<string, unknown> }
}

const count = async (prefix: string, sender: string, set: string): Promise<number> => await redis.zcard(`{${prefix}:${sender}}:${set}`)

/** A run of housekeeping on a node that serves `keep` alone. */
async function housekeeping (t: Test, prefix: string, times: { retentionMs: number, forgetMs: number }): Promise<string[]> {
  const events = createBus()
  const forgotten: string[] = []
  events.on('sender.forgotten', ({ sender }) => { forgotten.push(sender) })
  const connections = await connect(environment.redis.url, events, { waitReplicas: 0 })
  t.teardown(async () => await connections.close())
  const deps = {
    store: createStore(connections, { prefix, leaseMs: 60_000 }),
    events,
    settlement: { callbacksEnabled: false },
    senders: { ids: () => ['keep'] },
    ...times
  }
  await prune(deps as unknown as HousekeepingDeps)
  return forgotten
}

await t.test('a late failure of a removed sender counts, on the node that served it and after a restart', async t => {
  const { prefix, node, env, wamids } = await remove(t, ['first', 'second', 'third', 'fourth'])
  t.equal(await count(prefix, 'gone', 'failed'), 1)
  t.match(await report(node, SHARED, wamids['first'], 'failed', 131026), { status: 200, statuses: 1 })
  t.equal(await count(prefix, 'gone', 'failed'), 2)
  t.match(await report(node, OWN, wamids['second'], 'failed', 131026), { status: 200, statuses: 1 }, 'signed by its own app')
  t.equal(await count(prefix, 'gone', 'failed'), 3)
  t.match(await report(node, OTHER, wamids['third'], 'failed', 131026), { status: 200, statuses: 0 }, 'signed by another app')
  t.equal(await count(prefix, 'gone', 'failed'), 3)
  await node.close()

  const next = await environment.start(t, env, { prefix })
  t.match(await report(next, SHARED, wamids['third'], 'delivered'), { status: 200, statuses: 1 })
  t.match(await report(next, SHARED, wamids['fourth'], 'failed', 131026), { status: 200, statuses: 1 })
  t.equal(await count(prefix, 'gone', 'failed'), 4)
  t.equal(await count(prefix, 'gone', 'unconfirmed'), 0)
})

await t.test('housekeeping removes the failures of a removed sender as of any other, and then its last keys', async t => {
  const { prefix, node, wamids } = await remove(t, ['only'])
  const lists = async (): Promise<unknown> =>
    [await redis.hexists(`{${prefix}}:senders`, 'gone'), (await redis.zscore(`{${prefix}}:recovery-schedule`, 'gone')) !== null]
  t.match(await report(node, SHARED, wamids['only'], 'delivered'), { statuses: 1 })
  t.strictSame(await housekeeping(t, prefix, { retentionMs: 3_600_000, forgetMs: 0 }), [], 'its failure is still kept')
  t.strictSame([await count(prefix, 'keep', 'failed'), await count(prefix, 'gone', 'failed')], [1, 1])
  t.strictSame(await lists(), [1, true])
  t.strictSame(await housekeeping(t, prefix, { retentionMs: 0, forgetMs: 3_600_000 }), [], 'it may come back')
  for (const sender of ['keep', 'gone']) {
    t.equal(await count(prefix, sender, 'failed'), 0)
    t.equal(await redis.exists(`{${prefix}:${sender}}:failure-records`), 0)
  }
  t.strictSame(await lists(), [1, true])
  await until('the pair rate has passed', async () => {
    await housekeeping(t, prefix, { retentionMs: 0, forgetMs: 3_600_000 })
    return await count(prefix, 'gone', 'pair-tat') === 0
  })
  t.strictSame(await housekeeping(t, prefix, { retentionMs: 0, forgetMs: 0 }), ['gone'])
  t.strictSame(await lists(), [0, false])
  const left = await redis.keys(`{${prefix}:gone}:*`)
  t.strictSame(left.filter(key => !/:(msg|index|accepted|starts|activity):/.test(key)), [], 'only what has a TTL is left')
  for (const key of left) t.ok(await redis.ttl(key) > 0, key)
  t.equal(await redis.hexists(`{${prefix}}:senders`, 'keep'), 1)
  t.ok(await redis.exists(`{${prefix}:keep}:sender`))
})

await t.test('a node that dies after the last keys and before the lists leaves them to the next run', async t => {
  const { prefix } = await remove(t, [])
  await until('only the lists and the last keys are left', async () => {
    await housekeeping(t, prefix, { retentionMs: 0, forgetMs: 3_600_000 })
    return await count(prefix, 'gone', 'pair-tat') === 0
  })
  t.match(await createRun(redis, prefix)('forget', { sender: 'gone' }, { afterMs: 0 }), { status: 'forgotten' })
  t.equal(await redis.hexists(`{${prefix}}:senders`, 'gone'), 1)
  t.strictSame(await housekeeping(t, prefix, { retentionMs: 0, forgetMs: 3_600_000 }), ['gone'])
  t.equal(await redis.hexists(`{${prefix}}:senders`, 'gone'), 0)
  t.equal(await redis.zscore(`{${prefix}}:recovery-schedule`, 'gone'), null)
})

await t.test('a waiting message of a sender that no node serves ends as expired', async t => {
  const prefix = createPrefix()
  const file = `${t.testdir({ 'senders.json': JSON.stringify([keep, gone]) })}/senders.json`
  const env = { WHATSAPP_SENDERS_FILE: file, WHATSAPP_ACCESS_TOKEN: '' }
  const node = await environment.start(t, env, { prefix })
  await node.post('/senders/gone/pause')
  t.match((await node.send('+14155550899', 'late', { sender: 'gone', expiresInMs: 1000 })).body, { status: 'queued' })
  await node.close()
  await until('it is expired', async () => {
    await housekeeping(t, prefix, { retentionMs: 3_600_000, forgetMs: 3_600_000 })
    return await redis.hlen(`{${prefix}:gone}:backlog`) === 0
  })
  const [key = ''] = await redis.keys(`{${prefix}:gone}:msg:*`)
  t.match(await redis.get(key), /^e /)
})
