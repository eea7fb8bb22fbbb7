import type { Bus } from '../events.js'
import type { Store } from '../redis/store.js'
import type { DailySettings } from '../senders.js'
import type { SenderReply } from '../redis/commands.js'
import type { DailyLimitReason, SenderView } from '../sender-facts.js'
import { formatTime } from '../values/time.js'
import { UNLIMITED } from './share-plan.js'

const orNull = (limit: number): number | null => limit === UNLIMITED ? null : limit

/** Writes the settings of a start. Null: recipients are not counted. */
export async function writeDailySettings (store: Store, sender: string, settings: DailySettings | null): Promise<void> {
  if (settings === null) {
    await store.run('set-daily-limit', { sender }, { step: 'off', limit: UNLIMITED, portfolio: '-', portfolioLimit: UNLIMITED, ramp: '' })
    return
  }
  const { limit, portfolio, portfolioLimit, ramp } = settings
  await store.run('set-daily-limit', { sender }, {
    step: 'settings',
    limit: limit ?? UNLIMITED,
    portfolio: portfolio ?? '-',
    portfolioLimit: portfolioLimit ?? UNLIMITED,
    ramp: ramp === null ? '' : [ramp.from, ...ramp.limits].join(' ')
  })
}

/**
 * The limit in a text or number of WhatsApp's: a number, also as text, `TIER_2K`, `UNLIMITED` or -1. Null for anything else, which changes nothing.
 * Numbers above a million are no limit.
 */
export function readDailyLimit (value: unknown): number | null {
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim().toUpperCase().replace(/^TIER_/, '') : ''
  if (text === 'UNLIMITED' || text === '-1') return UNLIMITED
  const [, digits, k] = /^(\d{1,9})(K?)$/.exec(text) ?? []
  const limit = Number(digits) * (k === 'K' ? 1000 : 1)
  if (!(limit >= 1)) return null
  return limit > 1_000_000 ? UNLIMITED : limit
}

/** WhatsApp says what a sender's limit is. People who wait and now may go on do so with the next housekeeping, within a minute. */
export async function followDailyLimit (
  { store, events }: { store: Store, events: Bus }, sender: string, by: 'node' | 'webhook', limit: number
): Promise<void> {
  const reply = await store.run('set-daily-limit', { sender }, { step: by, limit, portfolio: '-', portfolioLimit: UNLIMITED, ramp: '' })
  if (reply.status === 'written' && reply.was !== reply.limit) events.emit('sender.daily-limit', { sender, limit: orNull(limit) })
}

/** What inspect-sender.lua returns of the limit. */
export function readDaily ({ daily, dailyUsed: used, dailyPeople: people, dailyWaiting: waiting }: SenderReply): SenderView['daily'] {
  if (daily === '') return null
  const [limitText, reason, freeMs, portfolio, known, source, sinceMs] = daily.split(' ')
  const limit = orNull(Number(limitText))
  return {
    limit,
    reason: reason as DailyLimitReason,
    used,
    free: limit === null ? null : Math.max(0, limit - used),
    people,
    waiting,
    freeAt: freeMs === '0' ? null : formatTime(Number(freeMs)),
    portfolio: portfolio === '-' ? null : portfolio ?? null,
    whatsapp: source === undefined
      ? null
      : { limit: orNull(Number(known)), source: source === 'webhook' ? source : 'node', since: formatTime(Number(sinceMs)) }
  }
}
