import type { Bus } from '../events.js'
import type { Provider } from '../message.js'
import { inParallel } from '../parallel.js'
import { globalKey, senderKey } from '../redis/keys.js'
import { redisNowMs } from '../redis/server-clock.js'
import type { Store } from '../redis/store.js'
import { every, reportError } from '../redis/unavailable.js'
import type { SenderRegistry } from '../sender-registry.js'
import { isJsonObject } from '../values/json.js'
import { followDailyLimit } from './daily.js'
import { followHealth, WHILE_BLOCKED_MS, type HealthDeps } from './health.js'
import { bucketOf, DAILY_LIMIT_FIELD, readNode, type NumberNode } from './levels.js'

export interface CeilingDeps {
  store: Store
  events: Bus
  provider: Pick<Provider, 'get'>
  senders: Pick<SenderRegistry, 'ids' | 'has' | 'settingsOf'>
  /** Time between two reads of a number's node, ms, a minute at least; 0 if none is read, and no limit is known. */
  throughputPollMs: number
  /** Whether the health of a number may stop it. */
  healthStatus: HealthDeps['healthStatus']
}

type FollowDeps = Pick<CeilingDeps, 'store' | 'events' | 'throughputPollMs'>

const TICK_MS = 2000
const CONCURRENCY = 5
const LEAST_MS = 60_000
/** The second list if WhatsApp does not know a field of the first one: one unknown field fails the whole request. */
const FIELDS = ['display_phone_number,throughput,platform_type,is_on_biz_app', 'display_phone_number,throughput']
const UNKNOWN_FIELD = '100'

/** The entry of a number among the accounts in `account-reads`. */
const entryOf = (sender: string): string => `number:${sender}`

/**
 * Reads the limit and the health of each sender's number from its node: at the start, then daily, and soon after a hint. Each number is read by one
 * node at a time. A read that fails changes nothing, whatever its code.
 */
export function startCeilingPolls (deps: CeilingDeps): { stop: () => Promise<void> } {
  const { store, events, senders } = deps
  if (deps.throughputPollMs === 0) return { stop: async () => {} }
  const throughputPollMs = Math.max(LEAST_MS, deps.throughputPollMs)
  const key = globalKey(store.prefix, 'account-reads')
  const isStarted = new Set<string>()
  async function tick (): Promise<void> {
    const ids = senders.ids()
    if (ids.length === 0) return
    const fresh = ids.filter(id => !isStarted.has(id))
    await inParallel(fresh, CONCURRENCY, async id => {
      await hintCeiling(store, id)
      isStarted.add(id)
    })
    const [nowMs, scheduled] = await Promise.all([redisNowMs(store.redis, key), store.redis.zrange(key, 0, -1, 'WITHSCORES')])
    const dues = new Map(Array.from({ length: scheduled.length / 2 }, (_, at) => [scheduled[2 * at], Number(scheduled[2 * at + 1])]))
    const isDue = (dueMs = 0): boolean => dueMs <= nowMs || dueMs > nowMs + throughputPollMs
    const due = ids.filter(id => isDue(dues.get(entryOf(id))))
    await inParallel(due, CONCURRENCY, async sender => {
      const account = entryOf(sender)
      const { status } = await store.run('schedule-read', { sender: '' }, { account, step: 'begin', afterMs: throughputPollMs, code: '' })
      if (status === 'begun') await readCeiling({ ...deps, throughputPollMs }, sender)
    })
  }
  return every(TICK_MS, events, 'ceilings', tick)
}

/** WhatsApp has stopped a sender: its health says why, in Meta's words. */
export function readAfterStops ({ store, events, throughputPollMs }: FollowDeps): void {
  if (throughputPollMs === 0) return
  const follow = ({ sender, code }: { sender: string, code: string }): void => {
    // Its health has made this stop.
    if (!code.startsWith('HEALTH_')) hintCeiling(store, sender).catch(error => { reportError(events, 'health', error) })
  }
  events.on('sender.stopped', follow)
  events.on('templates.stopped', follow)
}

/** Has the node of a number read soon: something about it may have changed. */
export async function hintCeiling (store: Store, sender: string): Promise<void> {
  await store.run('schedule-read', { sender: '' }, { account: entryOf(sender), step: 'hint', afterMs: 0, code: '' })
}

