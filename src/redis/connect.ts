import { Redis } from 'ioredis'
import type { RedisOptions } from 'ioredis'
import type { Bus } from '../events.js'
import { SluiceError } from '../errors.js'

/** A connection for scripts: it answers or fails within `COMMAND_TIMEOUT_MS`, and never sends a command twice by itself. */
const COMMAND_TIMEOUT_MS = 240

const failFast: RedisOptions = {
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  commandTimeout: COMMAND_TIMEOUT_MS,
  connectTimeout: 1000
}

/** A connection for BullMQ's workers and for subscriptions: it waits for Redis for as long as it takes. */
const patient: RedisOptions = { maxRetriesPerRequest: null }

const retryStrategy = (times: number): number => Math.min(50 * times, 500)

/** The options of a `redis://`, `rediss://` or `redis+sentinel://host:port,host:port/name` address. */
export function redisOptions (address: string): RedisOptions {
  const sentinel = /^redis\+sentinel:\/\/(?:([^@/]*)@)?([^/]+)\/([^/?]+)$/.exec(address)
  if (sentinel !== null) {
    const [, credentials = '', hosts = '', name = ''] = sentinel
    const password = credentials.replace(/^[^:]*:/, '')
    const sentinels = hosts.split(',').map(host => {
      const [hostname = '', port = '26379'] = host.split(':')
      return { host: hostname, port: Number(port) }
    })
    return { sentinels, name, sentinelRetryStrategy: () => 100, ...(password === '' ? {} : { password: decodeURIComponent(password) }) }
  }
  if (!/^rediss?:\/\//.test(address)) {
    throw new SluiceError('CONFIG_INVALID', { detail: 'REDIS_URL has to begin with redis://, rediss:// or redis+sentinel://', field: 'REDIS_URL' })
  }
  const url = new URL(address)
  const database = Number(url.pathname.slice(1) || 0)
  return {
    host: url.hostname,
    port: Number(url.port || 6379),
    db: database,
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
    ...(url.protocol === 'rediss:' ? { tls: {} } : {})
  }
}

export interface Connections {
  /** For scripts and plain commands of the gateway. */
  redis: Redis
  /** For BullMQ's workers and the wake channel. */
  patient: Redis
  /** Run id of the Redis behind `redis`; throws UNAVAILABLE while there is none. */
  runId: () => string
  /** Share of maxmemory in use, 0 where there is no limit. */
  memoryRatio: () => number
  close: () => Promise<void>
}

/** Connects both clients, waits at most 10 s for the first answer, and keeps run id and memory in view. */
export async function connect (address: string, bus: Bus): Promise<Connections> {
  const options = redisOptions(address)
  const redis = new Redis({ ...options, ...failFast, retryStrategy, lazyConnect: true })
  const waiting = new Redis({ ...options, ...patient, retryStrategy })
  let runId: string | null = null
  let ratio = 0

  async function look (): Promise<void> {
    const info = await redis.info()
    runId = /^run_id:(\w+)/m.exec(info)?.[1] ?? null
    const used = Number(/^used_memory:(\d+)/m.exec(info)?.[1] ?? 0)
    const most = Number(/^maxmemory:(\d+)/m.exec(info)?.[1] ?? 0)
    ratio = most === 0 ? 0 : used / most
  }
  redis.on('ready', () => {
    look().then(() => bus.emit('redis.connected', { runId: runId ?? '' }), () => undefined)
  })
  redis.on('close', () => { runId = null })
  redis.on('error', error => bus.emit('redis.lost', { error: error.message }))
  waiting.on('error', () => undefined) // the other connection tells
  const timer = setInterval(() => { look().catch(() => undefined) }, 1000)
  timer.unref()

  redis.connect().catch(() => undefined) // retried by its strategy; told by 'error'
  const deadline = performance.now() + 10_000
  const known = (): boolean => runId !== null
  while (!known()) {
    if (performance.now() > deadline) {
      redis.disconnect()
      waiting.disconnect()
      clearInterval(timer)
      throw new SluiceError('UNAVAILABLE', { detail: `no Redis answers at ${options.host ?? 'the sentinels'}:${options.port ?? ''}` })
    }
    await new Promise(resolve => setTimeout(resolve, 20))
  }

  return {
    redis,
    patient: waiting,
    runId () {
      if (runId === null) throw new SluiceError('UNAVAILABLE', { retryAfterMs: 1000 })
      return runId
    },
    memoryRatio: () => ratio,
    async close () {
      clearInterval(timer)
      redis.disconnect()
      waiting.disconnect()
    }
  }
}

/** What of Redis's own settings would lose messages, in plain sentences; none where all is well. */
export async function checkDurability (redis: Redis): Promise<string[]> {
  const info = await redis.info()
  const findings: string[] = []
  const version = /^redis_version:(\d+)\./m.exec(info)?.[1] ?? '0'
  if (Number(version) < 7) findings.push(`Redis ${version} is too old: 7.0 or newer is needed`)
  if (!/^aof_enabled:1/m.test(info)) findings.push('Redis keeps no append-only file: a restart loses messages (set appendonly yes)')
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'noeviction'
  if (policy !== 'noeviction') findings.push(`Redis evicts keys (${policy}): messages may vanish (set maxmemory-policy noeviction)`)
  return findings
}
