import { readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import type { Static, TObject } from '@sinclair/typebox'
import { envSchema } from 'env-schema'
import type { CallerSettings } from './callers.js'
import { isList, readCallers } from './callers.js'
import { parseAddress } from './redis/address.js'
import type { SenderSettings } from './senders.js'
import { isApi, readSenders } from './senders.js'
import { allowedBy } from './settings/patterns.js'
import type { Problems } from './settings/problems.js'
import { createProblems, didYouMean, showValue } from './settings/problems.js'
import { ConfigSchema, secretSettings } from './settings/schema.js'
import { unknownNames, warn } from './settings/warnings.js'
import { rangeOf } from './values/range.js'

export { ConfigSchema } from './settings/schema.js'

/** Meta's own pair rule, with a part of the burst that it allows: docs/rates.md. */
const metaPairRule = { WHATSAPP_RATE_LIMIT_MS: '6000', WHATSAPP_RATE_LIMIT_BURST: '8' }

/** As in the environment of other programs: URLs of the proxies, and the hosts that are reached without one. */
export interface Proxies { httpProxy: string, httpsProxy: string, noProxy: string }

export type Config = Omit<Static<typeof ConfigSchema>, 'API_KEYS' | 'WHATSAPP_RETRY_SCHEDULE_MS' | 'LOG_LEVEL'> & {
  API_KEYS: CallerSettings[]
  /** Path of API_KEYS_FILE; null if the keys were not read from a file. */
  apiKeysFile: string | null
  WHATSAPP_RETRY_SCHEDULE_MS: number[]
  LOG_LEVEL: string
  /** Path of WHATSAPP_ACCESS_TOKEN_FILE; null if the token was not read from a file. */
  accessTokenFile: string | null
  /** The default sender first. */
  senders: SenderSettings[]
  /** Keys that sign callbacks. */
  callbackKeys: Buffer[]
  /** Proxies for requests to WhatsApp and to the receiver of callbacks; '' for none. */
  proxies: Proxies
  /** Whether the sandbox replaces WhatsApp. */
  sandbox: boolean
  /** Whether the gateway starts its own Redis. */
  embeddedRedis: boolean
  /** Valid but risky settings, one sentence each. */
  warnings: string[]
}

/** Whether this is a production node; known before the settings are read. */
export function isProduction (env: NodeJS.ProcessEnv = process.env): boolean {
  return env['NODE_ENV']?.trim() === 'production'
}

/**
 * Reads and checks the settings. `sandboxSecret` signs the webhooks of a sandbox that this process starts, unless a secret is set. `readMore`
 * reads the files of settings that other modules know. Throws CONFIG_INVALID with all that is wrong: names, values (secrets hidden), what is
 * allowed.
 */
export function readConfig (
  env: NodeJS.ProcessEnv = process.env, sandboxSecret = '', readMore: (settings: { POLICY_FILE: string }) => unknown = () => {}
): Config {
  const problems = createProblems()
  const set = withFiles(env, problems)
  const values = readValues(ConfigSchema, set['WHATSAPP_RATE_PRESET'] === 'meta' ? { ...metaPairRule, ...set } : set, problems)
  const apiKeysFile = fileOf('API_KEYS', env)
  const keys = problems.collect(() => readCallers({ API_KEYS: values.API_KEYS, apiKeysFile })) ?? []
  const sandbox = values.SANDBOX || (values.WHATSAPP_ACCESS_TOKEN === '' && values.WHATSAPP_SENDERS_FILE === '')
  if (sandbox && values.SANDBOX_URL === '' && values.WHATSAPP_APP_SECRET === '') values.WHATSAPP_APP_SECRET = sandboxSecret
  const accessTokenFile = fileOf('WHATSAPP_ACCESS_TOKEN', env)
  const config: Config = {
    ...values,
    accessTokenFile,
    apiKeysFile,
    senders: problems.collect(() => readSenders({ ...values, accessTokenFile })) ?? [],
    API_KEYS: keys,
    WHATSAPP_RETRY_SCHEDULE_MS: values.WHATSAPP_RETRY_SCHEDULE_MS.split(',').map(Number),
    LOG_LEVEL: String(values.LOG_LEVEL),
    callbackKeys: values.CALLBACK_SECRET.split(/[\s,]+/).filter(secret => secret !== '').flatMap(secret => parseSecret(secret, problems)),
    HOST: values.HOST === '' ? (keys.length > 0 ? '0.0.0.0' : '127.0.0.1') : values.HOST,
    sandbox,
    embeddedRedis: values.REDIS_URL === '',
    proxies: { httpProxy: values.HTTP_PROXY, httpsProxy: values.HTTPS_PROXY, noProxy: values.NO_PROXY },
    warnings: []
  }
  problems.collect(() => readMore(config))
  if (config.REDIS_URL !== '') problems.collect(() => parseAddress(config.REDIS_URL))
  checkAddresses(config, problems)
  check(config, problems)
  problems.throwAny(secretsIn(set))
  config.warnings = [...unknownNames(env), ...warn(config, set)]
  return config
}

/**
 * Reads `<NAME>_FILE`, the path of a file with the value, where `<NAME>` is missing or empty. Spaces and line breaks around a value are no part of
 * it. Proxies may have their usual names in lower case.
 */
export function withFiles (env: NodeJS.ProcessEnv = process.env, problems = createProblems()): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of Object.keys(ConfigSchema.properties)) {
    const value = (env[name] || (name.endsWith('_PROXY') ? env[name.toLowerCase()] : undefined))?.trim()
    const file = env[`${name}_FILE`]
    if (value !== undefined && value !== '') found[name] = value
    else if (file !== undefined && file !== '') {
      try {
        found[name] = readFileSync(file, 'utf8').trim()
      } catch {
        problems.add(`${name}_FILE`, `${name}_FILE: the file ${file} cannot be read`)
      }
    }
  }
  return found
}

