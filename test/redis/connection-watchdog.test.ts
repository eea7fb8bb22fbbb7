/** A connection that fell silent is let go of; one whose own process had no time to listen is kept. */
import t from 'tap'
import type { Redis } from 'ioredis'
import { createClient } from '../../src/redis/client.js'
import { watch } from '../../src/redis/connection-watchdog.js'
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
  const unwatch = watch(client, ask)
  t.teardown(() => {
    unwatch()
    client.disconnect()
  })
  await until('it is connected', async () => client.status === 'ready')
  return { client, closings: () => closings }
}

await t.test('a server that hangs is let go of', async t => {
  const { closings } = await watched(t)
  process.kill(redis.pid, 'SIGSTOP')
  await until('the connection is let go of', async () => closings() > 0)
  process.kill(redis.pid, 'SIGCONT')
})

await t.test('a process that is too busy to listen keeps its connection', async t => {
  const { client, closings } = await watched(t)
  for (let turn = 0; turn < 4; turn++) {
    const until = performance.now() + 1700
    while (performance.now() < until) { /* as a turn of the event loop does that has too much in it */ }
    await pass(1)
  }
  t.equal(closings(), 0)
  t.equal(await client.ping(), 'PONG')
})

await t.test('answers to others count, even where the question of the watch is lost', async t => {
  const { client, closings } = await watched(t, async () => { throw new Error('Command timed out') })
  for (let turn = 0; turn < 30; turn++) {
    await client.ping().catch(() => undefined) // late answers are heard as well
    await pass(100)
  }
  t.equal(closings(), 0)
})
