import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Static } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import { SluiceError } from './errors.js'
import type { UnknownPolicy } from './message.js'
import type { Wrong } from './settings/json-list.js'
import { createReader } from './settings/json-list.js'
import type { Problems } from './settings/problems.js'
import { createProblems } from './settings/problems.js'

const PRINTABLE = /^[\x21-\x7e]+$/
const TOKEN = 'must be printable ASCII without spaces or line breaks'
const NO_DAY = 'begins with a day that does not exist'
const API = 'must be an http(s) URL with its scheme, without query or credentials, such as https://graph.facebook.com/v25.0'

/** One entry of WHATSAPP_SENDERS_FILE. Settings are the defaults of missing fields. docs/senders.md describes each field. */
const EntrySchema = Type.Object({
  id: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }),
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 60, pattern: '^[^\\x00-\\x1f]*$' })),
  accountId: Type.Optional(Type.String({ pattern: '^\\d{1,30}$' })),
  accessToken: Type.Optional(Type.String({ minLength: 1 })),
  accessTokenFile: Type.Optional(Type.String({ minLength: 1 })),
  apiUrl: Type.Optional(Type.String({ minLength: 1 })),
  appSecrets: Type.Optional(Type.Array(Type.String({ pattern: PRINTABLE.source }), { maxItems: 10 })),
  rules: Type.Optional(Type.Object({
    pairIntervalMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 366 * 86_400_000 })),
    pairBurst: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
    perSecond: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
    maxInFlight: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 }))
  }, { additionalProperties: false })),
  onUnknown: Type.Optional(Type.Union([Type.Literal('retry'), Type.Literal('fail')])),
  dailyLimit: Type.Optional(Type.Union([Type.Literal('off'), Type.Literal('auto'), Type.Integer({ minimum: 1, maximum: 1_000_000 })])),
  dailyRamp: Type.Optional(Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\d:[1-9]\\d{0,6}(,[1-9]\\d{0,6}){0,59}$' })),
  portfolio: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' })),
  portfolioDailyLimit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 }))
}, { additionalProperties: false })

type Entry = Static<typeof EntrySchema>
const readEntries = createReader<Entry>({ setting: 'WHATSAPP_SENDERS_FILE', schema: EntrySchema, label: 'id', minItems: 1, maxItems: 10_000 })

/** The daily limit of a sender, by the settings: docs/daily-limit.md. */
export interface DailySettings {
  /** Null for no limit but WhatsApp's. */
  limit: number | null
  /** Senders of one portfolio share its limit; null for a sender of its own. */
  portfolio: string | null
  /** Of the portfolio, null for no limit but WhatsApp's. */
  portfolioLimit: number | null
  /** The limit of each day of the warm-up, from `from` on, ms; null for none. */
  ramp: { from: number, limits: number[] } | null
}

/** One business phone number with its credentials and rules. */
export interface SenderSettings {
  /** Phone number id. */
  id: string
  /** For people to read; null without one. */
  name: string | null
  /** WhatsApp Business account, whose templates are read; null to read none. */
  accountId: string | null
  /** Empty against the sandbox. */
  accessToken: string
  /** File from which the token is read repeatedly; null if the token is part of the settings. */
  accessTokenFile: string | null
  /** URL of the API, with its version. */
  apiUrl: string
  /** Secrets of the Meta apps that may sign webhooks for this number. */
  appSecrets: string[]
  /** As in throttle/sender.ts: ms, count, messages per second, requests in flight. */
  rules: { pairIntervalMs: number, pairBurst: number, perSecond: number, maxInFlight: number }
  /** null: UNKNOWN_OUTCOME applies. */
  onUnknown: UnknownPolicy | null
  /** null: recipients are not counted. */
  daily: DailySettings | null
}

