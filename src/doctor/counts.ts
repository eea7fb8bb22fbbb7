import { AUDIT_CAP, DEAD_LETTERS_CAP, FAILURES_CAP, globalKey, PARKED_CAP, senderKey } from '../redis/keys.js'
import { redisNowMs } from '../redis/server-clock.js'
import type { Area, DoctorDeps, Candidate } from './area.js'
import { ask } from './area.js'

/** A day in spans of ten minutes, and the one that began. */
const SPANS_CAP = 2 * (24 * 6 + 1)
/** TATs that ended more than a day ago, and recipients who counted, wrote or called long ago: housekeeping removes them. */
const IDLE_CAP = 1000
const DAY_US = 86_400_000_000
/** Recipients and their acts are kept for two days; an hour more for housekeeping. */
const ACT_LIFE_MS = 49 * 3_600_000
/** The highest daily limit, and the people whose windows are known. */
const PEOPLE_CAP = 1_000_000

/** Some caps are checked before a batch, and reopened failures exceed them. */
const isOver = (count: number, cap: number): boolean => count > cap + cap / 10 + 100

interface Count { key: string, cap: number, count: () => Promise<number> }

async function countsOf (deps: DoctorDeps, sender: string): Promise<Count[]> {
  const { redis, prefix } = deps
  if (sender === '') {
    const audit = globalKey(prefix, 'audit')
    return [{ key: audit, cap: AUDIT_CAP, count: async () => await redis.xlen(audit) }]
  }
  const key = (name: string): string => senderKey(prefix, sender, name)
  const most = Number(await ask(deps, async () => await redis.hget(key('sender'), 'maxInFlight')) ?? Infinity)
  const nowMs = await ask(deps, async () => await redisNowMs(redis, key('sender')))
  const idleBefore = nowMs * 1000 - DAY_US
  const hash = (name: string, cap: number): Count => ({ key: key(name), cap, count: async () => await redis.hlen(key(name)) })
  const zset = (name: string, cap: number): Count => ({ key: key(name), cap, count: async () => await redis.zcard(key(name)) })
  const list = (name: string, cap: number): Count => ({ key: key(name), cap, count: async () => await redis.llen(key(name)) })
  return [
    hash('backlog', deps.backlogCap),
    hash('callbacks', deps.callbackCap),
    list('outbox', deps.callbackCap),
    list('callbacks-dead', DEAD_LETTERS_CAP),
    zset('inflight', most),
    zset('parked', PARKED_CAP),
    zset('resolved', FAILURES_CAP),
    zset('failed', FAILURES_CAP),
    zset('completed', SPANS_CAP),
    // A message that waits for the end of a stop has two entries.
    zset('suspended', 2 * deps.backlogCap),
    zset('daily-queue', deps.backlogCap),
    zset('daily', PEOPLE_CAP),
    zset('windows', PEOPLE_CAP),
    ...['daily', 'windows'].map(name => (
      { key: `${key(name)}, older than two days`, cap: IDLE_CAP, count: async () => await redis.zcount(key(name), '-inf', nowMs - ACT_LIFE_MS) }
    )),
    { key: key('pair-tat'), cap: IDLE_CAP, count: async () => await redis.zcount(key('pair-tat'), '-inf', idleBefore) }
  ]
}

async function checkCounts (deps: DoctorDeps, sender: string): Promise<Candidate[]> {
  const counted = await Promise.all((await countsOf(deps, sender)).map(async ({ key, cap, count }): Promise<Candidate[]> => {
    const found = await ask(deps, count)
    return isOver(found, cap) ? [{ area: 'counts', kind: 'over-cap', sender, target: key, detail: `${found} entries, cap ${cap}` }] : []
  }))
  return counted.flat()
}

/** The number of entries of what has a cap. */
export const counts: Area = {
  async * search (deps, sender) { yield await checkCounts(deps, sender) },
  async recheck (deps, sender, candidates) {
    const found = await checkCounts(deps, sender)
    return candidates.filter(candidate => found.some(({ target }) => target === candidate.target))
  },
  async repair () {
    return { status: 'left', why: 'find the cause of the growth first' }
  }
}