/** A webhook says that a number has changed. It names it by its digits alone, and may come late: only an upgrade counts before the next read. */
export async function followNumber (
  { store, events, throughputPollMs }: FollowDeps, senders: readonly string[],
  { number, isUpgrade }: { number: string, isUpgrade: boolean }
): Promise<void> {
  if (throughputPollMs === 0) return
  const numbers = await inParallel(senders, CONCURRENCY, async sender => await store.redis.hget(senderKey(store.prefix, sender, 'sender'), 'number'))
  const named = senders.filter((_, i) => number !== '' && numbers[i] === number)
  await inParallel(named.length > 0 ? named : senders, CONCURRENCY, async sender => {
    if (isUpgrade && named.length > 0) await writeCeiling({ store, events }, sender, 'webhook', { level: 'HIGH', number })
    await hintCeiling(store, sender)
  })
}

/** A webhook says what the daily limit of a portfolio is. It may come late: its node says it for certain. */
export async function followCapability (
  { store, events, throughputPollMs }: FollowDeps, senders: readonly string[], limit: number
): Promise<void> {
  await inParallel(senders, CONCURRENCY, async sender => {
    await followDailyLimit({ store, events }, sender, 'webhook', limit)
    if (throughputPollMs > 0) await hintCeiling(store, sender)
  })
}

/** A webhook says that WhatsApp has rejected a message for the limit, and not which one. */
export async function followRejection (store: Store, sender: string): Promise<void> {
  await store.run('set-ceiling', { sender }, { step: 'rejected', ...bucketOf(null), number: '' })
}

/** Forgets the limit of a sender, where none is read. */
export async function forgetCeiling (store: Store, sender: string): Promise<void> {
  await store.run('set-ceiling', { sender }, { step: 'off', ...bucketOf(null), number: '' })
}

async function writeCeiling (
  { store, events }: Pick<CeilingDeps, 'store' | 'events'>, sender: string, step: 'node' | 'webhook', { level, number }: NumberNode
): Promise<void> {
  const bucket = bucketOf(level)
  const reply = await store.run('set-ceiling', { sender }, { step, ...bucket, number })
  if (reply.status !== 'written' || reply.wasLower === reply.isLower) return
  events.emit('sender.ceiling', { sender, limit: level ?? 'none', perSecond: bucket.perSecond === '' ? null : bucket.perSecond })
}

async function readCeiling (deps: CeilingDeps, sender: string): Promise<void> {
  const { store, events, throughputPollMs } = deps
  const found = await readNumber(deps, sender)
  const isRead = typeof found !== 'string'
  const dailyLimit = isRead ? found.dailyLimit ?? null : null
  if (dailyLimit !== null) await followDailyLimit(deps, sender, 'node', dailyLimit)
  if (isRead) await writeCeiling(deps, sender, 'node', found)
  else events.emit('ceiling.unread', { sender, code: found })
  const ended = isRead ? { step: 'read', code: '' } : { step: 'failed', code: found }
  // A request of its own: an error of one does not spoil the other.
  const { isBlocked, error } = await followHealth(deps, sender)
  if (isRead && error !== undefined) events.emit('health.unread', { sender, code: error })
  const afterMs = isBlocked ? Math.min(throughputPollMs, WHILE_BLOCKED_MS) : throughputPollMs
  await store.run('schedule-read', { sender: '' }, { account: entryOf(sender), afterMs, ...ended })
}

/** What the node says, or the code of the error. */
async function readNumber ({ provider, senders }: CeilingDeps, sender: string): Promise<NumberNode | string> {
  let code = 'NOT_SUPPORTED'
  const daily = (senders.settingsOf(sender)?.daily ?? null) === null ? [] : [`${FIELDS[0] ?? ''},${DAILY_LIMIT_FIELD}`]
  for (const fields of [...daily, ...FIELDS]) {
    const got = await provider.get?.(sender, `${encodeURIComponent(sender)}?fields=${fields}`) ?? { status: 'failed' as const, code }
    if (got.status === 'failed') return got.code
    const node = got.httpStatus === 200 ? readNode(got.body) : null
    if (node !== null) return node
    code = codeOf(got.body) ?? `HTTP_${got.httpStatus}`
    if (code !== UNKNOWN_FIELD) return code
  }
  return code
}

/** Meta's code of an error. */
function codeOf (text: string): string | null {
  try {
    const body: unknown = JSON.parse(text)
    const error = isJsonObject(body) && isJsonObject(body['error']) ? body['error'] : {}
    return Number.isSafeInteger(error['code']) && Number(error['code']) >= 0 && Number(error['code']) < 1e9 ? String(error['code']) : null
  } catch {
    return null
  }
}
