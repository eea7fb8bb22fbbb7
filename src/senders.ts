import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Static } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import { Ajv } from 'ajv'
import { SluiceError } from './errors.js'
import type { UnknownPolicy } from './message.js'

/** One entry of WHATSAPP_SENDERS_FILE. Settings are the defaults of missing fields. docs/senders.md describes each field. */
const EntrySchema = Type.Object({
  id: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }),
  accessToken: Type.Optional(Type.String({ minLength: 1 })),
  accessTokenFile: Type.Optional(Type.String({ minLength: 1 })),
  apiUrl: Type.Optional(Type.String({ minLength: 1 })),
  appSecrets: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { maxItems: 10 })),
  rules: Type.Optional(Type.Object({
    pairIntervalMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 366 * 86_400_000 })),
    pairBurst: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
    perSecond: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
    maxInFlight: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 }))
  }, { additionalProperties: false })),
  onUnknown: Type.Optional(Type.Union([Type.Literal('retry'), Type.Literal('fail')]))
}, { additionalProperties: false })

export const SendersFileSchema = Type.Array(EntrySchema, { minItems: 1, maxItems: 10_000 })
type Entry = Static<typeof EntrySchema>

/** One business phone number with its credentials and rules. */
export interface SenderSettings {
  /** Phone number id. */
  id: string
  /** Empty against the sandbox. */
  accessToken: string
  /** File from which the token is read repeatedly; null if the token is part of the settings. */
  accessTokenFile: string | null
  /** URL of the API, with its version. */
  apiUrl: string
  /** Secrets of the Meta apps that may sign webhooks for this number. */
  appSecrets: string[]
  /** As in throttle/rules.ts: ms, count, messages per second, requests in flight. */
  rules: { pairIntervalMs: number, pairBurst: number, perSecond: number, maxInFlight: number }
  /** null: UNKNOWN_OUTCOME applies. */
  onUnknown: UnknownPolicy | null
}

/** The settings of the only sender, or the defaults of the senders in a file. */
export interface SenderSource {
  SANDBOX: boolean
  WHATSAPP_SENDERS_FILE: string
  WHATSAPP_PHONE_NUMBER_ID: string
  WHATSAPP_ACCESS_TOKEN: string
  WHATSAPP_APP_SECRET: string
  WHATSAPP_API_URL: string
  WHATSAPP_RATE_LIMIT_MS: number
  WHATSAPP_RATE_LIMIT_BURST: number
  WHATSAPP_SENDER_RATE_PER_SECOND: number
  MAX_IN_FLIGHT_PER_SENDER: number
  /** The file of WHATSAPP_ACCESS_TOKEN, if it was read from one. */
  accessTokenFile: string | null
}

/**
 * The senders of the file, the first being the default one, or the one of WHATSAPP_PHONE_NUMBER_ID. Every call reads all files, so a reload
 * is another call. Throws CONFIG_INVALID with entry and field; the error never contains a token.
 */
export function readSenders (source: SenderSource): SenderSettings[] {
  const { accessTokenFile } = source
  const appSecrets = source.WHATSAPP_APP_SECRET.split(',').map(secret => secret.trim()).filter(secret => secret !== '')
  const common = { apiUrl: source.WHATSAPP_API_URL, appSecrets, onUnknown: null }
  const rules = {
    pairIntervalMs: source.WHATSAPP_RATE_LIMIT_MS,
    pairBurst: source.WHATSAPP_RATE_LIMIT_BURST,
    perSecond: source.WHATSAPP_SENDER_RATE_PER_SECOND,
    maxInFlight: source.MAX_IN_FLIGHT_PER_SENDER
  }
  if (source.WHATSAPP_SENDERS_FILE === '') {
    const accessToken = accessTokenFile === null ? source.WHATSAPP_ACCESS_TOKEN : readToken(accessTokenFile)
    return [{ ...common, id: source.WHATSAPP_PHONE_NUMBER_ID, accessToken, accessTokenFile, rules }]
  }
  const file = resolve(source.WHATSAPP_SENDERS_FILE)
  const entries = parse(readText(file, 'WHATSAPP_SENDERS_FILE'))
  const ids = new Set<string>()
  return entries.map((entry, at) => {
    const wrong = (field: string, detail: string): SluiceError => invalid(`entry ${at + 1} ("${entry.id}"), ${field}: ${detail}`)
    if (ids.has(entry.id)) throw wrong('id', 'duplicate id')
    ids.add(entry.id)
    const path = entry.accessTokenFile === undefined ? null : resolve(dirname(file), entry.accessTokenFile)
    const sender: SenderSettings = {
      ...common,
      id: entry.id,
      accessToken: tokenOf(entry, path, source.SANDBOX, wrong),
      accessTokenFile: path,
      rules: { ...rules, ...entry.rules },
      ...(entry.apiUrl === undefined ? {} : { apiUrl: entry.apiUrl }),
      ...(entry.appSecrets === undefined ? {} : { appSecrets: entry.appSecrets }),
      ...(entry.onUnknown === undefined ? {} : { onUnknown: entry.onUnknown })
    }
    if (!isApi(sender.apiUrl)) throw wrong('apiUrl', 'must be an http(s) URL without query or credentials')
    return sender
  })
}

