/** Retries and housekeeping come in time whatever the clocks of nodes say, and whichever node comes and goes. */
import t from 'tap'
import { startChild, type Child } from '../crash/child.js'
import { createTestEnvironment } from '../support/flow.js'
import { nodeEnv, SENDER, type Node } from '../support/gateway.js'
import { createPrefix } from '../support/redis.js'
import { until } from '../support/until.js'

const HOUR_MS = 3_600_000
const YEAR_MS = 365 * 24 * HOUR_MS
const INTERVAL_MS = 1000
/** An interval, the first retry delay, half a second of recovery, and tolerance for a busy machine. */
const IN_TIME_MS = 10_000
const HOUSEKEEPING_MS = 60_000
let messages = 1000
const environment = await createTestEnvironment(t)
const client = environment.redis.connect()
const env = { WHATSAPP_RETRY_INTERVAL_MS: String(INTERVAL_MS), WHATSAPP_RETRY_SCHEDULE_MS: '500,500,500' }

// Housekeeping runs once a minute, beside the other tests.
const first = createPrefix()
await comeAndGo(first, YEAR_MS)
const second = await environment.start(t, env, { prefix: first })
await second.post(`/senders/${SENDER}/pause`)
const expiring = (await second.send('+15550020001', 'expires', { expiresInMs: 1000 })).body

for (const [name, offsetMs] of [['a year ahead', YEAR_MS], ['an hour ahead', HOUR_MS], ['an hour behind', -HOUR_MS]] as const) {
  await t.test(`a node whose clock is ${name} comes and goes before the others start`, async t => {
    const prefix = createPrefix()
    await comeAndGo(prefix, offsetMs)
    const node = await environment.start(t, env, { prefix })
    await judgeRuns(t, node, prefix)
  })

  await t.test(`a node whose clock is ${name} comes and goes beside another one`, async t => {
    const prefix = createPrefix()
    const node = await environment.start(t, env, { prefix })
    await comeAndGo(prefix, offsetMs)
    await judgeRuns(t, node, prefix)
    await node.post('/workers/retry/stop')
    t.match((await node.get('/workers/retry')).body, { isRunning: false, nextRunAt: null, stoppedBy: 'operator' })
    await node.post('/workers/retry/start')
    await judgeRuns(t, node, prefix)
  })
}

await t.test('a moment that lies further away than one interval is brought forward', async t => {
  const node = await environment.start(t, env, { prefix: createPrefix() })
  await until('a run', async () => (await node.get('/workers/retry')).body['lastRunAt'])
  const inAYear = Date.now() + YEAR_MS
  await client.hset(`{${node.prefix}}:runs`, { retry: inAYear, housekeeping: inAYear })
  await judgeRuns(t, node, node.prefix)
})

await t.test('a job scheduler of an earlier version is removed', async t => {
  const { Queue } = await import('bullmq')
  const prefix = createPrefix()
  const queue = new Queue('WHATSAPP-retry', { connection: client, prefix: `{${prefix}}` })
  await queue.upsertJobScheduler('retry', { every: 60_000, startDate: Date.now() + YEAR_MS }, { name: 'retry' })
  await environment.start(t, env, { prefix })
  t.same(await queue.getJobSchedulers(), [])
  t.same(await queue.getDelayedCount(), 0)
})

await t.test('a paused message expires although a node a year ahead was the first one', async () => {
  const state = async (): Promise<string> => (await second.get(`/messages/${expiring['id']}`)).body['status']
  await until('it expires', async () => await state() === 'expired', HOUSEKEEPING_MS + IN_TIME_MS)
})

/** A node with a wrong clock runs the retry worker at least once, and ends in order. */
async function comeAndGo (prefix: string, offsetMs: number): Promise<void> {
  const child = await startWithClock(prefix, offsetMs)
  await until('its first run', async () => await client.hexists(`{${prefix}}:retry-worker`, 'lastRunAt'), 20_000)
  child.signal('SIGTERM')
  await child.exited
}

async function startWithClock (prefix: string, offsetMs: number): Promise<Child> {
  const { redis, sandbox } = environment
  const all = nodeEnv({ redisUrl: redis.url, apiUrl: sandbox.url, prefix, env: { ...env, CLOCK_OFFSET_MS: String(offsetMs) } })
  const child = startChild('main.js', all, /^Gateway {3}(http:\/\/\S+)/m)
  await child.ready
  return child
}

/** A message that fails once is retried in time, and the status and the moments of the next runs are right by Redis's clock. */
async function judgeRuns (t: { ok: (found: unknown, message: string) => void }, node: Node, prefix: string): Promise<void> {
  const { body } = await node.send(`+15561131000${++messages}`, 'fails once')
  t.ok(body['status'] === 'retrying', `the first attempt fails: ${body['status']}`)
  const state = async (): Promise<string> => (await node.get(`/messages/${body['id']}`)).body['status']
  await until('the message is retried', async () => await state() === 'sent', IN_TIME_MS)
  const status = (await node.get('/workers/retry')).body
  const [seconds] = await client.time()
  const inMs = Date.parse(status['nextRunAt']) - Number(seconds) * 1000
  t.ok(status['isRunning'] === true && inMs <= INTERVAL_MS + 1000 && inMs > -IN_TIME_MS, `running: ${status['isRunning']}, next run in ${inMs} ms`)
  const housekeepingInMs = Number(await client.hget(`{${prefix}}:runs`, 'housekeeping')) - Number(seconds) * 1000
  t.ok(housekeepingInMs > -IN_TIME_MS && housekeepingInMs <= HOUSEKEEPING_MS + 1000, `housekeeping in ${housekeepingInMs} ms`)
}
