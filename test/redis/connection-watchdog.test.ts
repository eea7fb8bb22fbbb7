/** A silent connection is closed; the connection of a process that was too busy to read is kept. */
import t from 'tap'
import type { Redis } from 'ioredis'
import { createClient } from '../../src/redis/client.js'
import { startWatchdog } from '../../src/redis/connection-watchdog.js'
import { startRedis, type Teardown } from '../support/redis.js'
import { pass, until } from '../support/until.js'

const redis = await startRedis(t)

async function watched (
  t: Teardown,
  ask = async (server: Redis): Promise<unknown> => await server.ping()
): Promise<{ client: Redis; closings: () => number }> {
  const client = createClient({ kind: 'server', options: { host: '127.0.0.1', port: redis.port } }, 'fail-fast') as Redis
  client.on('error', () => undefined)
  let closings = 0
  client.on('close', () => closings++)
  const stopWatchdog = startWatchdog(client, ask)
  t.teardown(() => {
    stopWatchdog()
    client.disconnect()
  })
  await until('it is connected', async () => client.status === 'ready')
  return { client, closings: () => closings }
}

await t.test('a connection to a server that hangs is closed', async t => {
  const { closings } = await watched(t)
  process.kill(redis.pid, 'SIGSTOP')
  await until('the connection is closed', async () => closings() > 0)
  process.kill(redis.pid, 'SIGCONT')
})

await t.test('a process that is too busy to read keeps its connection', async t => {
  const { client, closings } = await watched(t)
  for (let tick = 0; tick < 4; tick++) {
    const until = performance.now() + 1700
    while (performance.now() < until) { /* a tick of the event loop that takes too long */ }
    await pass(1)
  }
  t.equal(closings(), 0)
  t.equal(await client.ping(), 'PONG')
})

await t.test('replies to other commands count, even where the watchdog\'s own command is lost', async t => {
  const { client, closings } = await watched(t, async () => { throw new Error('Command timed out') })
  for (let round = 0; round < 30; round++) {
    await client.ping().catch(() => undefined) // late replies count as well
    await pass(100)
  }
  t.equal(closings(), 0)
})
