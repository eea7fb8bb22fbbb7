import { readFileSync } from 'node:fs'
import type { Static, TSchema } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import { envSchema } from 'env-schema'
import { SluiceError } from './errors.js'
import type { SenderSettings } from './senders.js'
import { isApi, readSenders } from './senders.js'

const DAY_MS = 86_400_000

const ms = (standard: number, description: string, least = 1): TSchema & { static: number } =>
  Type.Integer({ default: standard, minimum: least, maximum: 366 * DAY_MS, description })
const count = (standard: number, description: string, most = 1_000_000_000): TSchema & { static: number } =>
  Type.Integer({ default: standard, minimum: 1, maximum: most, description })
const text = (description: string, standard = ''): TSchema & { static: string } =>
  Type.String({ default: standard, description })

/** Every setting: its type, default and meaning. `npm run docs` writes the tables in docs/settings.md from it. */
export const ConfigSchema = Type.Object({
  NODE_ENV: text('`production` refuses the embedded Redis and the sandbox unless they are enabled explicitly', 'development'),
  PORT: Type.Integer({ default: 3000, minimum: 0, maximum: 65535, description: 'Port of the HTTP server; 0 takes a free one' }),
  HOST: text('Address to listen on; by default `0.0.0.0` with `API_KEYS`, `127.0.0.1` without'),
  ROLE: Type.Union([Type.Literal('all'), Type.Literal('api'), Type.Literal('worker')], {
    default: 'all',
    description: 'What this node does: `all`, `api` or `worker`'
  }),
  REDIS_URL: text(
    '`redis://host:port`, `redis+sentinel://host:port,host:port/name` or `redis+cluster://host:port,host:port`, ' +
      'with `rediss` for TLS; empty starts an embedded Redis'
  ),
  REDIS_WAIT_REPLICAS: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 9,
    description: 'Replicas of Redis that have to hold a message before it is acknowledged or sent; see docs/redis.md'
  }),
  EMBEDDED_REDIS: Type.Boolean({ default: false, description: 'Allows the embedded Redis in production' }),
  DATA_DIR: text('Directory of the embedded Redis', '.data'),
  KEY_PREFIX: Type.String({ default: 'wa', pattern: '^[A-Za-z0-9_-]{1,32}$', description: 'First part of every key in Redis' }),
  API_KEYS: text('`name:key:role,...`; roles are `send`, `read` and `admin`, a key has 16 characters or more'),
  WHATSAPP_API_URL: text('Address of the Cloud API with its version', 'https://graph.facebook.com/v25.0'),
  WHATSAPP_PHONE_NUMBER_ID: Type.String({
    default: '100000000000001',
    pattern: '^[A-Za-z0-9_-]{1,64}$',
    description: 'The sender: ID of the business phone number'
  }),
  WHATSAPP_ACCESS_TOKEN: text('Token for the Cloud API; empty uses the sandbox'),
  WHATSAPP_SENDERS_FILE: text('JSON file with several senders, see docs/senders.md; the first is the default sender'),
  WHATSAPP_APP_SECRET: text('Secret of the Meta app that signs webhooks, several separated by commas; empty accepts no webhooks'),
  WHATSAPP_VERIFY_TOKEN: text('Verify token that you type into Meta\'s webhook form'),
  CALLBACK_URL: text('Address that receives callbacks, see docs/callbacks.md; empty sends none'),
  CALLBACK_SECRET: text('Secret that signs callbacks, `whsec_...`; several separated by spaces for a rotation'),
  CALLBACK_TIMEOUT_MS: ms(15_000, 'A callback that is not answered within this time is retried', 100),
  CALLBACK_RETRY_MS: ms(5000, 'Delay before the first retry of a failed callback; doubled each time, up to an hour'),
  CALLBACK_GIVE_UP_MS: ms(3 * DAY_MS, 'A callback that is not accepted within this time is dead-lettered', 1000),
  CALLBACK_CAP: count(1_000_000, 'Messages of a sender that may have callbacks waiting; above it the oldest are dropped'),
  POLICY_FILE: text('JSON file that overrides how WhatsApp\'s error codes are handled, see docs/outcomes.md'),
  SANDBOX: Type.Boolean({ default: false, description: 'Uses the sandbox, also in production' }),
  SANDBOX_URL: text('Address of a sandbox that several nodes share; empty starts one in this process'),
  WHATSAPP_RATE_PRESET: Type.Union([Type.Literal('none'), Type.Literal('meta')], {
    default: 'none',
    description: '`meta` sets `WHATSAPP_RATE_LIMIT_MS` to 6000 and `WHATSAPP_RATE_LIMIT_BURST` to 8 unless they are set, see docs/rates.md'
  }),
  WHATSAPP_RATE_LIMIT_MS: ms(2000, 'Minimum time between two messages to one recipient'),
  WHATSAPP_RATE_LIMIT_BURST: count(1, 'Messages that an idle recipient may get one directly after the other', 1000),
  WHATSAPP_SENDER_RATE_PER_SECOND: count(80, 'Maximum messages of the sender in any second', 1000),
  IDEMPOTENCY_TTL_MS: ms(DAY_MS, 'How long an idempotency key is remembered, from admission', 60_000),
  IDEMPOTENCY_DERIVED_TTL_MS: ms(DAY_MS, 'The same for keys that the gateway derives from the content', 60_000),
  WHATSAPP_RETRY_SCHEDULE_MS: Type.String({
    default: '60000,300000,900000,1800000,3600000',
    pattern: '^\\d+(,\\d+)*$',
    description: 'Delays before the retries of a failed message; one retry per delay'
  }),
  WHATSAPP_RETRY_INTERVAL_MS: ms(120_000, 'How often the retry worker looks for due failures', 100),
  MESSAGE_LIFE_MS: ms(DAY_MS, 'How long a message may wait before it expires', 1000),
  WORKER_CONCURRENCY: count(1000, 'Drain runs that a node executes at once', 100_000),
  MAX_IN_FLIGHT_PER_SENDER: count(500, 'Requests to WhatsApp in flight at once, over all nodes', 100_000),
  INLINE_WAIT_MS: ms(3000, 'How long a caller waits for a message that is sent at once', 0),
  START_WITHIN_MS: ms(250, 'A granted send starts within this time or is given back', 10),
  SEND_TIMEOUT_MS: ms(15_000, 'A request without an answer after this time has an unknown outcome', 100),
  LEASE_MS: ms(30_000, 'After this time the grants of a dead node are recovered', 1000),
  UNKNOWN_OUTCOME: Type.Union([Type.Literal('retry'), Type.Literal('fail')], {
    default: 'retry',
    description: 'What happens to a message whose outcome stays unknown: `retry` or `fail`'
  }),
  UNKNOWN_HOLD_MS: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: DAY_MS,
    description: 'How long an unknown outcome is held first; 0 is 15 minutes with webhooks, otherwise one step of the retry schedule'
  }),
  MAX_QUEUE_PER_RECIPIENT: count(1000, 'Messages that may wait for one recipient'),
  MAX_BACKLOG_PER_SENDER: count(1_000_000, 'Messages of a sender that may be unsettled'),
  FIND_WITHIN_MS: Type.Integer({
    default: DAY_MS,
    minimum: 0,
    maximum: 30 * DAY_MS,
    description: 'How long a message can be found by recipient, provider ID and tag; 0 keeps no index'
  }),
  FAILURE_RETENTION_MS: ms(30 * DAY_MS, 'How long settled failures are kept; of each sender at most 100,000 FAILED and 100,000 RESOLVED ones', 1000),
  SHUTDOWN_GRACE_MS: ms(20_000, 'How long a node that shuts down finishes messages in flight', 100),
  SHUTDOWN_NOTICE_MS: ms(
    1000,
    'How long at most a node that shuts down keeps its port open and answers 503, so that callers switch to other nodes',
    0
  ),
  LOG_LEVEL: Type.Union(
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map(level => Type.Literal(level)),
    { default: 'info', description: 'Minimum level that is logged' }
  )
})

