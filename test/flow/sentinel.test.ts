/** The gateway on a master with sentinels, which fail over when it dies. */
import t from 'tap'
import { recordRejections } from '../support/observe.js'
import type { TestRedis } from '../support/redis.js'
import { startSentinels } from '../support/redis-sentinel.js'
import { until } from '../support/until.js'
import { runFlowsOn } from './everywhere.js'
import { exerciseApi, judge, killBeforeReplication, loadThrough, startNodes, startObserver, longTimeouts, watchSpacing } from './failover.js'

const rejections = recordRejections(t)
const sentinels = await startSentinels(t, { replicas: 2 })
const sandbox = await startObserver(t)
const senders = ['s1', 's2', 's3']

// CI has ten minutes for everything: there these flow tests run only on a cluster.
if (process.env['CI'] === undefined) await runFlowsOn(sentinels)

await t.test('all caller operations use the master that the sentinels name', async t => {
  await exerciseApi(t, await startNodes(t, { url: sentinels.url, sandbox, senders, count: 2, env: longTimeouts }))
})

await t.test('a master that dies loses only the writes that its replicas had not received', async t => {
  const gateway = await startNodes(t, { url: sentinels.url, sandbox, senders, count: 2 })
  const { master, replicas } = await roles()
  const found = await loadThrough(t, gateway, 12, async someMore => await killBeforeReplication(master, replicas, someMore), {
    waitsForReplicas: false
  })
  judge(t, found)
  t.ok(found.unreplicated > 0, 'something was lost or duplicated, otherwise the test proves nothing')
  await rejoin(master)
})

await t.test('with REDIS_WAIT_REPLICAS a master that dies loses nothing', async t => {
  const gateway = await startNodes(t, { url: sentinels.url, sandbox, senders, count: 2, env: { REDIS_WAIT_REPLICAS: '1' } })
  const { master, replicas } = await roles()
  const found = await loadThrough(t, gateway, 12, async () => await killBeforeReplication(master, replicas), { waitsForReplicas: true })
  judge(t, found)
  t.same(found.outOfOrder, [], 'first attempts of a pair arrived in order')
  await rejoin(master)
})

await t.test('the spacing holds when the pair rate\'s bucket is lost with the master', async t => {
  const intervalMs = 6000
  const {
    nodes: [node],
    prefix
  } = await startNodes(t, { url: sentinels.url, sandbox, senders, count: 1, env: { ...longTimeouts, WHATSAPP_RATE_LIMIT_MS: String(intervalMs) } })
  const spacing = watchSpacing(t, sandbox)
  t.match((await node?.send('+15550000031', 'another/1', { sender: 's1' }))?.body, { status: 'sent' }, 'the sender has sent before')
  const { master, replicas } = await roles()
  await until('the replicas have the key', async () => await replicas[0]?.connect().exists(`{${prefix}:s1}:completed`))
  await killBeforeReplication(master, replicas, async () => {
    await until('the replicas are disconnected', async () => /connected_slaves:0/.test(await master.connect().info('replication')))
    t.match((await node?.send('+15550000030', 'pair/1', { sender: 's1' }))?.body, { status: 'sent' })
  })
  const next = await until('a replica is promoted', async () => {
    const reply = await node?.send('+15550000030', 'pair/2', { sender: 's1' })
    return reply?.status !== 503 && reply
  }, 30_000)
  t.match(next.body, { status: 'queued', waitingFor: 'cool-down' }, 'the new master does not have the first message, so the sender cools down')
  await until('the second is sent', async () => (await sandbox.arrivals()).length === 3, 30_000)
  t.ok(spacing() >= intervalMs - 50, `${Math.round(spacing())} ms apart`)
})

await t.test('the process has no unhandled rejection', async t => {
  t.same(rejections, [])
})

async function roles (): Promise<{ master: TestRedis, replicas: TestRedis[] }> {
  const master = await sentinels.master()
  return { master, replicas: sentinels.servers.filter(server => server !== master) }
}

/** Restarts it as a replica; the sentinels would do so only within some ten seconds. */
async function rejoin (former: TestRedis): Promise<void> {
  await former.restart()
  const client = former.connect()
  await client.replicaof('127.0.0.1', (await sentinels.master()).port)
  await until('the replica is in sync', async () => /master_link_status:up/.test(await client.info('replication')), 20_000)
}
