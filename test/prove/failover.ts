/** A Sentinel trio or a cluster whose masters die, freeze or hand over during a soak, and what each failover loses. */
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Random } from '../property/random.js'
import { startCluster } from '../support/redis-cluster.js'
import { startSentinels } from '../support/redis-sentinel.js'
import type { Teardown, TestRedis } from '../support/redis.js'
import { pass, until } from '../support/until.js'
import { monotonicNow, type Trouble } from './history.js'
import { commandsIn, grantsOf, keepFiles, keepLedger, ledgerOf, lostBetween } from './ledger.js'
import { clientOf, type ServerOptions, type Servers } from './servers.js'

/** What both kinds of several servers can do. */
interface Group {
  url: string
  servers: TestRedis[]
  masters: () => Promise<TestRedis[]>
  /** The server takes over from its master without a fault. */
  handOver: (master: TestRedis) => Promise<unknown>
  takesWrites: (master: TestRedis) => Promise<unknown>
  /** Every running replica follows its master. */
  settled: () => Promise<void>
}

type Move = (master: TestRedis) => Promise<unknown>

/** As docs/redis.md recommends: a master that its replicas have left soon refuses writes, so two masters do not take writes for long. */
const boundedSplit = ['--min-replicas-to-write', '1', '--min-replicas-max-lag', '2']
const FAILOVER_WITHIN_MS = 60_000
/** How often new files are looked for. A file lives for seconds at least. */
const LOOK_MS = 500
/** Of an append-only file this much is read: what was written for longer than a failover takes. */
const TAIL_BYTES = 1 << 24

export async function startSentinelServers (t: Teardown, options: ServerOptions): Promise<Servers> {
  const extra = [...keepLedger, ...boundedSplit]
  const trio = await startSentinels(t, { replicas: 2, server: { appendfsync: options.fsync, extra } })
  const master = async (): Promise<TestRedis[]> => [await trio.master()]
  return failingOver(t, 'sentinel', {
    url: trio.url,
    servers: trio.servers,
    masters: master,
    handOver: async () => await trio.failover(),
    // Not before a replica follows it.
    takesWrites: async server => await clientOf(server).set('written', '1', 'PX', 1000),
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
  return failingOver(t, 'cluster', {
    url: cluster.url,
    servers: cluster.servers,
    masters: async () => (await cluster.masters()).map(({ server }) => server),
    handOver: async master => {
      const replica = await replicaOf(master, cluster.servers)
      return await clientOf(replica).call('CLUSTER', 'FAILOVER')
    },
    takesWrites: async server => /cluster_state:ok/.test(await clientOf(server).call('CLUSTER', 'INFO') as string),
    settled: cluster.settled
  }, options)
}

async function replicaOf (master: TestRedis, servers: TestRedis[]): Promise<TestRedis> {
  for (const server of servers) {
    if (new RegExp(`role:slave[^]*master_port:${master.port}\\b`).test(await clientOf(server).info('replication'))) return server
  }
  throw new Error(`the server at port ${master.port} has no replica`)
}

function failingOver (t: Teardown, on: 'sentinel' | 'cluster', group: Group, { record }: ServerOptions): Servers {
  const dirs = group.servers.map(({ dir }) => dir)
  // On the same file system, since hard links need that.
  const files = mkdtempSync(join(dirname(dirs[0] ?? tmpdir()), 'sluice-files-'))
  t.teardown(() => rmSync(files, { recursive: true, force: true }))
  const timer = setInterval(() => keepFiles(dirs, files), LOOK_MS)
  t.teardown(() => clearInterval(timer))

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
    record(trouble)
    try {
      await away(old)
      const newMaster = async (): Promise<TestRedis | false> => {
        const now = await group.masters().catch(() => before)
        return !now.includes(old) && (now.find(server => !before.includes(server)) ?? false)
      }
      const first = await until('another master', newMaster, FAILOVER_WITHIN_MS).catch(() => null)
      if (first !== null) {
        await until('it takes writes', async () => await group.takesWrites(first).catch(() => false), FAILOVER_WITHIN_MS)
        // Nodes find it within seconds.
        trouble.to = monotonicNow() + 4000
      }
      await back(old)
      await group.settled()
      // On a busy machine sentinels may give up, and the old master stays.
      const successor = await newMaster()
      if (first === null) trouble.to = monotonicNow() + 4000
      if (successor === false) return false
      const kept = ledgerOf(successor.dir)
      const lost = lostBetween(tailOf(ledger), kept === null ? [] : tailOf(openSync(kept, 'r'), true))
      if (Object.values(lost).some(({ length }) => length > 0)) record({ fact: 'lost-writes', from, at: monotonicNow(), ...lost })
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
            .catch(() => undefined) // nothing took over from it
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
    async grants () {
      keepFiles(dirs, files)
      return await grantsOf(files)
    },
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