/** The settings of the only sender, or the defaults of the senders in a file. */
export interface SenderSource {
  SANDBOX: boolean
  WHATSAPP_SENDERS_FILE: string
  WHATSAPP_PHONE_NUMBER_ID: string
  WHATSAPP_SENDER_NAME: string
  WHATSAPP_BUSINESS_ACCOUNT_ID: string
  WHATSAPP_ACCESS_TOKEN: string
  WHATSAPP_APP_SECRET: string
  WHATSAPP_API_URL: string
  WHATSAPP_RATE_LIMIT_MS: number
  WHATSAPP_RATE_LIMIT_BURST: number
  WHATSAPP_SENDER_RATE_PER_SECOND: number
  MAX_IN_FLIGHT_PER_SENDER: number
  DAILY_LIMIT: string
  DAILY_RAMP: string
  WHATSAPP_PORTFOLIO: string
  PORTFOLIO_DAILY_LIMIT: number
  /** The file of WHATSAPP_ACCESS_TOKEN, if it was read from one. */
  accessTokenFile: string | null
}

/**
 * The senders of the file, the first being the default one, or the one of WHATSAPP_PHONE_NUMBER_ID. Every call reads all files, so a reload
 * is another call. Throws CONFIG_INVALID with every wrong entry and field; the error never contains a token.
 */
export function readSenders (source: SenderSource): SenderSettings[] {
  const problems = createProblems()
  const senders = source.WHATSAPP_SENDERS_FILE === '' ? [readOnlySender(source, problems)] : readFile(source, problems)
  problems.throwAny()
  return senders
}

function defaultsOf (source: SenderSource): Omit<SenderSettings, 'id' | 'name' | 'accessToken' | 'accessTokenFile'> {
  return {
    accountId: source.WHATSAPP_BUSINESS_ACCOUNT_ID || null,
    apiUrl: source.WHATSAPP_API_URL,
    appSecrets: source.WHATSAPP_APP_SECRET.split(',').map(secret => secret.trim()).filter(secret => secret !== ''),
    onUnknown: null,
    daily: dailyOf({}, source),
    rules: {
      pairIntervalMs: source.WHATSAPP_RATE_LIMIT_MS,
      pairBurst: source.WHATSAPP_RATE_LIMIT_BURST,
      perSecond: source.WHATSAPP_SENDER_RATE_PER_SECOND,
      maxInFlight: source.MAX_IN_FLIGHT_PER_SENDER
    }
  }
}

/** The settings of the daily limit, where an entry has none of its own. */
function dailyOf (entry: Pick<Entry, 'dailyLimit' | 'dailyRamp' | 'portfolio' | 'portfolioDailyLimit'>, source: SenderSource): DailySettings | null {
  const limit = String(entry.dailyLimit ?? source.DAILY_LIMIT)
  if (limit === '' || limit === 'off') return null
  const ramp = entry.dailyRamp ?? source.DAILY_RAMP
  return {
    limit: limit === 'auto' ? null : Number(limit),
    portfolio: entry.portfolio ?? (source.WHATSAPP_PORTFOLIO || null),
    portfolioLimit: entry.portfolioDailyLimit ?? (source.PORTFOLIO_DAILY_LIMIT || null),
    ramp: ramp === '' ? null : { from: dayOf(ramp), limits: ramp.slice(ramp.indexOf(':') + 1).split(',').map(Number) }
  }
}

/** The begin of a day, ms; NaN for a day that does not exist. */
function dayOf (ramp: string): number {
  return Date.parse(`${ramp.slice(0, 10)}T00:00:00Z`)
}

function readOnlySender (source: SenderSource, problems: Problems): SenderSettings {
  const { accessTokenFile, WHATSAPP_ACCESS_TOKEN: token } = source
  const common = defaultsOf(source)
  if (token !== '' && accessTokenFile === null && !isToken(token)) {
    const bearer = /^bearer\s/i.test(token) ? ', and without the word Bearer' : ''
    problems.add('WHATSAPP_ACCESS_TOKEN', `WHATSAPP_ACCESS_TOKEN: ${TOKEN}${bearer}`)
  }
  if (Number.isNaN(common.daily?.ramp?.from)) problems.add('DAILY_RAMP', `DAILY_RAMP: ${NO_DAY}`)
  if (!isApi(common.apiUrl)) problems.add('WHATSAPP_API_URL', `WHATSAPP_API_URL: ${API}`)
  if (!common.appSecrets.every(isToken)) problems.add('WHATSAPP_APP_SECRET', `WHATSAPP_APP_SECRET: each secret ${TOKEN}; commas separate several`)
  const accessToken = accessTokenFile === null ? token : problems.collect(() => readToken(accessTokenFile)) ?? ''
  return { ...common, id: source.WHATSAPP_PHONE_NUMBER_ID, name: source.WHATSAPP_SENDER_NAME || null, accessToken, accessTokenFile }
}

