/** The callers of the API: their keys, roles and limits, from API_KEYS or from the file of API_KEYS_FILE. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Static } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import { SluiceError } from './errors.js'
import type { Category, Edge, Lane } from './message.js'
import { categories, lanes } from './message.js'
import { createReader } from './settings/json-list.js'
import type { Problems } from './settings/problems.js'
import { createProblems, didYouMean } from './settings/problems.js'
import { CAMPAIGN_NAME } from './values/campaign-name.js'
import { sentenceOf } from './values/invalid.js'
import { decodeUtf8 } from './values/json.js'

export const roles = ['send', 'read', 'admin'] as const
export type Role = typeof roles[number]

/** What a caller may post. `null` and absence of a limit: everything that its role permits. */
export interface CallerLimits {
  senders: readonly string[] | null
  lanes: readonly Lane[] | null
  categories: readonly Category[] | null
  /** The lane of a message that names none. */
  defaultLane: Lane
  /** The campaign of a message that names none. */
  defaultCampaign?: string
  /** Messages that it may post in a second, over all senders and nodes, and at once after a pause. */
  rate: { perSecond: number, burst: number } | null
  /** Its share of a lane in which several callers have messages waiting. */
  weight: number
  /** Messages of it that a sender takes before they have ended; below 1 a share of what the sender takes. */
  backlog: number | null
}

/** Who makes a request: the name of its key is part of each idempotency key, and owns its messages. */
export interface Caller { name: string, role: Role, limits?: CallerLimits }

/** A caller with the SHA-256 of its keys, in hex; two while they are exchanged. */
export interface CallerSettings { caller: Caller, keys: readonly string[] }

/** Without API keys the gateway listens on loopback only, and every caller is admin. */
export const anonymous: Caller = { name: 'anonymous', role: 'admin' }

const words = <Word extends string>(list: readonly Word[]) => Type.Union(list.map(word => Type.Literal(word)))
const NAME = '^[A-Za-z0-9_-]{1,32}$'
const KEY = /^[\x21-\x7e]{16,200}$/
const HASHED = /^sha256:([0-9a-f]{64})$/
/** Entries of the file. Metrics have a series for each name. */
const MOST = 200

/** One entry of API_KEYS_FILE. docs/callers.md describes each field. */
const EntrySchema = Type.Object({
  name: Type.String({ pattern: NAME }),
  role: words(roles),
  keys: Type.Array(Type.String(), { minItems: 1, maxItems: 2 }),
  senders: Type.Optional(Type.Array(Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }), { minItems: 1, maxItems: 10_000 })),
  lanes: Type.Optional(Type.Array(words(lanes), { minItems: 1, maxItems: lanes.length })),
  categories: Type.Optional(Type.Array(words(categories), { minItems: 1, maxItems: categories.length })),
  defaultLane: Type.Optional(words(lanes)),
  defaultCampaign: Type.Optional(Type.String({ pattern: CAMPAIGN_NAME })),
  rate: Type.Optional(Type.Object({
    perSecond: Type.Number({ minimum: 0.001, maximum: 100_000 }),
    burst: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 }))
  }, { additionalProperties: false })),
  weight: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  backlog: Type.Optional(Type.Number({ minimum: 0.000_001, maximum: 100_000_000 }))
}, { additionalProperties: false })

type Entry = Static<typeof EntrySchema>
const FILE = 'API_KEYS_FILE'
/** Values of other fields are repeated in errors; a key never is. */
const secret = ['keys']
const readEntries = createReader<Entry>({ setting: FILE, schema: EntrySchema, label: 'name', minItems: 1, maxItems: MOST, secret })

/** `API_KEYS`: `name:key:role,...`. `apiKeysFile`: a file with the same, or with a list in JSON; null if the keys are not read from a file. */
export interface CallerSource { API_KEYS: string, apiKeysFile: string | null }

/**
 * All callers; none without keys. Every call reads the file, so a reload is another call. Throws CONFIG_INVALID with every wrong entry and
 * field; the error never contains a key.
 */
export function readCallers (source: CallerSource): CallerSettings[] {
  const problems = createProblems()
  const { apiKeysFile: path } = source
  const text = path === null ? source.API_KEYS : readText(path, problems)
  const callers = path !== null && isList(text) ? readList(path, problems) : parseKeys(text, problems)
  if (path !== null && callers.length === 0 && !problems.has(FILE, 'API_KEYS')) problems.add(FILE, `${FILE}: the file ${path} has no key`)
  problems.throwAny()
  return callers
}

