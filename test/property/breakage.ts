import type { Redis } from 'ioredis'
import { loadScripts } from '../../src/redis/scripts.js'

/** One fault put into the scripts: in each of these, the text `right` is replaced. */
export interface Breakage { name: string, scripts: string[], right: string, wrong: string }

/** Faults of the kinds that have been made, each with the promise that it breaks. */
export const breakages: Array<Breakage & { breaks: string }> = [
  { name: 'a late start does not raise the TAT', scripts: ['settle'], right: 'if lease and grant.started then tat', wrong: 'if false then tat', breaks: 'spacing' },
  { name: 'the limiter lets twice as much through', scripts: ['admit', 'claim', 'retake', 'settle'], right: 'return math.max(tat, moment) + quota.interval', wrong: 'return math.max(tat, moment) + math.floor(quota.interval / 2)', breaks: 'spacing' },
  { name: 'a held pair may be granted again', scripts: ['admit', 'retake'], right: 'and not pair.held and', wrong: 'and', breaks: 'two in flight' },
  { name: 'the youngest goes first', scripts: ['claim', 'settle', 'cancel'], right: "redis.call('ZRANGEBYLEX', lines, '[' .. recipient .. ':', '(' .. recipient .. ';'", wrong: "redis.call('ZREVRANGEBYLEX', lines, '(' .. recipient .. ';', '[' .. recipient .. ':'", breaks: 'order' },
  { name: 'the flow lets one more through', scripts: ['claim'], right: 'quota.interval) + quota.burst)', wrong: 'quota.interval) + quota.burst + 1)', breaks: 'rate' },
  { name: 'a promise counts one too many', scripts: ['admit'], right: '(ahead - quota.burst + 1)', wrong: '(ahead - quota.burst + 2)', breaks: 'promise' },
  { name: 'the latest turn goes first', scripts: ['claim'], right: "redis.call('ZRANGEBYSCORE', key.turns[lane], '-inf', int(now), 'WITHSCORES'", wrong: "redis.call('ZREVRANGEBYSCORE', key.turns[lane], int(now), '-inf', 'WITHSCORES'", breaks: 'first come' },
  { name: 'a give-back uses up an attempt', scripts: ['settle'], right: "if lease and verdict ~= 'wait' then record.attempts", wrong: 'if lease then record.attempts', breaks: 'attempts' },
  { name: 'the lower lanes get no share', scripts: ['claim'], right: 'if slot % 10 ~= 0 then', wrong: 'if true then', breaks: 'first come' },
  { name: 'places are not counted', scripts: ['claim'], right: 'want = math.min(want, places,', wrong: 'want = math.min(want,', breaks: 'in flight' },
  { name: 'the next look is a little late', scripts: ['claim'], right: 'math.ceil(first) or -1', wrong: 'math.ceil(first) + 20000 or -1', breaks: 'late' },
  { name: 'a failure is not kept for its retry', scripts: ['settle'], right: "redis.call('ZADD', verdict == 'retry' and key.failures or key.unknown, due, id)", wrong: "if verdict ~= 'retry' then redis.call('ZADD', key.unknown, due, id) end", breaks: 'lost' },
  { name: 'a pause does not hold', scripts: ['claim'], right: 'if (shut and not probing) or', wrong: 'if', breaks: 'closed' }
]

/** Puts the fault in place of the right scripts on this connection. Throws where the right text is not found. */
export function breakScripts (redis: Redis, breakage: Breakage): void {
  for (const script of loadScripts().filter(({ name }) => breakage.scripts.includes(name))) {
    const lua = script.lua.replaceAll(breakage.right, breakage.wrong)
    if (lua === script.lua) throw new Error(`${script.name}.lua has no "${breakage.right}"`)
    redis.defineCommand(`sluice:${script.name}`, { numberOfKeys: script.keys.length, lua })
  }
}