function readFile (source: SenderSource, problems: Problems): SenderSettings[] {
  const file = resolve(source.WHATSAPP_SENDERS_FILE)
  const common = defaultsOf(source)
  const ids = new Set<string>()
  return readEntries(file, problems).map(({ entry, wrong }) => {
    if (ids.has(entry.id)) wrong('id', 'duplicate id')
    ids.add(entry.id)
    const path = entry.accessTokenFile === undefined ? null : resolve(dirname(file), entry.accessTokenFile)
    const sender: SenderSettings = {
      ...common,
      id: entry.id,
      name: entry.name ?? null,
      accessToken: tokenOf(entry, path, source.SANDBOX, wrong),
      accessTokenFile: path,
      rules: { ...common.rules, ...entry.rules },
      daily: dailyOf(entry, source),
      ...(entry.accountId === undefined ? {} : { accountId: entry.accountId }),
      ...(entry.apiUrl === undefined ? {} : { apiUrl: entry.apiUrl }),
      ...(entry.appSecrets === undefined ? {} : { appSecrets: entry.appSecrets }),
      ...(entry.onUnknown === undefined ? {} : { onUnknown: entry.onUnknown })
    }
    if (!isApi(sender.apiUrl)) wrong('apiUrl', API)
    if (Number.isNaN(sender.daily?.ramp?.from)) wrong('dailyRamp', NO_DAY)
    return sender
  })
}

/** Empty where `wrong` was called, and against the sandbox. */
function tokenOf ({ accessToken }: Entry, path: string | null, isSandbox: boolean, wrong: Wrong): string {
  if (accessToken !== undefined && path !== null) wrong('accessTokenFile', 'accessToken is set as well: remove one of them')
  else if (isSandbox && (accessToken !== undefined || path !== null)) wrong('accessToken', 'SANDBOX=1 and a token are mutually exclusive')
  else if (isSandbox) return ''
  else if (path !== null) {
    const read = readTokenFile(path)
    if ('token' in read) return read.token
    wrong('accessTokenFile', read.wrong)
  } else if (accessToken === undefined) wrong('accessToken', 'missing, and accessTokenFile as well (only SANDBOX=1 needs no token)')
  else if (isToken(accessToken)) return accessToken
  else wrong('accessToken', TOKEN)
  return ''
}

/** The token in the file of WHATSAPP_ACCESS_TOKEN_FILE. Throws CONFIG_INVALID. */
function readToken (path: string): string {
  const read = readTokenFile(path)
  if ('token' in read) return read.token
  const field = 'WHATSAPP_ACCESS_TOKEN_FILE'
  throw new SluiceError('CONFIG_INVALID', { detail: `${field}: ${read.wrong}`, field })
}

/** The token in a file, without the line break that usually ends it. */
function readTokenFile (path: string): { token: string } | { wrong: string } {
  let token
  try {
    token = readFileSync(path, 'utf8').trim()
  } catch {
    return { wrong: `cannot read the file ${path}` }
  }
  return isToken(token) ? { token } : { wrong: `the file ${path} holds no token: it ${TOKEN}` }
}

/** Printable ASCII: a line break in a token would fail every message, and only when sent. */
export function isToken (text: string): boolean {
  return PRINTABLE.test(text)
}

/** Whether a text can be the URL of an API. */
export function isApi (text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, search, username } = new URL(text)
  return /^https?:$/.test(protocol) && search === '' && username === ''
}