/** The path of `<NAME>_FILE`; null where the value itself is set. */
function fileOf (name: string, env: NodeJS.ProcessEnv): string | null {
  return (env[name] ?? '').trim() === '' ? env[`${name}_FILE`] || null : null
}

/** The value of a setting for an error. */
function show (name: string, value: string): string {
  return secretSettings.has(name) ? '(hidden)' : showValue(value)
}

/** The values of secrets and their parts, such as the key in `name:key:role`. */
function secretsIn (set: Readonly<Record<string, string>>): string[] {
  const values = Object.entries(set).filter(([name]) => secretSettings.has(name) && !name.endsWith('_URL') && !name.endsWith('_PROXY'))
    .flatMap(([, value]) => isList(value) ? value.match(/[\x21\x23-\x7e]{16,}/g) ?? [] : [value, ...value.split(/[:,\s]+/)])
  const passwords = Object.values(set).flatMap(value => /:\/\/[^:]*:(.*)@/.exec(value)?.[1] ?? [])
  return [...values, ...passwords].filter(text => !['send', 'read', 'admin'].includes(text))
}

/** The values of a schema. For each that does not fit a problem is added, and its default is used in further checks. */
export function readValues<Schema extends TObject> (schema: Schema, set: Record<string, string>, problems: Problems): Static<Schema> {
  const raw = Object.fromEntries(Object.entries(set).filter(([name, value]) =>
    name in schema.properties && isWritten(name, value, schema, problems)))
  const data = Object.fromEntries(Object.entries(raw).map(([name, value]) =>
    [name, typeOf(schema, name) === 'boolean' ? value.replace(/^1$/, 'true').replace(/^0$/, 'false') : value]))
  try {
    return envSchema<Static<Schema>>({ schema, data, env: false })
  } catch (error) {
    for (const name of explain(error, raw, schema, problems)) delete data[name]
    return envSchema<Static<Schema>>({ schema, data, env: false })
  }
}

function typeOf (schema: TObject, name: string): unknown {
  return schema.properties[name]?.['type']
}