/** Meta's own pair rule, with a part of the burst that it allows: docs/rates.md. */
const metaPairRule = { WHATSAPP_RATE_LIMIT_MS: '6000', WHATSAPP_RATE_LIMIT_BURST: '8' }

export type Role = 'send' | 'read' | 'admin'
export interface ApiKey { name: string, key: string, role: Role }

export type Config = Omit<Static<typeof ConfigSchema>, 'API_KEYS' | 'WHATSAPP_RETRY_SCHEDULE_MS' | 'LOG_LEVEL'> & {
  API_KEYS: ApiKey[]
  WHATSAPP_RETRY_SCHEDULE_MS: number[]
  LOG_LEVEL: string
  /** Path of WHATSAPP_ACCESS_TOKEN_FILE; null if the token was not read from a file. */
  accessTokenFile: string | null
  /** The default sender first. */
  senders: SenderSettings[]
  /** Keys that sign callbacks. */
  callbackKeys: Buffer[]
  /** Whether the sandbox replaces WhatsApp. */
  sandbox: boolean
  /** Whether the gateway starts its own Redis. */
  embeddedRedis: boolean
  /** Valid but risky settings, one sentence each. */
  warnings: string[]
}

const secrets = new Set(['API_KEYS', 'WHATSAPP_ACCESS_TOKEN', 'WHATSAPP_APP_SECRET', 'WHATSAPP_VERIFY_TOKEN', 'CALLBACK_SECRET', 'REDIS_URL'])

