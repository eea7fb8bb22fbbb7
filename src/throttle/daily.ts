import type { Store } from '../redis/store.js'
import { UNLIMITED } from './share-plan.js'

/** The daily limit of a sender, by the settings. */
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

/** What WhatsApp says of a sender's limit; null: its node does not say it any more. Returns whether people who wait may go on now. */
export async function followDailyLimit (store: Store, sender: string, by: 'node' | 'webhook', limit: number | null): Promise<boolean> {
  const step = limit === null ? 'unread' : by
  const args = { step, limit: limit ?? UNLIMITED, portfolio: '-', portfolioLimit: UNLIMITED, ramp: '' }
  const reply = await store.run('set-daily-limit', { sender }, args)
  return reply.status === 'written' && reply.was !== reply.limit
}
