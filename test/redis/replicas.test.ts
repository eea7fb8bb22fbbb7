import t from 'tap'
import { createBus } from '../../src/events.js'
import { connect } from '../../src/redis/connect.js'
import type { Replicas } from '../../src/redis/replicas.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { until } from '../support/until.js'

const master = await startRedis(t)
const replica = await startRedis(t, { extra: ['--replicaof', '127.0.0.1', String(master.port)] })
const admin = replica.connect()
await until('the replica has caught up', async () => /master_link_status:up/.test(await admin.info('replication')))

await t.test('data is on a replica once the hold resolves', async t => {
  const { redis, replicas, close } = await connect(master.url, createBus(), { waitReplicas: 1 })
  t.teardown(close)
  const prefix = createPrefix()
  for (let number = 1; number <= 20; number++) {
    await redis.set(`{${prefix}:1}:seq`, number)
    await holdUntilReplicated(replicas, prefix)
    t.equal(await admin.get(`{${prefix}:1}:seq`), String(number))
  }
})

await t.test('a hold covers what another connection wrote', async t => {
  const { replicas, close } = await connect(master.url, createBus(), { waitReplicas: 1 })
  t.teardown(close)
  const prefix = createPrefix()
  await master.connect().set(`{${prefix}:1}:seq`, 'by another connection')
  await holdUntilReplicated(replicas, prefix)
  t.equal(await admin.get(`{${prefix}:1}:seq`), 'by another connection')
})

await t.test('concurrent holds share one WAIT', async t => {
  const { redis, replicas, close } = await connect(master.url, createBus(), { waitReplicas: 1 })
  t.teardown(close)
  const prefix = createPrefix()
  const before = Number(/cmdstat_wait:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1])
  await Promise.allSettled(Array.from({ length: 200 }, async (_, i) => await replicas.confirm(prefix, String(i))))
  t.equal(Number(/cmdstat_wait:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1]), before + 2, 'one for the first, one for all others')
})

await t.test('with a silent replica a hold is UNAVAILABLE in time, with advice', async t => {
  const { replicas, close } = await connect(master.url, createBus(), { waitReplicas: 1 })
  t.teardown(close)
  process.kill(replica.pid, 'SIGSTOP')
  t.teardown(() => process.kill(replica.pid, 'SIGCONT'))
  const askedAt = performance.now()
  await t.rejects(replicas.confirm(createPrefix(), '1'), {
    code: 'UNAVAILABLE',
    message: /may have been accepted; repeat with the same idempotency key/,
    facts: { retryAfterMs: 1000 }
  })
  // The timeout of callers.
  t.ok(performance.now() - askedAt < 5000)
  process.kill(replica.pid, 'SIGCONT')
  await holdUntilReplicated(replicas, createPrefix())
})

await t.test('without replicas to wait for a hold sends no command', async t => {
  const { redis, replicas, close } = await connect(master.url, createBus())
  t.teardown(close)
  const prefix = createPrefix()
  await replicas.confirm(prefix, '1')
  t.same(await redis.keys(`*${prefix}*`), [])
})

/** A replica that shares its core with other tests may be late. */
async function holdUntilReplicated (replicas: Replicas, prefix: string): Promise<void> {
  await until('a replica holds it', async () => await replicas.confirm(prefix, '1').then(() => true, () => false))
}
