/** The gateway on a master that sentinels watch, and whose death they notice. */
import t from 'tap'
import { watchRejections } from '../support/rejections.js'
import type { TestRedis } from '../support/redis.js'
import { startSentinels } from '../support/redis-sentinel.js'
import { until } from '../support/until.js'
import { runFlowsOn } from './everywhere.js'
import { goRound, judge, killUnheard, loadThrough, startHouse, startObserver, unhurried, watchSpacing } from './failover.js'

const rejections = watchRejections(t)
const trio = await startSentinels(t, { replicas: 2 })
const sandbox = await startObserver(t)
const senders = ['s1', 's2', 's3']

// CI has ten minutes for everything: there they run on a cluster, and here the round below.
if (process.env['CI'] === undefined) await runFlowsOn(trio)

await t.test('all that callers do goes over the master that the sentinels name', async t => {
  await goRound(t, await startHouse(t, { url: trio.url, sandbox, senders, count: 2, env: unhurried }))
})

await t.test('a master that dies takes with it what its replicas had not heard of, and no more', async t => {
  const house = await startHouse(t, { url: trio.url, sandbox, senders, count: 2 })
  const { master, replicas } = await roles()
  const found = await loadThrough(t, house, 12, async someMore => await killUnheard(master, replicas, someMore), { waitsForReplicas: false })
  judge(t, found)
  t.ok(found.unreplicated > 0, 'something was lost or doubled, or this would prove nothing')
  await rejoin(master)
})

await t.test('with REDIS_WAIT_REPLICAS it takes nothing with it', async t => {
  const house = await startHouse(t, { url: trio.url, sandbox, senders, count: 2, env: { REDIS_WAIT_REPLICAS: '1' } })
  const { master, replicas } = await roles()
  const found = await loadThrough(t, house, 12, async () => await killUnheard(master, replicas), { waitsForReplicas: true })
  judge(t, found)
  t.same(found.outOfOrder, [], 'first attempts of a pair came in their order')
  await rejoin(master)
})

await t.test('a pace that died with the master is kept all the same', async t => {
  const intervalMs = 6000
  const { nodes: [node], prefix } = await startHouse(t, { url: trio.url, sandbox, senders, count: 1, env: { ...unhurried, WHATSAPP_RATE_LIMIT_MS: String(intervalMs) } })
  const spacing = watchSpacing(t, sandbox)
  t.match((await node?.send('+15550000031', 'another/1', { sender: 's1' }))?.body, { status: 'sent' }, 'the sender has sent before')
  const { master, replicas } = await roles()
  await until('the replicas know', async () => await replicas[0]?.connect().exists(`{${prefix}:s1}:completed`))
  await killUnheard(master, replicas, async () => {
    await until('the replicas hear nothing any more', async () => /connected_slaves:0/.test(await master.connect().info('replication')))
    t.match((await node?.send('+15550000030', 'pair/1', { sender: 's1' }))?.body, { status: 'sent' })
  })
  const next = await until('somebody takes over', async () => {
    const reply = await node?.send('+15550000030', 'pair/2', { sender: 's1' })
    return reply?.status !== 503 && reply
  }, 30_000)
  t.match(next.body, { status: 'queued', waitingFor: 'cool-down' }, 'the new master knows of no first message, and rests')
  await until('the second is sent', async () => (await sandbox.arrivals()).length === 3, 30_000)
  t.ok(spacing() >= intervalMs - 50, `${Math.round(spacing())} ms apart`)
})

await t.test('nobody was left with a promise that failed', async t => {
  t.same(rejections, [])
})

async function roles (): Promise<{ master: TestRedis, replicas: TestRedis[] }> {
  const master = await trio.master()
  return { master, replicas: trio.servers.filter(server => server !== master) }
}

/** Back as a replica; the sentinels would see to it within some ten seconds. */
async function rejoin (former: TestRedis): Promise<void> {
  await former.restart()
  const client = former.connect()
  await client.replicaof('127.0.0.1', (await trio.master()).port)
  await until('it has caught up', async () => /master_link_status:up/.test(await client.info('replication')), 20_000)
}