/**
 * Reads and checks the settings. `sandboxSecret` signs the webhooks of a sandbox that this process starts, unless a secret is set. Throws
 * CONFIG_INVALID with the name, the value (secrets hidden) and what is allowed.
 */
export function readConfig (env: NodeJS.ProcessEnv = process.env, sandboxSecret = ''): Config {
  const set = withFiles(env)
  const raw = set['WHATSAPP_RATE_PRESET'] === 'meta' ? { ...metaPairRule, ...set } : set
  let values: Static<typeof ConfigSchema>
  try {
    values = envSchema<Static<typeof ConfigSchema>>({ schema: ConfigSchema, data: raw, env: false })
  } catch (error) {
    throw explain(error, raw)
  }
  const keys = values.API_KEYS === '' ? [] : values.API_KEYS.split(',').map(parseKey)
  const sandbox = values.SANDBOX || (values.WHATSAPP_ACCESS_TOKEN === '' && values.WHATSAPP_SENDERS_FILE === '')
  if (sandbox && values.SANDBOX_URL === '' && values.WHATSAPP_APP_SECRET === '') values.WHATSAPP_APP_SECRET = sandboxSecret
  const accessTokenFile = (env['WHATSAPP_ACCESS_TOKEN'] ?? '') === '' ? env['WHATSAPP_ACCESS_TOKEN_FILE'] || null : null
  const config: Config = {
    ...values,
    accessTokenFile,
    senders: readSenders({ ...values, accessTokenFile }),
    API_KEYS: keys,
    WHATSAPP_RETRY_SCHEDULE_MS: values.WHATSAPP_RETRY_SCHEDULE_MS.split(',').map(Number),
    LOG_LEVEL: String(values.LOG_LEVEL),
    callbackKeys: values.CALLBACK_SECRET.split(/[\s,]+/).filter(secret => secret !== '').map(parseSecret),
    HOST: values.HOST === '' ? (keys.length > 0 ? '0.0.0.0' : '127.0.0.1') : values.HOST,
    sandbox,
    embeddedRedis: values.REDIS_URL === '',
    warnings: []
  }
  check(config)
  config.warnings = warn(config)
  return config
}

/** Reads `<NAME>_FILE`, the path of a file with the value, where `<NAME>` is missing or empty. */
export function withFiles (env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of Object.keys(ConfigSchema.properties)) {
    const value = env[name]
    const file = env[`${name}_FILE`]
    if (value !== undefined && value !== '') found[name] = isSwitch(name) ? value.replace(/^1$/, 'true').replace(/^0$/, 'false') : value
    else if (file !== undefined && file !== '') {
      try {
        found[name] = readFileSync(file, 'utf8').trim()
      } catch (cause) {
        throw invalid(`${name}_FILE`, `the file ${file} cannot be read`, cause)
      }
    }
  }
  return found
}

/** A boolean setting: `1` means `true`, `0` means `false`. */
function isSwitch (name: string): boolean {
  return (ConfigSchema.properties as Record<string, { type?: unknown }>)[name]?.type === 'boolean'
}

function parseKey (entry: string): ApiKey {
  const [name = '', key = '', role = ''] = entry.trim().split(':')
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(name)) throw invalid('API_KEYS', 'a name is 1 to 32 letters, digits, - or _')
  if (key.length < 16) throw invalid('API_KEYS', `the key of ${name} has fewer than 16 characters`)
  if (role !== 'send' && role !== 'read' && role !== 'admin') throw invalid('API_KEYS', `the role of ${name} has to be send, read or admin`)
  return { name, key, role }
}

/** Standard Webhooks: 24 to 64 random bytes in Base64, behind `whsec_`. */
function parseSecret (secret: string): Buffer {
  const [, text = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? []
  const key = Buffer.from(text, 'base64')
  if (key.length < 24 || key.length > 64 || key.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '')) {
    throw invalid(
      'CALLBACK_SECRET',
      'it is (hidden); allowed: whsec_ and 24 to 64 bytes in Base64, as `echo whsec_$(openssl rand -base64 32)` makes them'
    )
  }
  return key
}

