/** The status of the retry worker as every node reports it: with a node of role api, and a real worker that dies. */
import t from 'tap'
import { createTestEnvironment } from '../support/flow.js'
import { startGatewayProcess } from '../support/process.js'
import { createPrefix } from '../support/redis.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t)
const INTERVAL_MS = 200
const env = { WHATSAPP_RETRY_INTERVAL_MS: String(INTERVAL_MS) }

await t.test('the retry worker runs only while a worker node runs', async t => {
  const prefix = createPrefix()
  const node = await environment.start(t, { ...env, ROLE: 'api' }, { prefix })
  const status = async (): Promise<Record<string, any>> => (await node.get('/workers/retry')).body
  const gauge = async (): Promise<string | undefined> =>
    /^sluice_retry_worker_running (\d)$/m.exec(await (await fetch(`${node.origin}/metrics`)).text())?.[1]
  t.match(await status(), { isRunning: false, lastRunAt: null, nextRunAt: null, stoppedBy: null }, 'no worker yet')
  await node.post('/workers/retry/start')
  t.match(await status(), { isRunning: false }, 'starting it does not create a worker')
  t.equal(await gauge(), '0')

  const worker = await startGatewayProcess(t, {
    redisUrl: environment.redis.url,
    apiUrl: environment.sandbox.url,
    prefix,
    env: { ...env, ROLE: 'worker' }
  })
  t.match(await status(), { isRunning: true, intervalMs: INTERVAL_MS, nextRunAt: String }, 'it is running before its first run')
  await until('a run', async () => (await status())['lastRunAt'])
  await until('the gauge follows', async () => await gauge() === '1')

  await node.post('/workers/retry/stop')
  t.match(await status(), { isRunning: false, stoppedBy: 'operator' })
  await node.post('/workers/retry/start')
  t.match(await status(), { isRunning: true, stoppedBy: null })

  await worker.end('SIGKILL')
  const killedAt = performance.now()
  t.match(await status(), { isRunning: true }, 'until it has missed its runs')
  await until('no node runs it', async () => !(await status())['isRunning'], 20_000)
  const noticedMs = performance.now() - killedAt
  t.ok(noticedMs > 2 * INTERVAL_MS && noticedMs < 2 * INTERVAL_MS + 10_000, `noticed after ${Math.round(noticedMs)} ms`)
  t.match(await status(), { isRunning: false, stoppedBy: null, nextRunAt: null, lastRunAt: String })
  await until('the gauge follows', async () => await gauge() === '0')
})
