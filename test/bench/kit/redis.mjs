import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { startEmbeddedRedis } from '../../../dist/redis/embedded.js'
import { SHARED, isPinned, scratch } from './process.mjs'

const SLOTS = 16_384

/** The version of the last server that was started. */
export const seen = { version: '?' }

/**
 * A redis-server with default settings and an append-only file that is written every second; the file is not rewritten meanwhile,
 * because a rewrite would affect some rounds only. `persists: false` disables the file.
 */
export async function startRedis ({ persists = true, extra: more = [] } = {}) {
  const extra = ['--auto-aof-rewrite-percentage', '0', ...persists ? [] : ['--appendonly', 'no'], ...more]
  const server = await startEmbeddedRedis({ dir: scratch(), hz: 10, extra })
  if (isPinned) execFileSync('taskset', ['-a', '-c', '-p', String(SHARED), String(server.pid)], { stdio: 'ignore' })
  const client = new Redis(server.url)
  client.on('error', () => undefined)
  seen.version = /^(?:redis|valkey)_version:([\d.]+)/m.exec(await client.info('server'))?.[1] ?? '?'
  return {
    url: server.url,
    client,
    cpu: async () => await cpuOf(client),
    bytes: async () => await bytesOf(client),
    async stop () {
      client.disconnect()
      await server.stop()
    }
  }
}

/** A cluster of masters without replicas, each a process as above. */
export async function startCluster (masters) {
  const extra = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1']
  const servers = await Promise.all(Array.from({ length: masters }, async () => await startRedis({ extra })))
  const share = Math.ceil(SLOTS / masters)
  await Promise.all(servers.map(async ({ client }, at) => {
    await client.call('CLUSTER', 'ADDSLOTSRANGE', at * share, Math.min(SLOTS, (at + 1) * share) - 1)
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', at + 1)
  }))
  for (const { url } of servers.slice(1)) await servers[0].client.call('CLUSTER', 'MEET', '127.0.0.1', new URL(url).port)
  for (const { client } of servers) {
    while (!/cluster_state:ok[^]*cluster_slots_ok:16384/.test(await client.call('CLUSTER', 'INFO'))) await sleep(20)
  }
  return {
    url: `redis+cluster://${servers.map(({ url }) => new URL(url).host).join(',')}`,
    cpu: async () => (await Promise.all(servers.map(async server => await server.cpu()))).reduce((sum, us) => sum + us, 0),
    stop: async () => { for (const server of servers) await server.stop() }
  }
}

/** The CPU time of the server with all its threads, µs. */
export async function cpuOf (client) {
  const info = await client.info('cpu')
  return [...info.matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm)].reduce((sum, [, seconds]) => sum + Number(seconds) * 1e6, 0)
}

/** Used memory without scripts and Redis's own statistics. Call it without other clients, because each client has buffers. */
async function bytesOf (client) {
  await client.script('FLUSH')
  await client.slowlog('RESET')
  await client.config('RESETSTAT')
  return Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))[1])
}
