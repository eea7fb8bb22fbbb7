import { Type, type Static } from '@sinclair/typebox'
import { envSchema } from 'env-schema'
import { ConfigSchema, explain, withFiles } from '../config.js'

const names = ['REDIS_URL', 'KEY_PREFIX', 'MAX_BACKLOG_PER_SENDER', 'CALLBACK_CAP', 'IDEMPOTENCY_TTL_MS', 'IDEMPOTENCY_DERIVED_TTL_MS'] as const
const schema = Type.Pick(ConfigSchema, names)

/** The settings of the gateway that say where its data is and how large it may become. Throws CONFIG_INVALID as the gateway does. */
export function readSettings (overrides: Record<string, string>): Static<typeof schema> {
  const raw = { ...withFiles(), ...overrides }
  const data = Object.fromEntries(Object.entries(raw).filter(([name]) => names.some(one => one === name)))
  try {
    return envSchema<Static<typeof schema>>({ schema, data, env: false })
  } catch (error) {
    throw explain(error, data)
  }
}