function check (config: Config): void {
  const production = config.NODE_ENV === 'production'
  const token = config.WHATSAPP_ACCESS_TOKEN !== '' || config.senders.some(({ accessToken }) => accessToken !== '')
  const local = /^(127\.|localhost$|::1$)/.test(config.HOST)
  if (config.LEASE_MS <= config.START_WITHIN_MS + config.SEND_TIMEOUT_MS + 5000) {
    throw invalid('LEASE_MS', `${config.LEASE_MS} is too short: it has to exceed START_WITHIN_MS + SEND_TIMEOUT_MS + 5000`)
  }
  if (production && config.embeddedRedis && !config.EMBEDDED_REDIS) throw invalid('REDIS_URL', 'production needs it (or EMBEDDED_REDIS=1)')
  if (production && !token && !config.SANDBOX) throw invalid('WHATSAPP_ACCESS_TOKEN', 'production needs it (or SANDBOX=1)')
  if (config.SANDBOX && token) throw invalid('SANDBOX', 'a real WHATSAPP_ACCESS_TOKEN is set: take one of the two away')
  if (config.SANDBOX_URL !== '' && !isApi(config.SANDBOX_URL)) {
    throw invalid('SANDBOX_URL', 'must be an http or https address without a query or credentials')
  }
  if (config.CALLBACK_URL !== '' && !isAddress(config.CALLBACK_URL)) {
    throw invalid('CALLBACK_URL', 'must be an http or https address without credentials or a fragment')
  }
  if (config.CALLBACK_URL !== '' && config.callbackKeys.length === 0) {
    throw invalid('CALLBACK_SECRET', 'CALLBACK_URL needs it: receivers verify the signature of callbacks with it')
  }
  if (token && config.API_KEYS.length === 0) throw invalid('API_KEYS', 'with a real access token callers have to be known')
  if (config.API_KEYS.length === 0 && !local) throw invalid('HOST', 'without API_KEYS it listens on loopback only')
}

function isAddress (text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, hash } = new URL(text)
  return /^https?:$/.test(protocol) && username === '' && password === '' && hash === ''
}

function warn (config: Config): string[] {
  const warnings: string[] = []
  for (const url of new Set(config.senders.map(({ apiUrl }) => apiUrl))) {
    const name = url === config.WHATSAPP_API_URL ? 'WHATSAPP_API_URL' : `the apiUrl ${url}`
    const version = /\/v(\d+)\.\d+\/?$/.exec(url)?.[1]
    if (!config.sandbox && version === undefined) warnings.push(`${name} names no version: Meta answers with the oldest it still has`)
    if (version !== undefined && Number(version) <= 20) warnings.push(`${name} names v${version}.0, which Meta has retired`)
  }
  if (config.WHATSAPP_SENDERS_FILE !== '' && config.WHATSAPP_ACCESS_TOKEN !== '') {
    warnings.push('WHATSAPP_ACCESS_TOKEN is not used: each sender of WHATSAPP_SENDERS_FILE has its own')
  }
  const intervalMs = Math.min(...config.senders.map(({ rules }) => rules.pairIntervalMs))
  if (intervalMs < 6000) {
    warnings.push(
      `one message per ${intervalMs} ms and recipient is faster than Meta documents (one per 6,000 ms, short bursts borrowed and paid back): ` +
        'steady traffic to one recipient can meet error 131056; WHATSAPP_RATE_PRESET=meta keeps to Meta\'s rule'
    )
  }
  if (config.CALLBACK_URL === '' && config.callbackKeys.length > 0) warnings.push('CALLBACK_SECRET is not used: CALLBACK_URL is empty')
  if (config.senders.some(({ onUnknown, appSecrets }) => appSecrets.length === 0 && (onUnknown ?? config.UNKNOWN_OUTCOME) === 'retry')) {
    warnings.push(
      'without webhooks the outcome of a request without an answer stays unknown: it is held for one step of the retry schedule and then sent ' +
        'again, which may send it twice (UNKNOWN_OUTCOME=fail never does)'
    )
  }
  if (config.senders.some(({ appSecrets }) => appSecrets.length > 0) && config.WHATSAPP_VERIFY_TOKEN === '' && !config.sandbox) {
    warnings.push('WHATSAPP_VERIFY_TOKEN is empty: Meta cannot verify this address and sends no webhooks, although WHATSAPP_APP_SECRET is set')
  }
  return warnings
}

interface SchemaError { instancePath: string, message?: string, params?: { allowedValue?: unknown } }

export function explain (error: unknown, raw: Record<string, string>): SluiceError {
  const errors = (error as { errors?: SchemaError[] }).errors ?? []
  const names = [...new Set(errors.map(one => one.instancePath.slice(1)))]
  const sentences = names.map(name => {
    const allowed = errors.filter(one => one.instancePath === `/${name}`)
      .map(one => one.params?.allowedValue === undefined ? one.message ?? '' : JSON.stringify(one.params.allowedValue))
    const shown = secrets.has(name) ? '(hidden)' : JSON.stringify(raw[name] ?? '')
    return `${name} is ${shown}; allowed: ${[...new Set(allowed)].filter(reason => !/anyOf/.test(reason)).join(', ')}`
  })
  return new SluiceError('CONFIG_INVALID', { detail: sentences.join('. '), field: names[0] ?? '', cause: error })
}

function invalid (field: string, detail: string, cause?: unknown): SluiceError {
  return new SluiceError('CONFIG_INVALID', { detail: `${field}: ${detail}`, field, ...(cause === undefined ? {} : { cause }) })
}
