/** Days that pass in the matrix, and to how many people a sender has written on each. */
import { Redis } from 'ioredis'
import type { Arrived } from '../prove/history.js'
import type { Stage } from './stage.js'

/** How many people the daily limit of these cells allows. */
export const PEOPLE_A_DAY = 3
export const DAILY = { DAILY_LIMIT: 'auto', WHATSAPP_PORTFOLIO: 'acme', PORTFOLIO_DAILY_LIMIT: String(PEOPLE_A_DAY) }

/** Unless a grant is out: the request that it permits would arrive on the next day. */
const NEXT_DAY = `
if redis.call('HLEN', KEYS[2]) > 0 then return 0 end
for _, person in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('ZINCRBY', KEYS[1], -ARGV[1], person) end
return 1`

/** Makes all people who are counted a day and ten minutes older. */
export async function passDay ({ prefix, redisPort, sender, days }: Pick<Stage, 'prefix' | 'redisPort' | 'sender' | 'days'>): Promise<void> {
  const redis = new Redis(redisPort, '127.0.0.1')
  const key = (name: string): string => `{${prefix}:${sender}}:${name}`
  if (await redis.eval(NEXT_DAY, 2, key('daily'), key('grants'), 87_000_000) === 1) days.push(performance.timeOrigin + performance.now())
  await redis.quit()
}

/** No webhook was missed for two days, so that what is not recorded is closed. */
export async function knowWindows ({ prefix, redisPort, sender }: Stage): Promise<void> {
  const redis = new Redis(redisPort, '127.0.0.1')
  const now = Date.now()
  await redis.hset(`{${prefix}:${sender}}:sender`, 'windows', `${now - 2 * 86_400_000} ${now} 0`)
  await redis.quit()
}

/** The sender has joined its portfolio again, so that the next round gives it a share. */
export async function joinPortfolio ({ prefix, redisPort, sender }: Stage): Promise<void> {
  const redis = new Redis(redisPort, '127.0.0.1')
  await redis.hset(`{${prefix}:${sender}}:sender`, 'dailyShare', `${DAILY.WHATSAPP_PORTFOLIO} 0 ${Date.now()}`)
  await redis.quit()
}

/** `days`: when each began. Only templates count. */
export function crowdedDays (arrivals: Arrived[], templates: Set<string>, days: number[]): string[] {
  const people = new Map<number, Set<string>>()
  for (const { key, at, pair } of arrivals) {
    if (!templates.has(key)) continue
    const day = days.filter(begin => begin <= at).length
    people.set(day, (people.get(day) ?? new Set()).add(pair))
  }
  return [...people].flatMap(([day, { size }]) => size > PEOPLE_A_DAY ? [`${size} people on day ${day}, ${PEOPLE_A_DAY} are allowed`] : [])
}
