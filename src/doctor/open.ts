import { Queue } from 'bullmq'
import { SluiceError } from '../errors.js'
import { createBus } from '../events.js'
import { queueNames } from '../queues.js'
import { createRun } from '../redis/commands.js'
import { connect } from '../redis/connect.js'
import { queuePrefix } from '../redis/keys.js'
import { createRecoverySchedule } from '../redis/recovery-schedule.js'
import type { DoctorDeps } from './area.js'
import { readSettings } from './settings.js'

export { examine } from './doctor.js'
export type { Finding, Report } from './doctor.js'

export interface OpenOptions {
  /** Replaces REDIS_URL. */
  redisUrl?: string | undefined
  /** Replaces KEY_PREFIX. */
  prefix?: string | undefined
  onChecked: (count: number) => void
  signal?: AbortSignal
}

/**
 * Connects to the Redis of the settings: a server, Sentinel or Cluster. Throws CONFIG_INVALID for invalid settings, UNAVAILABLE where no Redis
 * answers. Call `close` in the end.
 */
export async function openDoctor (options: OpenOptions): Promise<{ deps: DoctorDeps, close: () => Promise<void> }> {
  const config = readSettings({
    ...(options.redisUrl === undefined ? {} : { REDIS_URL: options.redisUrl }),
    ...(options.prefix === undefined ? {} : { KEY_PREFIX: options.prefix })
  })
  if (config.REDIS_URL === '') {
    throw new SluiceError('CONFIG_INVALID', { detail: 'REDIS_URL is empty: set it to the Redis of the gateway', field: 'REDIS_URL' })
  }
  const events = createBus()
  const connections = await connect(config.REDIS_URL, events)
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
      onChecked: options.onChecked,
      signal: options.signal
    },
    async close () {
      recoverySchedule.close()
      await drainQueue.close()
      await connections.close()
    }
  }
}
