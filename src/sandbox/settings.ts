/** What the sandbox enforces; can be changed while it runs. */

import { isObject } from './body.js'

export interface Settings {
  /** Added to every answer, ms. */
  latencyMs: number
  /** Emission interval of a pair, ms; null: no pair limit. */
  pairIntervalMs: number | null
  /** Messages that an idle pair takes at once. */
  pairBurst: number
  /** How much too early, ms, a message of a pair may arrive, for what the network adds to the one before it. */
  pairToleranceMs: number
  /** False turns the pair limit off and keeps its numbers. */
  enforcePair: boolean
  /** Messages of one sender in any second; null: no such limit. */
  throughputPerSecond: number | null
  /** That second is shorter by this, ms, for the same reason. */
  throughputToleranceMs: number
  /** Where statuses are posted to; null: nowhere. */
  webhookUrl: string | null
  /** App secret that signs them. */
  webhookSecret: string
  /** From acceptance to each status, ms; null leaves it out. A failure takes the place of the first. */
  webhookSentMs: number | null
  webhookDeliveredMs: number | null
  webhookReadMs: number | null
  /** Statuses are collected this long, ms, before they are posted together. */
  webhookBatchMs: number
  /** How often each is told. */
  webhookCopies: number
  /** Statuses of messages that nobody here sent, beside each. */
  webhookStrangers: number
  /** Told in the opposite order. */
  webhookBackwards: boolean
  /** Whether `biz_opaque_callback_data` comes back. */
  webhookOpaque: boolean
}

// Meta: one message per 6 s to the same user, with a burst of 45 that has to be paid back; 80 a second per number.
export const defaults: Readonly<Settings> = {
  latencyMs: 20,
  pairIntervalMs: 6_000,
  pairBurst: 45,
  pairToleranceMs: 50,
  enforcePair: true,
  throughputPerSecond: 80,
  throughputToleranceMs: 50,
  webhookUrl: null,
  webhookSecret: 'sandbox-app-secret',
  webhookSentMs: 100,
  webhookDeliveredMs: 500,
  webhookReadMs: null,
  webhookBatchMs: 10,
  webhookCopies: 1,
  webhookStrangers: 0,
  webhookBackwards: false,
  webhookOpaque: true,
}

// The limits remember as many messages of a sender as it may send in a second.
const MAX_COUNT = 100_000

const isDuration = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value <= 2_147_483_647
const isCount = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_COUNT

const checks: Readonly<Record<keyof Settings, readonly [(value: unknown) => boolean, string]>> = {
  latencyMs: [isDuration, 'milliseconds'],
  pairIntervalMs: [(value) => value === null || isDuration(value), 'milliseconds or null'],
  pairBurst: [isCount, 'an integer from 1 to 100,000'],
  pairToleranceMs: [isDuration, 'milliseconds'],
  enforcePair: [(value) => typeof value === 'boolean', 'true or false'],
  throughputPerSecond: [(value) => value === null || isCount(value), 'an integer from 1 to 100,000, or null'],
  throughputToleranceMs: [isDuration, 'milliseconds'],
  webhookUrl: [(value) => value === null || (typeof value === 'string' && /^https?:/.test(value) && URL.canParse(value)), 'an http address or null'],
  webhookSecret: [(value) => typeof value === 'string' && value !== '', 'text'],
  webhookSentMs: [(value) => value === null || isDuration(value), 'milliseconds or null'],
  webhookDeliveredMs: [(value) => value === null || isDuration(value), 'milliseconds or null'],
  webhookReadMs: [(value) => value === null || isDuration(value), 'milliseconds or null'],
  webhookBatchMs: [isDuration, 'milliseconds'],
  webhookCopies: [isCount, 'an integer from 1 to 100,000'],
  webhookStrangers: [(value) => value === 0 || isCount(value), 'an integer from 0 to 100,000'],
  webhookBackwards: [(value) => typeof value === 'boolean', 'true or false'],
  webhookOpaque: [(value) => typeof value === 'boolean', 'true or false'],
}

/** Applies a change, whole or not at all. Returns what is wrong with it, or null. */
export function changeSettings (settings: Settings, change: unknown): string | null {
  if (!isObject(change)) return 'Settings are a JSON object'
  for (const [name, value] of Object.entries(change)) {
    if (!Object.hasOwn(checks, name)) return `There is no setting ${name}`
    const [isValid, expected] = checks[name as keyof Settings]
    if (!isValid(value)) return `${name} must be ${expected}`
  }
  Object.assign(settings, change)
  return null
}
