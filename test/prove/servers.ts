/** The Redis of a soak: one server, a Sentinel trio or a cluster, with the faults that each can have, and what it lost in them. */
import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import type { Random } from '../property/random.js'
import { startRedis, type Teardown, type TestRedis } from '../support/redis.js'
import { pass } from '../support/until.js'
import { monotonicNow, type Fact, type Trouble } from './history.js'
import { grantsOf, keepLedger, ledgerOf, lostBehind, sizeOf } from './ledger.js'

export type On = 'server' | 'sentinel' | 'cluster'
export type Fsync = 'everysec' | 'always'

export interface Servers {
  on: On
  /** How nodes reach it. */
  redis: { port: number } | { url: string }
  inject: (kind: string, random: Random) => Promise<boolean>
  /** Ends all faults. */
  heal: () => Promise<void>
  /** Grants in the append-only files. */
  grants: () => Promise<Fact[]>
  /** A client of each server that holds keys of its own. */
  masters: () => Promise<Redis[]>
}

export interface ServerOptions { fsync: Fsync, leaseMs: number, record: (fact: Fact) => void }

type Kinds = Record<string, (random: Random) => Promise<boolean>>

const failovers = [
  'a master of Redis is killed and fails over', 'a master of Redis is cut off and fails over', 'a master of Redis hands over',
  'a replica of Redis is killed'
]

/** The names of the faults of a kind of Redis. */
export function redisKinds (on: On): Record<string, true> {
  const names = {
    server: ['Redis is killed and started again', 'Redis is away for longer than a lease', 'Redis is frozen', 'the power of Redis fails'],
    sentinel: failovers,
    cluster: failovers
  }[on]
  return Object.fromEntries(names.map(name => [name, true]))
}

/** How often the size of the append-only file is noted: what stood in it a second ago is on the disk. */
const LOOK_MS = 100
/** Redis writes to the disk every second with `everysec`, as shipped. */
const FSYNC_MS = 1000

export async function startServer (t: Teardown, { fsync, leaseMs, record }: ServerOptions): Promise<Servers> {
  const server = await startRedis(t, { appendfsync: fsync, extra: keepLedger })
  const sizes: Array<{ at: number, file: string, size: number }> = []
  const timer = setInterval(() => {
    const file = ledgerOf(server.dir)
    if (file !== null) sizes.push({ at: monotonicNow(), file, size: sizeOf(file) })
    if (sizes.length > 100) sizes.shift()
  }, LOOK_MS)
  t.teardown(() => clearInterval(timer))

  async function away (forMs: number, before: () => Promise<void> = async () => undefined): Promise<boolean> {
    const trouble: Trouble = { fact: 'trouble', of: 'redis', node: null, from: monotonicNow(), to: Infinity }
    record(trouble)
    await server.kill()
    await before()
    await pass(forMs)
    await server.restart()
    trouble.to = monotonicNow()
    return true
  }

  /** The file as the disk has it: with `everysec` the writes of the last second are gone. */
  async function cutPower (): Promise<void> {
    const at = monotonicNow()
    const kept = sizes.findLast(one => one.at <= at - FSYNC_MS)
    if (fsync === 'always' || kept === undefined || kept.file !== ledgerOf(server.dir)) return
    const lost = await lostBehind(kept.file, kept.size)
    truncateSync(kept.file, kept.size)
    record({ fact: 'lost-writes', from: kept.at, at, ...lost })
  }

  const kinds: Kinds = {
    'Redis is killed and started again': async random => await away(random.int(0, 1500)),
    'Redis is away for longer than a lease': async random => await away(leaseMs + random.int(1000, 3000)),
    'the power of Redis fails': async random => await away(random.int(0, 1500), cutPower),
    'Redis is frozen': async random => {
      const trouble: Trouble = { fact: 'trouble', of: 'redis', node: null, from: monotonicNow(), to: Infinity }
      record(trouble)
      process.kill(server.pid, 'SIGSTOP')
      await pass(random.int(150, 2500))
      process.kill(server.pid, 'SIGCONT')
      trouble.to = monotonicNow()
      return true
    }
  }
  return {
    on: 'server',
    redis: { port: server.port },
    inject: async (kind, random) => await kinds[kind]?.(random) ?? false,
    heal: async () => { process.kill(server.pid, 'SIGCONT') },
    grants: async () => await grantsOf(join(server.dir, 'appendonlydir')),
    masters: async () => [clientOf(server)]
  }
}

const clients = new Map<TestRedis, Redis>()

/** One client for each server; it connects again by itself. */
export function clientOf (server: TestRedis): Redis {
  const client = clients.get(server) ?? server.connect({ maxRetriesPerRequest: 3 })
  clients.set(server, client)
  return client
}
