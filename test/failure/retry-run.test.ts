/** A run of the retry worker: how many due failures it takes, how fast, and what it leaves alone. */
import { Queue } from 'bullmq'
import t from 'tap'
import type { DeliveryDeps } from '../../src/drain/deliver.js'
import { createStarting } from '../../src/drain/starting.js'
import { createBus } from '../../src/events.js'
import { retryEach, type RetryDeps } from '../../src/failure/retry.js'
import { connect } from '../../src/redis/connect.js'
import { createStore } from '../../src/redis/store.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import { pass, until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const client = environment.redis.connect()

await t.test('a run goes on until no failure is due, at the rate of the sender', async t => {
  const [RATE, COUNT, INTERVAL_MS] = [100, 1100, 600_000]
  const other = 'other'
  const file = `${t.testdir({ 'senders.json': JSON.stringify([SENDER, other].map(id => ({ id, accessToken: 'token' }))) })}/senders.json`
  const node = await environment.start(t, {
    WHATSAPP_SENDERS_FILE: file,
    WHATSAPP_ACCESS_TOKEN: '',
    WHATSAPP_SENDER_RATE_PER_SECOND: String(RATE),
    WHATSAPP_RETRY_SCHEDULE_MS: '1000,1000,1000',
    WHATSAPP_RETRY_INTERVAL_MS: String(INTERVAL_MS)
  })
  await until('the first run', async () => (await node.get('/workers/retry')).body['lastRunAt'])
  await postFailing(node, COUNT, SENDER)
  await postFailing(node, 1, other, 9000)
  await until('each has failed once', async () => await due(node) === COUNT && await due(node, other) === 1, 60_000)
  await pass(1000)
  await startRun(node)
  const startedAt = performance.now()
  await until('the other sender does not wait', async () => await due(node, other) === 0, 5000)
  let longest = 0
  await until('all are retried', async () => {
    longest = Math.max(longest, await client.zcard(`{${node.prefix}:${SENDER}}:queue:normal`))
    return await due(node) === 0
  }, 120_000)
  const tookMs = performance.now() - startedAt
  t.ok(tookMs < INTERVAL_MS, `all were taken after ${Math.round(tookMs)} ms, by one run`)
  t.ok(longest <= 12 * RATE, `at most ${longest} of them were queued at once`)
  await until('all are sent', async () => (await node.get('/queues/stats')).body['completed'] === COUNT + 1, 40_000)
})

await t.test('a run ends early where the worker is stopped', async t => {
  const node = await environment.start(t, {
    WHATSAPP_SENDER_RATE_PER_SECOND: '20', WHATSAPP_RETRY_SCHEDULE_MS: '500,500', WHATSAPP_RETRY_INTERVAL_MS: '60000'
  })
  await until('the first run', async () => (await node.get('/workers/retry')).body['lastRunAt'])
  const { lastRunAt } = (await node.get('/workers/retry')).body
  await postFailing(node, 400, SENDER, 3000)
  await until('each has failed once', async () => await due(node) === 400, 60_000)
  await startRun(node)
  await until('the run has begun', async () => await due(node) < 400)
  t.match((await node.post('/workers/retry/stop')).body, { isRunning: false })
  await until('it ends', async () => (await node.get('/workers/retry')).body['lastRunAt'] !== lastRunAt)
  t.ok(await due(node) > 0, 'with failures left')
})

await t.test('retries take their place among the grants that start', async t => {
  const node = await environment.start(t, {
    WHATSAPP_RATE_LIMIT_MS: '100', WHATSAPP_RETRY_SCHEDULE_MS: '1,1', WHATSAPP_RETRY_INTERVAL_MS: '600000'
  })
  await until('the first run', async () => (await node.get('/workers/retry')).body['lastRunAt'])
  await postFailing(node, 60, SENDER, 5000)
  await until('each has failed once', async () => await due(node) === 60, 30_000)
  const ids = await client.zrange(`{${node.prefix}:${SENDER}}:failures`, 0, -1)
  await pass(200) // their pairs are free again
  const connections = await connect(environment.redis.url, createBus())
  t.teardown(connections.close)
  const PLACES = 8
  let starting = 0
  let most = 0
  const send: DeliveryDeps['provider']['send'] = async (grant, onStart) => {
    most = Math.max(most, ++starting)
    await pass(20)
    starting--
    onStart?.()
    await pass(20)
    return { status: 'sent', providerMessageId: `wamid.${grant.id}`, startedAfterMs: 20, durationMs: 20 }
  }
  const deps = {
    store: createStore(connections, { prefix: node.prefix, leaseMs: 30_000 }),
    events: createBus(),
    settlement: { backoff: () => null, unknownOutcome: 'retry' as const, unknownHoldMs: 0, findMs: 0 },
    wakes: { applyWakeHint: async () => {}, listen: () => () => {}, close: async () => {} },
    provider: { send, close: async () => {} },
    starting: createStarting(PLACES),
    underway: new Set(),
    startWithinMs: 5000,
    lifeMs: 86_400_000
  } as unknown as RetryDeps
  const { counts } = await retryEach(deps, ids.map(id => ({ sender: SENDER, id })), { force: false, by: null, isOver: () => false })
  t.match(counts, { total: 60, succeeded: 60 })
  t.ok(most <= PLACES, `${most} sends were about to start at once`)
  t.equal(await deps.starting.reserve(PLACES, 0), PLACES, 'all places are free again')
})

/** Messages that WhatsApp rejects once for a temporary reason, each to a recipient of its own; it counts by recipient. */
async function postFailing (node: Node, count: number, sender: string, from = 1000): Promise<void> {
  const messages = Array.from({ length: count }, (_, i) => ({ to: `+15561131000${String(from + i)}`, message: 'fails once', sender }))
  for (let i = 0; i < count; i += 500) await node.post('/messages/batch', messages.slice(i, i + 500))
}

async function startRun (node: Node): Promise<void> {
  await new Queue('WHATSAPP-retry', { connection: client, prefix: `{${node.prefix}}` }).add('retry', {})
}

async function due (node: Node, sender = SENDER): Promise<number> {
  return await client.zcard(`{${node.prefix}:${sender}}:failures`)
}
