import { Type, type Static } from '@sinclair/typebox'
import { Queue } from 'bullmq'
import { ConfigSchema, readValues, withFiles } from '../config.js'
import { SluiceError } from '../errors.js'
import { createBus } from '../events.js'
import { queueNames } from '../queues.js'
import { createRun } from '../redis/commands.js'
import { connect, type Connections } from '../redis/connect.js'
import { queuePrefix } from '../redis/keys.js'
import { createRecoverySchedule } from '../redis/recovery-schedule.js'
import { createProblems } from '../settings/problems.js'
import type { DoctorDeps } from './area.js'

export { examine } from './doctor.js'
export type { Finding, Report } from './doctor.js'

const names = ['REDIS_URL', 'KEY_PREFIX', 'MAX_BACKLOG_PER_SENDER', 'CALLBACK_CAP', 'IDEMPOTENCY_TTL_MS', 'IDEMPOTENCY_DERIVED_TTL_MS'] as const
const schema = Type.Pick(ConfigSchema, names)
/** The settings of the gateway that say where its data is and how large it may become. */
type Settings = Static<typeof schema>

export interface OpenOptions {
  /** Replaces REDIS_URL. */
  redisUrl?: string | undefined
  /** Replaces KEY_PREFIX. */
  prefix?: string | undefined
  onChecked: (count: number) => void
  signal?: AbortSignal
}

interface Opened { deps: DoctorDeps, close: () => Promise<void> }

/**
 * Connects to the Redis of the settings: a server, Sentinel or Cluster. Throws CONFIG_INVALID for invalid settings, UNAVAILABLE where no Redis
 * responds. Call `close` in the end.
 */
export async function openDoctor (options: OpenOptions): Promise<Opened> {
  const config = readSettings({
    ...(options.redisUrl === undefined ? {} : { REDIS_URL: options.redisUrl }),
    ...(options.prefix === undefined ? {} : { KEY_PREFIX: options.prefix })
  })
  if (config.REDIS_URL === '') {
    throw new SluiceError('CONFIG_INVALID', { detail: 'REDIS_URL is empty: set it to the Redis of the gateway', field: 'REDIS_URL' })
  }
  const connections = await connect(config.REDIS_URL, createBus())
  const { deps, close } = createDoctor(connections, config, options)
  return {
    deps,
    async close () {
      await close()
      await connections.close()
    }
  }
}

/** The doctor of one prefix, on connections that stay open when it is closed. */
export function createDoctor (connections: Connections, config: Settings, { onChecked, signal }: OpenOptions): Opened {
  const prefix = config.KEY_PREFIX
  // Without `skipMetasUpdate` a queue writes to Redis as soon as it is created.
  const drainQueue = new Queue(queueNames.drain, {
    connection: connections.redis, prefix: queuePrefix(prefix), skipVersionCheck: true, skipMetasUpdate: true
  })
  drainQueue.on('error', () => undefined) // a command that fails reports it
  const recoverySchedule = createRecoverySchedule(connections.redis, prefix)
  return {
    deps: {
      prefix,
      backlogCap: config.MAX_BACKLOG_PER_SENDER,
      callbackCap: config.CALLBACK_CAP,
      rememberMs: Math.min(config.IDEMPOTENCY_TTL_MS, config.IDEMPOTENCY_DERIVED_TTL_MS),
      redis: connections.redis,
      run: createRun(connections.scripts, prefix),
      drainQueue,
      recoverySchedule,
      onChecked,
      signal
    },
    async close () {
      recoverySchedule.close()
      await drainQueue.close()
    }
  }
}

/** Throws CONFIG_INVALID as the gateway does. */
export function readSettings (overrides: Record<string, string>): Settings {
  const problems = createProblems()
  const values = readValues(schema, { ...withFiles(undefined, problems), ...overrides }, problems)
  problems.throwAny()
  return values
}