/** Whether the text of API_KEYS_FILE is a list in JSON. */
export function isList (text: string): boolean {
  return /^\s*[[{]/.test(text)
}

function readText (path: string, problems: Problems): string {
  try {
    const text = decodeUtf8(readFileSync(path))
    if (text !== null) return text
    problems.add(FILE, `${FILE}: the file ${path} is not UTF-8`)
  } catch {
    problems.add(FILE, `${FILE}: the file ${path} cannot be read`)
  }
  return ''
}

function readList (path: string, problems: Problems): CallerSettings[] {
  const names = new Set<string>()
  const owners = new Map<string, string>()
  return readEntries(path, problems).map(({ entry, wrong }) => {
    const { name, role } = entry
    if (names.has(name)) wrong('name', 'given twice: an entry has up to two keys')
    names.add(name)
    const keys = entry.keys.flatMap((key, i) => {
      const hashed = hashOf(key)
      if (hashed === null) {
        wrong(`keys.${i}`, 'must be 16 to 200 printable ASCII characters without spaces, or sha256: and 64 hexadecimal digits; ' +
          'it is (hidden). `npx sluice keys new` makes one')
        return []
      }
      const owner = owners.get(hashed)
      if (owner !== undefined) wrong(`keys.${i}`, `the same key as one of ${owner}: each key belongs to one caller`)
      owners.set(hashed, name)
      return [hashed]
    })
    const allowed = entry.lanes ?? null
    const { defaultLane = allowed === null || allowed.includes('normal') ? 'normal' : allowed[0] ?? 'normal' } = entry
    if (allowed !== null && !allowed.includes(defaultLane)) wrong('defaultLane', `must be one of lanes: ${allowed.join(', ')}; it is ${defaultLane}`)
    if ((entry.backlog ?? 0) > 1 && !Number.isInteger(entry.backlog)) {
      wrong('backlog', `must be a share below 1, or a whole number of messages; it is ${entry.backlog}`)
    }
    const limits: CallerLimits = {
      senders: entry.senders ?? null,
      lanes: allowed,
      categories: entry.categories ?? null,
      defaultLane,
      ...(entry.defaultCampaign === undefined ? {} : { defaultCampaign: entry.defaultCampaign }),
      rate: entry.rate === undefined ? null : { burst: Math.ceil(entry.rate.perSecond), ...entry.rate },
      weight: entry.weight ?? 1,
      backlog: entry.backlog ?? null
    }
    return { caller: { name, role, limits }, keys }
  })
}

/** The SHA-256 of a key, or of what a `sha256:` entry names; null if it is neither. */
function hashOf (key: string): string | null {
  const [, hashed] = HASHED.exec(key) ?? []
  if (hashed !== undefined) return hashed
  return KEY.test(key) && !key.startsWith('sha256:') ? hashKey(key) : null
}

/** A key as it is compared. Keys are random and long, so a fast hash without salt is enough. */
export function hashKey (key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

/** `name:key:role,...`. A caller with two entries of one role has two keys. Each problem names the caller, or the number of the entry. */
function parseKeys (text: string, problems: Problems): CallerSettings[] {
  const wrong = (detail: string): [] => {
    problems.add('API_KEYS', `API_KEYS: ${detail}`)
    return []
  }
  const entries = text.split(/[,\n]/).map(entry => entry.trim()).filter(entry => entry !== '')
  const keys = entries.flatMap((entry, i): Array<{ name: string, key: string, role: Role }> => {
    const [name = '', key, role = '', ...more] = entry.split(':')
    if (key === undefined) return wrong(`entry ${i + 1} is not name:key:role`)
    if (!new RegExp(NAME).test(name)) return wrong(`entry ${i + 1}: a name is 1 to 32 letters, digits, - or _`)
    if (more.length > 0) return wrong(`the key of ${name} contains a colon: an entry is name:key:role`)
    if (!/^[\x21-\x7e]*$/.test(key)) return wrong(`the key of ${name} must be printable ASCII without spaces: no other can be sent in a header`)
    if (key.length < 16) return wrong(`the key of ${name} has fewer than 16 characters`)
    if (role !== 'send' && role !== 'read' && role !== 'admin') {
      return wrong(`the role of ${name} has to be send, read or admin${didYouMean(role, roles)}`)
    }
    return [{ name, key, role }]
  })
  for (const [i, { key, name, role }] of keys.entries()) {
    const first = keys.slice(0, i).find(earlier => earlier.key === key && (earlier.name !== name || earlier.role !== role))
    if (first !== undefined) wrong(`the keys of ${first.name} (${first.role}) and ${name} (${role}) are equal: each entry needs its own`)
  }
  return keys.map(({ name, key, role }) => ({ caller: { name, role }, keys: [hashKey(key)] }))
}

/** The lane of a message that names none. */
export function laneOf ({ limits }: Caller): Lane {
  return limits?.defaultLane ?? 'normal'
}

/** Whether the lane of a campaign may take the place of its own. */
export function mayUseAnyLane ({ limits }: Caller): boolean {
  return limits === undefined || limits.lanes === null
}

/**
 * Why a caller may not post such a message: NOT_PERMITTED with each wrong field; undefined if it may. Without a lane it is no message, and only
 * its sender counts.
 */
export function notPermitted (
  { name, limits }: Caller, { sender, lane, category, edge }: { sender: string, lane?: Lane, category?: Category, edge?: Edge }
): SluiceError | undefined {
  if (limits === undefined) return undefined
  const asked = [
    { field: 'sender', value: sender, allowed: limits.senders },
    ...(lane === undefined
      ? []
      : [
          { field: 'priority', value: lane, allowed: limits.lanes },
          { field: 'category', value: edge === 'marketing_messages' ? 'marketing' : category, allowed: limits.categories }
        ])
  ]
  const wrong = asked.flatMap(({ field, value, allowed }) => {
    if (allowed === null || allowed.some(one => one === value)) return []
    const list = `${allowed.slice(0, 5).join(', ')}${allowed.length > 5 ? ', …' : ''}`
    const detail = `must be ${allowed.length === 1 ? list : `one of ${list}`} for the key of ${name}`
    return [{ field, detail, ...(value === undefined ? {} : { value }), allowed: [...allowed] }]
  })
  const [first] = wrong
  if (first === undefined) return undefined
  return new SluiceError('NOT_PERMITTED', { detail: wrong.map(error => sentenceOf(error)).join('; '), field: first.field, errors: wrong })
}

/** The callers that this node knows. A reload changes what it returns, and nothing else. */
export interface CallerRegistry {
  /** False without API keys: then every caller is anonymous. */
  readonly hasKeys: boolean
  /** The caller with this API key; undefined for an unknown key. */
  readonly find: (key: string) => Caller | undefined
  /** Each name once, in the order of the settings. */
  readonly names: () => readonly string[]
  /** Each caller once. */
  readonly list: () => readonly Caller[]
  /**
   * The argument `caller` of admit.lua: the name, `*` and a weight that is not 1, `/` and its limit of a backlog. Empty for a caller without a limit
   * where only one may post. `cap`: messages of a sender that may be unsettled.
   */
  readonly shareOf: (name: string, cap: number) => string
  /** How many messages of this caller may be unsettled at a sender; null for no limit of its own. */
  readonly backlogOf: (name: string, cap: number) => number | null
}

export interface MutableCallerRegistry extends CallerRegistry {
  /** Knows these from now on. Requests that are authenticated already keep their caller. */
  readonly replace: (next: readonly CallerSettings[]) => { added: string[], removed: string[] }
}

/**
 * Keys are looked up by their hash, so response times reveal nothing about a key: who does not know it cannot choose how far its hash agrees
 * with another.
 */
export function createCallerRegistry (first: readonly CallerSettings[]): MutableCallerRegistry {
  let byHash = new Map<string, Caller>()
  let byName = new Map<string, Caller>()
  let hasSeveral = false
  const registry: MutableCallerRegistry = {
    hasKeys: first.length > 0,
    find: key => byHash.get(hashKey(key)),
    names: () => [...byName.keys()],
    list: () => [...byName.values()],
    shareOf (name, cap) {
      const { weight = 1 } = byName.get(name)?.limits ?? {}
      const backlog = registry.backlogOf(name, cap)
      if (!hasSeveral && backlog === null) return ''
      return name + (weight === 1 ? '' : `*${weight}`) + (backlog === null ? '' : `/${backlog}`)
    },
    backlogOf (name, cap) {
      const { backlog = null } = byName.get(name)?.limits ?? {}
      return backlog === null ? null : backlog < 1 ? Math.max(1, Math.floor(backlog * cap)) : Math.min(backlog, cap)
    },
    replace (next) {
      const before = byName
      byHash = new Map(next.flatMap(({ caller, keys }) => keys.map(key => [key, caller])))
      byName = new Map(next.map(({ caller }) => [caller.name, caller]))
      if (next.length === 0) byName.set(anonymous.name, anonymous)
      hasSeveral = [...byName.values()].filter(({ role }) => role !== 'read').length > 1
      return { added: [...byName.keys()].filter(name => !before.has(name)), removed: [...before.keys()].filter(name => !byName.has(name)) }
    }
  }
  registry.replace(first)
  return registry
}
