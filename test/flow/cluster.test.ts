/** The gateway on a Redis Cluster of three masters with a replica each: senders are spread over it, and a master dies. */
import t from 'tap'
import { recordRejections } from '../support/observe.js'
import type { TestRedis } from '../support/redis.js'
import { startCluster } from '../support/redis-cluster.js'
import { until } from '../support/until.js'
import { runFlowsOn } from './everywhere.js'
import { exerciseApi, judge, killBeforeReplication, loadThrough, startNodes, startObserver, longTimeouts } from './failover.js'

const rejections = recordRejections(t)
const cluster = await startCluster(t)
const sandbox = await startObserver(t)
const senders = Array.from({ length: 6 }, (_, i) => `s${i + 1}`)

await runFlowsOn(cluster)

await t.test('all caller operations work for senders on every master, and the keys of a sender stay together', async t => {
  const gateway = await startNodes(t, { url: cluster.url, sandbox, senders, count: 2, env: longTimeouts })
  await exerciseApi(t, gateway)
  const portsOfTag = new Map<string, Set<number>>()
  for (const { server } of await cluster.masters()) {
    const keys = await server.connect().keys('*')
    t.ok(keys.length > 10, `${keys.length} keys on one of the masters`)
    for (const key of keys) {
      const tag = /^\{([^}]+)\}:/.exec(key)?.[1] ?? `no tag: ${key}`
      portsOfTag.set(tag, (portsOfTag.get(tag) ?? new Set()).add(server.port))
    }
  }
  t.same(
    [...portsOfTag.keys()].sort(),
    [gateway.prefix, ...senders.map(sender => `${gateway.prefix}:${sender}`)].sort(),
    'each key carries the tag of a sender or of the gateway'
  )
  t.same(
    [...portsOfTag].filter(([, ports]) => ports.size > 1),
    [],
    'and each tag is on one master'
  )
})

await t.test('a master that dies loses only the writes that its replica had not received', async t => {
  const gateway = await startNodes(t, { url: cluster.url, sandbox, senders, count: 2 })
  const { master, replica } = await serversOf(`{${gateway.prefix}:s1}`)
  const found = await loadThrough(t, gateway, 12, async someMore => await killBeforeReplication(master, [replica], someMore), {
    waitsForReplicas: false
  })
  judge(t, found)
  t.ok(found.unreplicated > 0, 'something was lost or duplicated, otherwise the test proves nothing')
  await master.restart()
  await cluster.settled()
})

await t.test('with REDIS_WAIT_REPLICAS a master that dies loses nothing', async t => {
  const gateway = await startNodes(t, { url: cluster.url, sandbox, senders, count: 2, env: { REDIS_WAIT_REPLICAS: '1' } })
  const { master, replica } = await serversOf(`{${gateway.prefix}:s1}`)
  const found = await loadThrough(t, gateway, 12, async () => {
    await killBeforeReplication(master, [replica])
    // The promoted replica has no replica of its own until the old master is back.
    await until('the replica is promoted', async () => (await cluster.masters()).some(({ server }) => server === replica), 20_000)
    await master.restart()
  }, { waitsForReplicas: true })
  judge(t, found)
  t.same(found.outOfOrder, [], 'first attempts of a pair arrived in order')
})

await t.test('the process has no unhandled rejection', async t => {
  t.same(rejections, [])
})

async function serversOf (key: string): Promise<{ master: TestRedis, replica: TestRedis }> {
  const master = await cluster.masterOf(key)
  const port = Number(/slave0:ip=[^,]+,port=(\d+)/.exec(await master.connect().info('replication'))?.[1])
  const replica = cluster.servers.find(server => server.port === port)
  if (replica === undefined) throw new Error('this master has no replica')
  return { master, replica }
}
