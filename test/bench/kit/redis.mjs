import { execFileSync } from 'node:child_process'
import { Redis } from 'ioredis'
import { startEmbeddedRedis } from '../../../dist/redis/embedded.js'
import { SHARED, isPinned } from './process.mjs'
import { scratch } from './scratch.mjs'

/** The version of the last server that was started. */
export const seen = { version: '?' }

/**
 * A redis-server with default settings and an append-only file that is written every second; the file is not rewritten meanwhile,
 * because a rewrite would affect some rounds only. `persists: false` disables the file.
 */
export async function startRedis ({ persists = true } = {}) {
  const extra = ['--auto-aof-rewrite-percentage', '0', ...persists ? [] : ['--appendonly', 'no']]
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
