import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { startEmbeddedRedis } from '../../../dist/redis/embedded.js'
import { BESIDE, isPinned } from './process.mjs'

/**
 * A redis-server as it comes, with an append-only file that is written every second; the file is not rewritten meanwhile,
 * since that would fall into some round and not into others. `persists: false` leaves the file out.
 */
export async function startRedis ({ persists = true } = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
  const extra = ['--auto-aof-rewrite-percentage', '0', ...persists ? [] : ['--appendonly', 'no']]
  const server = await startEmbeddedRedis({ dir, hz: 10, extra })
  if (isPinned) execFileSync('taskset', ['-a', '-c', '-p', String(BESIDE), String(server.pid)], { stdio: 'ignore' })
  const client = new Redis(server.url)
  client.on('error', () => undefined)
  return {
    url: server.url,
    client,
    cpu: async () => await cpuOf(client),
    bytes: async () => await bytesOf(client),
    async stop () {
      client.disconnect()
      await server.stop()
      await rm(dir, { recursive: true, force: true })
    }
  }
}

/** CPU that the server has used until now, all its threads, µs. */
export async function cpuOf (client) {
  const info = await client.info('cpu')
  return [...info.matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm)].reduce((sum, [, seconds]) => sum + Number(seconds) * 1e6, 0)
}

/** Bytes in use, without scripts and what Redis notes of its own speed. To be asked while nobody else is connected: each client has buffers. */
async function bytesOf (client) {
  await client.script('FLUSH')
  await client.slowlog('RESET')
  await client.config('RESETSTAT')
  return Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))[1])
}
