/** A node that is stopped at the moment Redis is back. */
import t from 'tap'
import { startGatewayProcess } from '../support/process.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { request } from '../support/request.js'
import { startSandbox } from '../sandbox/support.js'
import { until } from '../support/until.js'

await t.test('a node shuts down at once, and does not wait for BullMQ workers that never end', async t => {
  const redis = await startRedis(t)
  const sandbox = await startSandbox(t)
  const graceMs = 25_000
  const node = await startGatewayProcess(t, {
    redisUrl: redis.url,
    apiUrl: sandbox.url,
    prefix: createPrefix(),
    env: { SHUTDOWN_GRACE_MS: String(graceMs) }
  })
  await redis.stop()
  await until('the node reports that it is not ready', async () => (await request(`${node.found}/health/ready`)).status === 503, 30_000)
  await redis.restart()
  const signalledAt = performance.now()
  t.equal(await node.end('SIGTERM'), 0)
  t.ok(performance.now() - signalledAt < graceMs - 5000, 'the shutdown did not wait for SHUTDOWN_GRACE_MS')
})