/** What no setting can be: a value in the quotation marks of a file that is no shell script, and a number that is not written in digits. */
function isWritten (name: string, value: string, schema: TObject, problems: Problems): boolean {
  if (/^(["'])[^]*\1$/.test(value)) problems.add(name, `${name}: remove the quotation marks around the value`)
  else if (typeOf(schema, name) !== 'integer' || /^-?\d+$/.test(value)) return true
  else problems.add(name, `${name} is ${show(name, value)}; allowed: an integer in digits${name.endsWith('_MS') ? ', in milliseconds' : ''}`)
  return false
}

interface SchemaError { instancePath: string, message?: string, params?: { allowedValue?: unknown, comparison?: string, pattern?: string } }

/** Adds a problem for each value that the schema rejects, and returns the names. */
function explain (error: unknown, raw: Record<string, string>, schema: TObject, problems: Problems): string[] {
  const errors = (error as { errors?: SchemaError[] }).errors ?? []
  if (errors.length === 0) throw error
  const names = [...new Set(errors.map(one => one.instancePath.slice(1)))]
  for (const name of names) {
    const value = raw[name] ?? ''
    const own = errors.filter(one => one.instancePath === `/${name}`)
    const words = own.flatMap(({ params }) => params?.allowedValue === undefined ? [] : [String(params.allowedValue)])
    const reasons = typeOf(schema, name) === 'boolean'
      ? ['1, 0, true or false']
      : own.map(({ message = '', params }) => {
        if (params?.allowedValue !== undefined) return JSON.stringify(params.allowedValue)
        if (params?.comparison !== undefined && typeOf(schema, name) === 'integer') return rangeOf(schema.properties[name] as object)
        return allowedBy[params?.pattern ?? ''] ?? message
      })
    const unit = name.endsWith('_MS') && own.some(({ params }) => params?.comparison !== undefined) ? ' milliseconds' : ''
    const allowed = [...new Set(reasons)].filter(reason => !/anyOf/.test(reason)).join(', ')
    problems.add(name, `${name} is ${show(name, value)}; allowed: ${allowed}${unit}${didYouMean(value, words)}`)
  }
  return names
}

/** Standard Webhooks: 24 to 64 random bytes in Base64, behind `whsec_`. */
function parseSecret (secret: string, problems: Problems): Buffer[] {
  const [, text = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? []
  const key = Buffer.from(text, 'base64')
  if (key.length >= 24 && key.length <= 64 && key.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '')) return [key]
  const allowed = 'whsec_ and 24 to 64 bytes in Base64, as `echo whsec_$(openssl rand -base64 32)` makes them'
  problems.add('CALLBACK_SECRET', `CALLBACK_SECRET: it is (hidden); allowed: ${allowed}`)
  return []
}

/** The values that name a host. */
function checkAddresses (config: Config, problems: Problems): void {
  const wrong = (field: string, detail: string): void => problems.add(field, `${field}: ${detail}`)
  if (/[:/\s]/.test(config.HOST) && !isIPv6(config.HOST)) wrong('HOST', 'must be an address or a name without scheme and port; PORT has the port')
  if (config.SANDBOX_URL !== '' && !isApi(config.SANDBOX_URL)) {
    wrong('SANDBOX_URL', 'must be an http or https address with its scheme, without a query or credentials')
  }
  if (config.CALLBACK_URL !== '' && !isAddress(config.CALLBACK_URL)) {
    wrong('CALLBACK_URL', 'must be an http or https address with its scheme, without credentials or a fragment')
  }
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY'] as const) {
    const url = config[name]
    if (url !== '' && !(URL.canParse(url) && /^https?:$/.test(new URL(url).protocol))) {
      wrong(name, 'must be the http or https address of a proxy with its scheme, such as http://proxy:3128')
    }
  }
}

function isAddress (text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, hash } = new URL(text)
  return /^https?:$/.test(protocol) && username === '' && password === '' && hash === ''
}

/** Settings that do not fit each other. Where one of them is wrong already, the others are not compared with it. */
function check (config: Config, problems: Problems): void {
  const wrong = (field: string, detail: string, ...others: string[]): void => {
    if (!problems.has(field, ...others)) problems.add(field, `${field}: ${detail}`)
  }
  const production = config.NODE_ENV === 'production'
  const token = config.WHATSAPP_ACCESS_TOKEN !== '' || config.senders.some(({ accessToken }) => accessToken !== '')
  const local = /^(127\.|localhost$|::1$)/.test(config.HOST)
  const tokens = ['WHATSAPP_ACCESS_TOKEN', 'WHATSAPP_ACCESS_TOKEN_FILE', 'WHATSAPP_SENDERS_FILE', 'SANDBOX']
  if (config.LEASE_MS <= config.START_WITHIN_MS + config.SEND_TIMEOUT_MS + 5000) {
    const least = 'it has to exceed START_WITHIN_MS + SEND_TIMEOUT_MS + 5000'
    wrong('LEASE_MS', `${config.LEASE_MS} is too short: ${least}`, 'START_WITHIN_MS', 'SEND_TIMEOUT_MS')
  }
  if (production && config.embeddedRedis && !config.EMBEDDED_REDIS) {
    wrong('REDIS_URL', 'production needs it (or EMBEDDED_REDIS=1)', 'REDIS_URL_FILE', 'EMBEDDED_REDIS')
  }
  if (config.embeddedRedis && config.REDIS_WAIT_REPLICAS > 0) wrong('REDIS_WAIT_REPLICAS', 'the embedded Redis has no replicas', 'REDIS_URL')
  if (production && !token && !config.SANDBOX) wrong('WHATSAPP_ACCESS_TOKEN', 'production needs it (or SANDBOX=1)', ...tokens)
  if (config.SANDBOX && token) wrong('SANDBOX', 'a real WHATSAPP_ACCESS_TOKEN is set: take one of the two away', ...tokens)
  if (config.CALLBACK_URL !== '' && config.callbackKeys.length === 0) {
    wrong('CALLBACK_SECRET', 'CALLBACK_URL needs it: receivers verify the signature of callbacks with it', 'CALLBACK_SECRET_FILE')
  }
  if (token && config.API_KEYS.length === 0) wrong('API_KEYS', 'with a real access token callers have to be known', 'API_KEYS_FILE')
  if (config.API_KEYS.length === 0 && !local) wrong('HOST', 'without API_KEYS it listens on loopback only', 'API_KEYS', 'API_KEYS_FILE')
}
