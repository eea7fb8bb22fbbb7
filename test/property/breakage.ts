import type { Redis } from 'ioredis'
import { alterScripts } from '../support/alter-scripts.js'

/** One fault put into the scripts: in each of `scripts`, the text `right` is replaced. */
export interface Breakage { name: string, scripts: string[], right: string, wrong: string }

/** Faults of the kinds that have been made, each with the promise that it breaks. */
export const breakages: Array<Breakage & { breaks: string }> = [
  {
    name: 'a late start does not raise the TAT',
    scripts: ['settle'],
    right: 'if lease and message.startedUs then tat',
    wrong: 'if false then tat',
    breaks: 'spacing'
  },
  {
    name: 'the limiter lets twice as much through',
    scripts: ['admit', 'claim', 'retry', 'settle'],
    right: 'return math.max(tat, moment) + rate.interval',
    wrong: 'return math.max(tat, moment) + math.floor(rate.interval / 2)',
    breaks: 'spacing'
  },
  {
    name: 'a pair in flight may be granted again',
    scripts: ['admit', 'retry'],
    right: 'and not pair.is_granted and',
    wrong: 'and',
    breaks: 'two in flight'
  },
  {
    name: 'the youngest goes first',
    scripts: ['claim', 'settle', 'cancel'],
    right: "redis.call('ZRANGEBYLEX', queue, '[' .. recipient .. ':', '(' .. recipient .. ';'",
    wrong: "redis.call('ZREVRANGEBYLEX', queue, '(' .. recipient .. ';', '[' .. recipient .. ':'",
    breaks: 'order'
  },
  {
    name: 'the sender rate lets one more through',
    scripts: ['claim'],
    right: 'rate.interval) + rate.burst)',
    wrong: 'rate.interval) + rate.burst + 1)',
    breaks: 'rate'
  },
  {
    name: 'a promise counts one too many',
    scripts: ['admit'],
    right: '(ahead - rate.burst + 1)',
    wrong: '(ahead - rate.burst + 2)',
    breaks: 'promise'
  },
  {
    name: 'the latest ready time goes first',
    scripts: ['claim'],
    right: "redis.call('ZRANGEBYSCORE', key_ready[lane], '-inf', int(now), 'WITHSCORES'",
    wrong: "redis.call('ZREVRANGEBYSCORE', key_ready[lane], int(now), '-inf', 'WITHSCORES'",
    breaks: 'first come'
  },
  {
    name: 'a returned grant uses up an attempt',
    scripts: ['settle'],
    right: "if lease and settlement ~= 'wait' then record.attempts",
    wrong: 'if lease then record.attempts',
    breaks: 'attempts'
  },
  { name: 'the lower lanes get no share', scripts: ['claim'], right: 'if slot % 10 ~= 0 then', wrong: 'if true then', breaks: 'first come' },
  { name: 'places are not counted', scripts: ['claim'], right: 'math.min(arg_want, free,', wrong: 'math.min(arg_want,', breaks: 'in flight' },
  {
    name: 'the next claim is a little late',
    scripts: ['claim'],
    right: 'math.ceil(next_at) or -1',
    wrong: 'math.ceil(next_at) + 20000 or -1',
    breaks: 'late'
  },
  {
    name: 'a failure is not stored for its retry',
    scripts: ['settle'],
    right: "    redis.call('ZADD', settlement == 'retry' and ",
    wrong: "    local _ = settlement ~= 'retry' and redis.call('ZADD', settlement == 'retry' and ",
    breaks: 'lost'
  },
  {
    name: 'messages of one moment join by their id',
    scripts: ['admit', 'cancel', 'inspect-message'],
    right: "return string.format('%012d:%s', record.seq, id)",
    wrong: "return string.format('%012d:%s', 0, id)",
    breaks: 'order'
  },
  { name: 'a paused sender still grants', scripts: ['claim'], right: 'if (block and not is_probing) or', wrong: 'if', breaks: 'closed' }
]

/** Puts the fault in place of the right scripts on this connection. Throws where the right text is not found. */
export function breakScripts (redis: Redis, breakage: Breakage): void {
  alterScripts(redis, ({ name, lua }) => {
    if (!breakage.scripts.includes(name)) return lua
    const broken = lua.replaceAll(breakage.right, breakage.wrong)
    if (broken === lua) throw new Error(`${name}.lua has no "${breakage.right}"`)
    return broken
  })
}
