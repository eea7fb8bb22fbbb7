/**
 * A real redis-server for a test file, and a key prefix for a test.
 *
 *     import t from 'tap'
 *     const redis = await startRedis(t)                  // once per file, at the top
 *     await t.test('a second message waits', async t => {
 *       const prefix = createPrefix()                    // once per test: tests of a file share the server, not the keys
 *       const client = redis.connect()
 *
 * Register it first: teardowns run in reverse order, so the server then ends after all that uses it.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis, type RedisOptions } from 'ioredis'
import { startEmbeddedRedis, type EmbeddedRedis, type EmbeddedRedisOptions } from '../../src/redis/embedded.js'
import { provide } from './provide.js'

/** What is needed of tap's `t`. */
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
  /** SIGTERM: everything acknowledged is on the disk. */
  stop: () => Promise<void>
  /** SIGKILL: with `appendfsync: 'everysec'` the kernel still holds what was written, so a process crash loses nothing. */
  kill: () => Promise<void>
  /** Up again on the same directory and port. Ends it first, in order, if it still runs. */
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
      // A test that kills the server expects this; a command that fails says so itself.
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

/** Names are random, so that tests on one server do not meet. */
export function createPrefix (): string {
  return `t${randomBytes(6).toString('hex')}`
}

/** Every key that a test left, to be compared with what it should have left. */
export async function keysOf (redis: Redis, prefix: string): Promise<string[]> {
  const keys = await redis.keys(`*${prefix}*`)
  return keys.sort()
}
