/** A Sentinel trio or a cluster whose masters die, stand still or hand over during a soak, and what each failover loses. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { Random } from '../property/random.js'
import { startCluster } from '../support/redis-cluster.js'
import { startSentinels } from '../support/redis-sentinel.js'
import type { Teardown, TestRedis } from '../support/redis.js'
import { pass, until } from '../support/until.js'
import { monotonicNow, type Trouble } from './history.js'
import { commandsIn, grantsOf, keepLedger, ledgerOf, lostBetween } from './ledger.js'
import { clientOf, type ServerOptions, type Servers } from './servers.js'

/** What both kinds of several servers can do. */
interface Group {
  url: string
  servers: TestRedis[]
  masters: () => Promise<TestRedis[]>
  /** The server takes over from its master without a fault. */
  handOver: (master: TestRedis) => Promise<unknown>
  /** Every running replica follows its master. */
  settled: () => Promise<void>
}

type Move = (master: TestRedis) => Promise<unknown>

/** As docs/redis.md recommends: a master that its replicas have left soon refuses writes, so two masters do not take writes for long. */
const boundedSplit = ['--min-replicas-to-write', '1', '--min-replicas-max-lag', '2']
const FAILOVER_WITHIN_MS = 60_000
/** Of an append-only file this much is read: what was written for longer than a failover takes. */
const TAIL_BYTES = 1 << 24

export async function startSentinelServers (t: Teardown, options: ServerOptions): Promise<Servers> {
  const extra = [...keepLedger, ...boundedSplit]
  const trio = await startSentinels(t, { replicas: 2, server: { appendfsync: options.fsync, extra } })
  const master = async (): Promise<TestRedis[]> => [await trio.master()]
  return failingOver('sentinel', {
    url: trio.url,
    servers: trio.servers,
    masters: master,
    handOver: async () => await trio.failover(),
    settled: async () => {
      await until('one master, and replicas that follow it', async () => {
        const infos = await Promise.all(trio.servers.map(async server => await clientOf(server).info('replication')))
        return infos.filter(info => /role:master/.test(info)).length === 1 && infos.every(info => !/master_link_status:down/.test(info))
      }, FAILOVER_WITHIN_MS)
    }
  }, options)
}

export async function startClusterServers (t: Teardown, options: ServerOptions): Promise<Servers> {
  const cluster = await startCluster(t, { server: { appendfsync: options.fsync, extra: keepLedger } })
  return failingOver('cluster', {
    url: cluster.url,
    servers: cluster.servers,
    masters: async () => (await cluster.masters()).map(({ server }) => server),
    handOver: async master => {
      const replica = await replicaOf(master, cluster.servers)
      return await clientOf(replica).call('CLUSTER', 'FAILOVER')
    },
    settled: cluster.settled
  }, options)
}

async function replicaOf (master: TestRedis, servers: TestRedis[]): Promise<TestRedis> {
  for (const server of servers) {
    if (new RegExp(`role:slave[^]*master_port:${master.port}\\b`).test(await clientOf(server).info('replication'))) return server
  }
  throw new Error(`the server at port ${master.port} has no replica`)
}

function failingOver (on: 'sentinel' | 'cluster', group: Group, { note }: ServerOptions): Servers {
  /** Takes a master away, waits for its successor, brings it back as a replica, and notes what only the old master has written. */
  async function failover (random: Random, away: Move, back: Move): Promise<boolean> {
    const before = await group.masters()
    const old = random.pick(before)
    const file = ledgerOf(old.dir)
    if (file === null) return false
    // An open file stays readable when the server replaces it.
    const ledger = openSync(file, 'r')
    const from = monotonicNow()
    const trouble: Trouble = { fact: 'trouble', of: 'redis', node: null, from, to: Infinity }
    note(trouble)
    try {
      await away(old)
      const successor = await until('another master', async () => {
        const now = await group.masters().catch(() => before)
        return !now.includes(old) && now.find(server => !before.includes(server))
      }, FAILOVER_WITHIN_MS)
      // Nodes find it within seconds.
      trouble.to = monotonicNow() + 4000
      await back(old)
      await group.settled()
      const kept = ledgerOf(successor.dir)
      const { ids, pairs } = lostBetween(tailOf(ledger), kept === null ? [] : tailOf(openSync(kept, 'r'), true))
      if (ids.length + pairs.length > 0) note({ fact: 'lost-writes', from, at: monotonicNow(), ids, pairs })
      return true
    } finally {
      closeSync(ledger)
    }
  }

  const kinds: Record<string, (random: Random) => Promise<boolean>> = {
    'a master of Redis is killed and fails over': async random =>
      await failover(random, async master => { await master.kill() }, async master => {
        await pass(random.int(0, 3000))
        await master.restart()
      }),
    'a master of Redis is cut off and fails over': async random =>
      await failover(
        random,
        async master => { process.kill(master.pid, 'SIGSTOP') },
        async master => {
          await pass(random.int(0, 5000))
          process.kill(master.pid, 'SIGCONT')
          // It still takes writes of clients that have not noticed, until it learns of its successor.
          await until('it is a replica', async () => /role:slave/.test(await clientOf(master).info('replication')), FAILOVER_WITHIN_MS)
        }
      ),
    'a master of Redis hands over': async random => await failover(random, group.handOver, async () => undefined),
    'a replica of Redis is killed': async random => {
      const masters = await group.masters()
      const replica = random.pick(group.servers.filter(server => !masters.includes(server)))
      await replica.kill()
      await pass(random.int(500, 3000))
      await replica.restart()
      await group.settled()
      return true
    }
  }
  return {
    on,
    redis: { url: group.url },
    inject: async (kind, random) => await kinds[kind]?.(random) ?? false,
    async heal () {
      for (const server of group.servers) process.kill(server.pid, 'SIGCONT')
      await group.settled()
    },
    grants: async () => await grantsOf(group.servers.map(({ dir }) => dir)),
    masters: async () => (await group.masters()).map(clientOf)
  }
}

/** The commands at the end of an open file. */
function tailOf (file: number, closes = false): string[][] {
  const { size } = fstatSync(file)
  const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES))
  readSync(file, bytes, 0, bytes.length, size - bytes.length)
  if (closes) closeSync(file)
  return commandsIn(bytes)
}
