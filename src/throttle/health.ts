import type { Bus } from '../events.js'
import type { Provider } from '../message.js'
import type { SenderReply } from '../redis/commands.js'
import { senderKey } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import { healthStates, type HealthProblem, type HealthState, type SenderView } from '../sender-facts.js'
import type { SenderRegistry } from '../sender-registry.js'
import { isJsonObject } from '../values/json.js'
import { formatTime } from '../values/time.js'

export interface HealthDeps {
  store: Store
  events: Bus
  provider: Pick<Provider, 'get'>
  senders: Pick<SenderRegistry, 'settingsOf'>
  /** `stop`: a cause that is known to stop messages does so before WhatsApp rejects one. `show`: it is only shown. */
  healthStatus: 'stop' | 'show'
}

/** What WhatsApp says, from its worst part. */
export interface Health { state: HealthState, problems: HealthProblem[] }

/** Time to the next read while something is blocked. */
export const WHILE_BLOCKED_MS = 5 * 60_000

/** What says whether a message of this sender is sent. Others of a node are its template, and what is not known yet. */
const ENTITIES: ReadonlySet<string> = new Set(['PHONE_NUMBER', 'WABA', 'BUSINESS', 'APP'])
/** Of these, what stops messages where it is blocked: an app may have another cause, such as a mode for its development. */
const STOPPING: ReadonlySet<string> = new Set(['PHONE_NUMBER', 'WABA', 'BUSINESS'])
/** Codes of calls alone, which have made the state of messages look worse. */
const OF_CALLS: ReadonlySet<number> = new Set([138_024, 138_025])
/** What is known of a code. Any other one of a blocked entity is only shown: WhatsApp's response to a message decides. */
const SCOPES: ReadonlyMap<number, 'sender' | 'templates'> =
  new Map([[131_031, 'sender'], [141_008, 'sender'], [141_014, 'sender'], [141_006, 'templates']])
const MOST_ENTITIES = 6
const MOST_ERRORS = 2
const MOST_TEXT = 300

/**
 * Reads `health_status` of a number's node. Null for anything but one, which changes nothing. The state is that of the entities: the one that Meta
 * computes also has calls in it. An entity of another type or state is ignored.
 */
export function readHealth (text: string): Health | null {
  const body = parse(text)
  const status = isJsonObject(body) ? body['health_status'] : undefined
  const entities = isJsonObject(status) && Array.isArray(status['entities']) ? status['entities'].filter(isJsonObject) : []
  const known = entities.slice(0, MOST_ENTITIES).flatMap(({ entity_type: entity, can_send_message: sends, errors, additional_info: info, id }) => {
    const state = healthStates.find(one => one !== 'unknown' && one.toUpperCase() === sends)
    if (typeof entity !== 'string' || !ENTITIES.has(entity) || state === undefined) return []
    const found = Array.isArray(errors) ? errors.filter(isJsonObject).map(readError) : []
    const ofMessages = found.filter(({ code }) => code === null || !OF_CALLS.has(code))
    // All of it is about calls.
    if (found.length > 0 && ofMessages.length === 0) return [{ entity, state: 'available' as const, id: idOf(id), errors: [], info: [] }]
    const sentences = Array.isArray(info) ? info.flatMap(one => textOf(one) ?? []) : []
    return [{ entity, state, id: idOf(id), errors: ofMessages.slice(0, MOST_ERRORS), info: sentences.slice(0, MOST_ERRORS) }]
  })
  if (known.length === 0) return null
  const problems = known.filter(({ state }) => state !== 'available')
  const state = problems.some(one => one.state === 'blocked') ? 'blocked' : problems.length > 0 ? 'limited' : 'available'
  return { state, problems }
}

/** What a blocked entity stops, and the name of the cause; null for nothing. A stop of the sender is also one of its templates. */
export function causeOf ({ problems }: Health): { scope: 'sender' | 'templates', cause: string } | null {
  const stopping = problems.filter(({ entity, state }) => state === 'blocked' && STOPPING.has(entity))
  const codes = stopping.flatMap(({ errors }) => errors.map(({ code }) => code))
  for (const scope of ['sender', 'templates'] as const) {
    const code = codes.find(one => one !== null && SCOPES.get(one) === scope)
    if (code !== undefined) return { scope, cause: `HEALTH_${String(code)}` }
  }
  return null
}

/**
 * Reads the health of a sender's number, and stops or resumes what it concerns. A read that fails changes nothing. `isBlocked`: as far as is known.
 * `error`: code of a read that failed.
 */
export async function followHealth (deps: HealthDeps, sender: string): Promise<{ isBlocked: boolean, error?: string }> {
  const { store, provider } = deps
  const got = await provider.get?.(sender, `${encodeURIComponent(sender)}?fields=health_status`)
  const health = got?.status === 'responded' && got.httpStatus === 200 ? readHealth(got.body) : null
  if (health === null) {
    const known = await store.redis.hget(senderKey(store.prefix, sender, 'sender'), 'health') ?? ''
    const error = got?.status === 'responded' ? `HTTP_${got.httpStatus}` : got?.code ?? 'NOT_SUPPORTED'
    return { isBlocked: known.includes(' {"state":"blocked"'), error }
  }
  await writeHealth(deps, sender, health)
  return { isBlocked: health.state === 'blocked' }
}

/** Forgets the health of a sender, and ends the stop that it has made, where none is read. */
export async function forgetHealth (store: Store, sender: string): Promise<void> {
  await store.run('set-health', { sender }, { facts: '', scope: '', cause: '-' })
}

async function writeHealth ({ store, events, senders, healthStatus }: HealthDeps, sender: string, health: Health): Promise<void> {
  const account = senders.settingsOf(sender)?.accountId ?? null
  const found = healthStatus === 'stop' ? causeOf(health) : null
  // Without an account no message is known to be one of a template.
  const { scope, cause } = found === null || (found.scope === 'templates' && account === null) ? { scope: '', cause: '-' } : found
  const { stopped, ended } = await store.run('set-health', { sender }, { facts: JSON.stringify(health), scope, cause })
  if (stopped === 'sender') events.emit('sender.stopped', { sender, code: cause, error: 'reported by health_status' })
  if (stopped === 'templates') events.emit('templates.stopped', { sender, account: account ?? '', code: cause, isOfAccount: false })
  if (ended === 'sender') events.emit('sender.resumed', { sender })
}

/** The field `health` of :sender, as set-health.lua writes it. */
export function healthView ({ health }: Pick<SenderReply, 'health'>): SenderView['health'] {
  const [, readMs = '', text = ''] = /^(\d+) \S+ (.*)$/s.exec(health) ?? []
  const facts = parse(text)
  if (!isJsonObject(facts)) return { state: 'unknown', readAt: null, problems: [] }
  return { readAt: formatTime(Number(readMs)), ...facts as unknown as Health }
}

function readError ({ error_code: code, error_description: description, possible_solution: solution }: Record<string, unknown>):
HealthProblem['errors'][0] {
  const number = typeof code === 'string' && /^\d{1,9}$/.test(code) ? Number(code) : code
  return {
    code: typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 && number < 1e9 ? number : null,
    description: textOf(description),
    solution: textOf(solution)
  }
}

/** On one line, for people to read. */
function textOf (value: unknown): string | null {
  // eslint-disable-next-line no-control-regex
  const text = typeof value === 'string' ? value.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim() : ''
  return text === '' ? null : text.slice(0, MOST_TEXT)
}

function idOf (id: unknown): string | null {
  return typeof id === 'string' && /^\d{1,30}$/.test(id) ? id : null
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
