import { senderQuota } from './quota.js'
import type { ThroughputLevel } from '../sender-facts.js'
import { isJsonObject } from '../values/json.js'
import { readDailyLimit } from './daily.js'

/**
 * Messages per second of each level, which Meta documents and does not return. A number that is also used in the WhatsApp Business app has a fixed
 * limit, whatever its level. Source: Meta, "Throughput".
 */
export const levels: Record<ThroughputLevel, number> = { STANDARD: 80, HIGH: 1000, COEXISTENCE: 20 }

/** An unknown level sets no limit: its number is not documented. */
export function readLevel (text: string): ThroughputLevel {
  return text === 'HIGH' || text === 'COEXISTENCE' ? text : 'STANDARD'
}

/**
 * What the node of a phone number says. `level`: null for one that sets no limit; `number`: its digits, '' if it has none. `dailyLimit`: -1
 * for no limit; null if it does not say, or something unknown.
 */
export interface NumberNode { level: ThroughputLevel | null, number: string, dailyLimit?: number | null }

/** Of version 24.0 and later. */
export const DAILY_LIMIT_FIELD = 'whatsapp_business_manager_messaging_limit'

/** Reads a phone number's node. Every member may be missing or of another type. Null for anything but a node. */
export function readNode (text: string): NumberNode | null {
  const body = parse(text)
  if (!isJsonObject(body)) return null
  const throughput = isJsonObject(body['throughput']) ? body['throughput']['level'] : undefined
  const name = typeof throughput === 'string' ? throughput.toUpperCase() : ''
  const known = name === 'STANDARD' || name === 'HIGH' ? name : null
  const isOnApp = body['is_on_biz_app'] === true && body['platform_type'] === 'CLOUD_API'
  if (name === '' && !isOnApp) return null
  const [number, dailyLimit] = [digitsOf(body['display_phone_number']), readDailyLimit(body[DAILY_LIMIT_FIELD])]
  return { level: isOnApp ? 'COEXISTENCE' : known, number, dailyLimit }
}

/** `+1 555-078-3881` and `15550783881` are one number. */
export function digitsOf (number: unknown): string {
  const digits = typeof number === 'string' ? number.replace(/\D/g, '') : ''
  return digits.length <= 20 ? digits : ''
}

/** Arguments of set-ceiling.lua for a level. */
export function bucketOf (level: ThroughputLevel | null): { level: string, perSecond: number | '', intervalUs: number | '', burst: number | '' } {
  if (level === null) return { level: '', perSecond: '', intervalUs: '', burst: '' }
  return { level, perSecond: levels[level], ...senderQuota(levels[level]) }
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
