/** A node that closes while Redis is away leaves no timer and no connection behind, so its process can end. */
import t from 'tap'
import type { Test } from 'tap'
import { startSandbox } from '../sandbox/support.js'
import { startNode } from '../support/gateway.js'
import { createPrefix, startRedis, type TestRedis } from '../support/redis.js'
import { startCluster } from '../support/redis-cluster.js'
import { pass, until } from '../support/until.js'

const sandbox = await startSandbox(t)
const kinds = ['Timeout', 'TCPSocketWrap']

/** How many timers and sockets keep this process from ending. */
const countHandles = (): number => process.getActiveResourcesInfo().filter(kind => kinds.includes(kind)).length
const hang = (redis: TestRedis): void => { process.kill(redis.pid, 'SIGSTOP') }

const faults: Record<string, (redis: TestRedis) => Promise<void>> = {
  responds: async () => {},
  'is gone': async redis => await redis.kill(),
  hangs: async redis => hang(redis),
  'hung and is then gone': async redis => {
    hang(redis)
    await pass(300)
    await redis.kill()
  },
  'was restarted': async redis => {
    await redis.kill()
    await pass(300)
    await redis.restart()
  }
}

for (const [what, begin] of Object.entries(faults)) {
  await t.test(`a node closes completely while Redis ${what}`, async t => {
    const redis = await startRedis(t)
    const closing = await startDraining(t, redis.url)
    await begin(redis)
    // Long enough for the clients to notice, and to wait for their next attempt.
    await pass(300)
    await closing.node.close()
    await closing.leavesNothing()
    if (what === 'hangs') process.kill(redis.pid, 'SIGCONT')
  })
}

await t.test('a node closes completely while Redis hangs during the close', async t => {
  const redis = await startRedis(t)
  const closing = await startDraining(t, redis.url)
  const closed = closing.node.close()
  setImmediate(() => hang(redis))
  await closed
  await closing.leavesNothing()
  process.kill(redis.pid, 'SIGCONT')
})

for (const what of ['is gone', 'hangs'] as const) {
  await t.test(`a node closes completely while the master of its queues ${what} and others respond`, async t => {
    // Too late for a failover.
    const cluster = await startCluster(t, { nodeTimeoutMs: 60_000 })
    const prefix = createPrefix()
    const master = await cluster.masterOf(`{${prefix}}`)
    const closing = await startDraining(t, cluster.url, prefix)
    if (what === 'is gone') await master.kill()
    else hang(master)
    await pass(300)
    await closing.node.close()
    // BullMQ's watchdog of a blocking read ends by itself after 11 s; a gateway process does not wait for it.
    await closing.leavesNothing(15_000)
    if (what === 'hangs') process.kill(master.pid, 'SIGCONT')
  })
}

/** A node with a drain run under way: its job has to be completed in Redis. */
async function startDraining (t: Test, redisUrl: string, prefix = createPrefix()) {
  await pass(100)
  const before = countHandles()
  const node = await startNode(t, { redisUrl, apiUrl: sandbox.url, prefix, env: { WHATSAPP_RATE_LIMIT_MS: '1' } })
  await node.send('+15550000001', 'Hello', {}, { prefer: 'respond-async' })
  await until('it is sent', () => node.seen('attempt.settled').length === 1)
  const leavesNothing = async (withinMs?: number): Promise<void> => {
    await until('the node left no timer and no socket', () => countHandles() <= before, withinMs)
  }
  return { node, leavesNothing }
}
