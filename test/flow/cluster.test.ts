/** The gateway on a Redis Cluster of three masters with a replica each: senders are spread over it, and a master dies. */
import t from 'tap'
import { endChild, startGateway } from '../crash/child.js'
import { keys, nodeEnv, SENDER } from '../support/gateway.js'
import { recordRejections } from '../support/observe.js'
import type { TestRedis } from '../support/redis.js'
import { startCluster } from '../support/redis-cluster.js'
import { createCaller } from '../support/request.js'
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

await t.test('a node whose clock is a year ahead accepts messages during a failover, and the other finds them', async t => {
  const gateway = await startNodes(t, { url: cluster.url, sandbox, senders: [SENDER], count: 1 })
  const [node] = gateway.nodes
  const early = startGateway(nodeEnv({
    redisUrl: cluster.url,
    apiUrl: sandbox.url,
    prefix: gateway.prefix,
    env: { CLOCK_OFFSET_MS: String(365 * 24 * 3_600_000), WHATSAPP_RATE_LIMIT_MS: '300' }
  }))
  t.teardown(async () => await endChild(early))
  const caller = createCaller(await early.ready, keys.operator)
  const { master, replica } = await serversOf(`{${gateway.prefix}:${SENDER}}`)
  const accepted: string[] = []
  let isOver = false
  const posting = (async () => {
    for (let i = 0; !isOver; i++) {
      const to = `+1555003${String(i).padStart(4, '0')}`
      const { status } = await caller.send(to, 'during a failover').catch(() => ({ status: 0 }))
      if (status === 200 || status === 202) accepted.push(to)
    }
  })()
  const isPromoted = async (): Promise<boolean> => /role:master/.test(await replica.connect().info('replication'))
  await replica.connect().call('CLUSTER', 'FAILOVER')
  await until('the replica takes over', isPromoted, 20_000)
  const before = accepted.length
  await until('messages are accepted by the new master', () => accepted.length > before + 20, 20_000)
  isOver = true
  await posting
  const missing: string[] = []
  for (const to of accepted) {
    const { body } = await node?.get(`/messages?recipient=${encodeURIComponent(to)}`) ?? { body: {} }
    if (body['messages']?.length !== 1) missing.push(to)
  }
  t.same(missing, [], `of ${accepted.length} messages`)
  t.not(master, await cluster.masterOf(`{${gateway.prefix}:${SENDER}}`), 'another master was asked')
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