function tokenOf (entry: Entry, path: string | null, isSandbox: boolean, wrong: (field: string, detail: string) => SluiceError): string {
  if (entry.accessToken !== undefined && path !== null) throw wrong('accessTokenFile', 'accessToken is set as well: remove one of them')
  if (isSandbox) {
    if (entry.accessToken !== undefined || path !== null) throw wrong('accessToken', 'SANDBOX=1 and a token are mutually exclusive')
    return ''
  }
  if (path !== null) return readToken(path, detail => wrong('accessTokenFile', detail))
  if (entry.accessToken === undefined) throw wrong('accessToken', 'missing, and accessTokenFile as well (only SANDBOX=1 needs no token)')
  if (!isToken(entry.accessToken)) throw wrong('accessToken', 'must be printable ASCII without spaces or line breaks')
  return entry.accessToken
}

/** The token in a file, without the line break that usually ends it. Throws CONFIG_INVALID. */
export function readToken (path: string, wrong: (detail: string) => SluiceError = detail => invalid(detail, 'WHATSAPP_ACCESS_TOKEN_FILE')): string {
  let token
  try {
    token = readFileSync(path, 'utf8').trim()
  } catch {
    throw wrong(`cannot read the file ${path}`)
  }
  if (!isToken(token)) throw wrong(`the file ${path} holds no token: printable ASCII without spaces or line breaks`)
  return token
}

/** Printable ASCII: a line break in a token would fail every message, and only when sent. */
export function isToken (text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text)
}

/** Whether a text can be the URL of an API. */
export function isApi (text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, search, username } = new URL(text)
  return /^https?:$/.test(protocol) && search === '' && username === ''
}

const validate = new Ajv({ allErrors: false }).compile<Entry[]>(SendersFileSchema)

function parse (text: string): Entry[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The parser's message may quote the file, and so a token.
    throw invalid('the file is not valid JSON')
  }
  if (validate(value)) return value
  const [problem] = validate.errors ?? []
  const [, at, ...path] = (problem?.instancePath ?? '').split('/')
  if (at === undefined) throw invalid(`the file ${problem?.message ?? 'is not a list of senders'}`)
  const entry = (value as unknown[])[Number(at)]
  const id = typeof entry === 'object' && entry !== null && 'id' in entry && typeof entry.id === 'string' ? ` ("${entry.id}")` : ''
  const { additionalProperty, missingProperty } = (problem?.params ?? {}) as { additionalProperty?: string, missingProperty?: string }
  const field = [...path, ...[additionalProperty ?? missingProperty ?? []].flat()].join('.')
  const sentence = reason(problem?.message, { additionalProperty, missingProperty })
  throw invalid(`entry ${Number(at) + 1}${id}${field === '' ? '' : `, ${field}`}: ${sentence}`)
}

function reason (message: string | undefined, named: Record<'additionalProperty' | 'missingProperty', string | undefined>): string {
  if (named.additionalProperty !== undefined) return 'unknown field'
  return named.missingProperty !== undefined ? 'missing' : message ?? 'not valid'
}

function readText (path: string, setting: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw invalid(`cannot read the file ${path}`, setting, cause)
  }
}

function invalid (detail: string, field = 'WHATSAPP_SENDERS_FILE', cause?: unknown): SluiceError {
  return new SluiceError('CONFIG_INVALID', { detail: `${field}: ${detail}`, field, ...(cause === undefined ? {} : { cause }) })
}
