/** The gateway on a cluster of three masters with a replica each: its senders spread, and a master dies. */
import t from 'tap'
import { watchRejections } from '../support/rejections.js'
import type { TestRedis } from '../support/redis.js'
import { startCluster } from '../support/redis-cluster.js'
import { until } from '../support/until.js'
import { runFlowsOn } from './everywhere.js'
import { goRound, judge, killUnheard, loadThrough, startHouse, startObserver, unhurried } from './failover.js'

const rejections = watchRejections(t)
const cluster = await startCluster(t)
const sandbox = await startObserver(t)
const senders = Array.from({ length: 6 }, (_, at) => `s${at + 1}`)

await runFlowsOn(cluster)

await t.test('all that callers do works on senders of every master, whose keys stay together', async t => {
  const house = await startHouse(t, { url: cluster.url, sandbox, senders, count: 2, env: unhurried })
  await goRound(t, house)
  const homes = new Map<string, Set<number>>()
  for (const { server } of await cluster.masters()) {
    const keys = await server.connect().keys('*')
    t.ok(keys.length > 10, `${keys.length} keys on one of the masters`)
    for (const key of keys) {
      const tag = /^\{([^}]+)\}:/.exec(key)?.[1] ?? `no tag: ${key}`
      homes.set(tag, (homes.get(tag) ?? new Set()).add(server.port))
    }
  }
  t.same([...homes.keys()].sort(), [house.prefix, ...senders.map(sender => `${house.prefix}:${sender}`)].sort(), 'each key carries the tag of a sender or of the gateway')
  t.same([...homes].filter(([, ports]) => ports.size > 1), [], 'and each tag is at home on one master')
})

await t.test('a master that dies takes with it what its replica had not heard of, and no more', async t => {
  const house = await startHouse(t, { url: cluster.url, sandbox, senders, count: 2 })
  const { master, replica } = await homeOf(`{${house.prefix}:s1}`)
  const found = await loadThrough(t, house, 12, async someMore => await killUnheard(master, [replica], someMore), { waitsForReplicas: false })
  judge(t, found)
  t.ok(found.unreplicated > 0, 'something was lost or doubled, or this would prove nothing')
  await master.restart()
  await cluster.settled()
})

await t.test('with REDIS_WAIT_REPLICAS it takes nothing with it', async t => {
  const house = await startHouse(t, { url: cluster.url, sandbox, senders, count: 2, env: { REDIS_WAIT_REPLICAS: '1' } })
  const { master, replica } = await homeOf(`{${house.prefix}:s1}`)
  const found = await loadThrough(t, house, 12, async () => {
    await killUnheard(master, [replica])
    // Promoted, the replica has none of its own until the old master is back.
    await until('the replica is promoted', async () => (await cluster.masters()).some(({ server }) => server === replica), 20_000)
    await master.restart()
  }, { waitsForReplicas: true })
  judge(t, found)
  t.same(found.outOfOrder, [], 'first attempts of a pair came in their order')
})

await t.test('nobody was left with a promise that failed', async t => {
  t.same(rejections, [])
})

async function homeOf (key: string): Promise<{ master: TestRedis, replica: TestRedis }> {
  const master = await cluster.masterOf(key)
  const port = Number(/slave0:ip=[^,]+,port=(\d+)/.exec(await master.connect().info('replication'))?.[1])
  const replica = cluster.servers.find(server => server.port === port)
  if (replica === undefined) throw new Error('this master has no replica')
  return { master, replica }
}
