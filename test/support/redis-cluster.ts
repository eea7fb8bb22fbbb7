/** Three masters, usually with a replica each, as one cluster: real processes, up in some three seconds. */
import { Redis } from 'ioredis'
import type { EmbeddedRedisOptions } from '../../src/redis/embedded.js'
import { startRedis, type Teardown, type TestRedis } from './redis.js'
import { until } from './until.js'

const SLOTS = 16_384

export interface TestCluster {
  /** For the gateway. */
  url: string
  servers: TestRedis[]
  /** The current masters, with the slots of each. */
  masters: () => Promise<Array<{ server: TestRedis, from: number, to: number }>>
  /** The master of a key. */
  masterOf: (key: string) => Promise<TestRedis>
  /** Waits until every slot is served and every running replica is in sync with its master. */
  settled: () => Promise<void>
}

export interface ClusterOptions {
  masters?: number
  nodeTimeoutMs?: number
  /** Without replicas nothing takes over from a master that is killed, and with `cluster-require-full-coverage no` the others go on. */
  hasReplicas?: boolean
  /** Options of each server. */
  server?: Omit<EmbeddedRedisOptions, 'dir'>
}

export async function startCluster (
  t: Teardown, { masters = 3, nodeTimeoutMs = 2000, hasReplicas = true, server = {} }: ClusterOptions = {}
): Promise<TestCluster> {
  const extra = [
    '--cluster-enabled',
    'yes',
    '--cluster-node-timeout',
    String(nodeTimeoutMs),
    '--cluster-announce-ip',
    '127.0.0.1',
    '--repl-diskless-sync-delay',
    '0',
    '--repl-ping-replica-period',
    '1',
    '--cluster-require-full-coverage',
    hasReplicas ? 'yes' : 'no',
    ...server.extra ?? []
  ]
  const length = hasReplicas ? 2 * masters : masters
  const servers = await Promise.all(Array.from({ length }, async () => await startRedis(t, { ...server, extra })))
  const clients = servers.map(server => server.connect())
  const ask = clients[0] as Redis
  const share = Math.ceil(SLOTS / masters)
  await Promise.all(
    clients
      .slice(0, masters)
      .map(async (client, i) => await client.call('CLUSTER', 'ADDSLOTSRANGE', i * share, Math.min(SLOTS, (i + 1) * share) - 1))
  )
  await Promise.all(clients.map(async (client, i) => await client.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1)))
  for (const { port } of servers.slice(1)) await ask.call('CLUSTER', 'MEET', '127.0.0.1', port)
  for (const client of clients) {
    await until('all servers know each other', async () => known(await client.call('CLUSTER', 'NODES')) === servers.length, 20_000)
  }
  await Promise.all(
    clients.slice(masters).map(async (client, i) => await client.call('CLUSTER', 'REPLICATE', String(await clients[i]?.call('CLUSTER', 'MYID'))))
  )

  async function settled (): Promise<void> {
    for (const client of clients) {
      await until('the cluster has settled', async () => {
        if (client.status !== 'ready') return true // the server is not running
        const [cluster, replication] = await Promise.all([client.call('CLUSTER', 'INFO') as Promise<string>, client.info('replication')])
          .catch((error: Error) => {
            // A server that was started again reads its files first.
            if (error.message.startsWith('LOADING')) return ['', '']
            throw error
          }) as [string, string]
        return /cluster_state:ok/.test(cluster) && /cluster_slots_ok:16384/.test(cluster) && !/master_link_status:down/.test(replication)
      }, 20_000)
    }
  }

  async function mastersNow (): ReturnType<TestCluster['masters']> {
    // The first that responds: one of them may be frozen.
    const slots = await Promise.any(clients.filter(({ status }) => status === 'ready').map(async client => await client.call('CLUSTER', 'SLOTS'))) as
      Array<[number, number, [string, number]]>
    return slots.map(([from, to, [, port]]) => {
      const server = servers.find(server => server.port === port)
      if (server === undefined) throw new Error(`unknown server at port ${port}`)
      return { server, from, to }
    })
  }

  await settled()
  await until('every replica is attached', async () => {
    const infos = await Promise.all(clients.slice(0, masters).map(async client => await client.info('replication')))
    return !hasReplicas || infos.every(info => /slave0:.*state=online/.test(info))
  }, 20_000)
  return {
    url: `redis+cluster://${servers.slice(0, 3).map(server => `127.0.0.1:${server.port}`).join(',')}`,
    servers,
    settled,
    masters: mastersNow,
    async masterOf (key) {
      const client = clients.find(client => client.status === 'ready') ?? ask
      const slot = Number(await client.call('CLUSTER', 'KEYSLOT', key))
      const found = (await mastersNow()).find(({ from, to }) => from <= slot && slot <= to)
      if (found === undefined) throw new Error(`no master serves the slot of ${key}`)
      return found.server
    }
  }
}

function known (nodes: unknown): number {
  return String(nodes).trim().split('\n').filter(line => !/handshake|noaddr/.test(line)).length
}
