/** A master, its replicas and three sentinels: real processes, which start in some three seconds. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import type { EmbeddedRedisOptions } from '../../src/redis/embedded.js'
import { startRedis, type Teardown, type TestRedis } from './redis.js'
import { until } from './until.js'

const NAME = 'main'
/** No diskless sync delay: by default a master waits 5 s for more replicas, and a master that dies meanwhile has none. */
const replication = ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1']

export interface Sentinels {
  /** For the gateway. */
  url: string
  servers: TestRedis[]
  /** The current master according to the sentinels. */
  master: () => Promise<TestRedis>
  /** Has a replica take over from the master, as an operator does. */
  failover: () => Promise<unknown>
}

/** `server`: options of each server. */
export async function startSentinels (
  t: Teardown, { replicas = 1, server = {} }: { replicas?: number, server?: Omit<EmbeddedRedisOptions, 'dir'> } = {}
): Promise<Sentinels> {
  const extra = [...replication, ...server.extra ?? []]
  const first = await startRedis(t, { ...server, extra })
  const others = await Promise.all(Array.from({ length: replicas }, async () =>
    await startRedis(t, { ...server, extra: [...extra, '--replicaof', '127.0.0.1', String(first.port)] })))
  const servers = [first, ...others]
  const ports = await Promise.all([1, 2, 3].map(async () => await startSentinel(t, first.port)))
  const sentinels = ports.map(port => {
    const client = new Redis({ port, host: '127.0.0.1' })
    client.on('error', () => {})
    t.teardown(() => client.disconnect())
    return client
  })
  for (const sentinel of sentinels) {
    await until('the sentinels know each other and the replicas', async () => {
      const facts = await sentinel.call('SENTINEL', 'MASTER', NAME) as string[]
      const fact = (name: string): number => Number(facts[facts.indexOf(name) + 1])
      return fact('num-other-sentinels') === 2 && fact('num-slaves') === replicas
    }, 20_000)
  }
  for (const replica of others) await untilLinked(replica)
  return {
    url: `redis+sentinel://${ports.map(port => `127.0.0.1:${port}`).join(',')}/${NAME}`,
    servers,
    failover: async () => await sentinels[0]?.call('SENTINEL', 'FAILOVER', NAME),
    async master () {
      const [, port] = await sentinels[0]?.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME) as [string, string]
      const found = servers.find(server => server.port === Number(port))
      if (found === undefined) throw new Error(`the sentinels name an unknown server at port ${port}`)
      return found
    }
  }
}

/** Waits until a replica is in sync with its master. */
export async function untilLinked (replica: TestRedis): Promise<void> {
  const client = replica.connect()
  await until('the replica has caught up', async () => /master_link_status:up/.test(await client.info('replication')), 20_000)
  client.disconnect()
}

/** A port below the kernel's range for outgoing connections. */
async function freePort (): Promise<number> {
  for (;;) {
    const port = 30_000 + Math.floor(Math.random() * 2500)
    const probe = createServer().listen(port, '127.0.0.1')
    const isFree = await once(probe, 'listening').then(() => true, () => false)
    if (!isFree) continue
    probe.close()
    await once(probe, 'close')
    return port
  }
}

async function startSentinel (t: Teardown, masterPort: number): Promise<number> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-sentinel-'))
  const port = await freePort()
  await writeFile(join(dir, 'sentinel.conf'), [
    `port ${port}`, 'bind 127.0.0.1', `dir ${dir}`,
    `sentinel monitor ${NAME} 127.0.0.1 ${masterPort} 2`,
    `sentinel down-after-milliseconds ${NAME} 1500`, `sentinel failover-timeout ${NAME} 1000`, `sentinel parallel-syncs ${NAME} 5`
  ].join('\n'))
  const child = spawn('redis-server', [join(dir, 'sentinel.conf'), '--sentinel'], { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
    await rm(dir, { recursive: true, force: true })
  })
  let output = ''
  child.stdout.on('data', data => { output += String(data) })
  await until('the sentinel monitors the master', () => {
    if (child.exitCode !== null) throw new Error(`the sentinel ended: ${output}`)
    return output.includes('+monitor master')
  })
  return port
}
