/**
 * A real redis-server for a test file, and a key prefix for a test.
 *
 *     import t from 'tap'
 *     const redis = await startRedis(t)                  // once per file, at the top
 *     await t.test('a second message waits', async t => {
 *       const prefix = createPrefix()                    // once per test: tests of a file share the server, not the keys
 *       const client = redis.connect()
 *
 * Start it first: teardowns run in reverse order, so the server then ends after everything that uses it.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis, type RedisOptions } from 'ioredis'
import { startEmbeddedRedis, type EmbeddedRedis, type EmbeddedRedisOptions } from '../../src/redis/embedded.js'
import { provide } from './provide.js'

/** The part of tap's `t` that is needed here. */
export interface Teardown {
  teardown: (fn: () => unknown) => void
}

export interface TestRedis {
  readonly url: string
  readonly port: number
  readonly dir: string
  readonly pid: number
  /** A client that is closed at the end of the test. */
  connect: (options?: RedisOptions) => Redis
  /** SIGTERM: everything acknowledged is on disk afterwards. */
  stop: () => Promise<void>
  /** SIGKILL: with `appendfsync: 'everysec'` the kernel still holds what was written, so a process crash loses nothing. */
  kill: () => Promise<void>
  /** Starts it again on the same directory and port; stops it first if it still runs. */
  restart: () => Promise<void>
}

export async function startRedis (
  t: Teardown, options: Omit<EmbeddedRedisOptions, 'dir'> & { dir?: string } = {}
): Promise<TestRedis> {
  await provide('redis')
  const dir = options.dir ?? await mkdtemp(join(tmpdir(), 'sluice-redis-'))
  let server: EmbeddedRedis = await startEmbeddedRedis({ ...options, dir })
  const { port, url } = server
  const clients: Redis[] = []

  t.teardown(async () => {
    for (const client of clients) client.disconnect()
    await server.stop()
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true })
  })

  return {
    url,
    port,
    dir,
    get pid () { return server.pid },
    connect (clientOptions = {}) {
      const client = new Redis({ host: '127.0.0.1', port, ...clientOptions })
      // A test that kills the server expects connection errors; a failed command rejects anyway.
      client.on('error', () => {})
      clients.push(client)
      return client
    },
    stop: () => server.stop(),
    kill: () => server.kill(),
    async restart () {
      await server.stop()
      server = await startEmbeddedRedis({ ...options, dir, port })
    },
  }
}

/** A random prefix, so that tests on one server do not share keys. */
export function createPrefix (): string {
  return `t${randomBytes(6).toString('hex')}`
}

/** All keys that a test left, sorted. */
export async function keysOf (redis: Redis, prefix: string): Promise<string[]> {
  const keys = await redis.keys(`*${prefix}*`)
  return keys.sort()
}
