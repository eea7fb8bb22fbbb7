import type { Redis } from 'ioredis'
import { alterScripts } from '../support/alter-scripts.js'

/** One fault put into the scripts: in each of `scripts`, the text `right` is replaced. */
export interface Breakage { name: string, scripts: string[], right: string, wrong: string }

interface Traffic { down?: number, rules?: number, limited?: number, callers?: number, campaigns?: number, move?: number, housekeepingUs?: number }

/**
 * Faults of the kinds that have been made, each with the promise that it breaks. `down`: outages of WhatsApp a minute, to find it;
 * `rules`: changes of the rules; `limited`: share of attempts that meet the limit of messages per second;
 * `callers`: how many; `campaigns`: of each; `move`: share of messages that operators move; `housekeepingUs`: from one run to the next.
 */
export const breakages: Array<Breakage & Traffic & { breaks: string }> = [
  {
    name: 'a rejection for the sender rate reduces nothing',
    scripts: ['settle'],
    right: 's.rate = is_mild and s.rest or s.low',
    wrong: 's.rate = most',
    breaks: 'rate',
    limited: 0.05
  },
  {
    name: 'each rejection of a burst reduces the rate again',
    scripts: ['settle'],
    right: 'if s and granted_at <= s.cut then',
    wrong: 'if s and granted_at <= 0 then',
    breaks: 'idle',
    limited: 0.05
  },
  {
    name: 'an outage of WhatsApp uses up attempts',
    scripts: ['settle'],
    right: "local spared = settlement == 'unknown' and settlement or 'wait'",
    wrong: 'local spared = settlement',
    breaks: 'attempts',
    down: 20
  },
  {
    name: 'probes of an outage do not wait for each other',
    scripts: ['claim'],
    right: "string.gsub(sender.circuit, '%d+', int(lease_end), 1)",
    wrong: "string.gsub(sender.circuit, '%d+', int(now), 1)",
    breaks: 'closed',
    down: 20
  },
  {
    name: 'the stages of a half-open circuit take the whole rate',
    scripts: ['admit', 'claim', 'retry'],
    right: 'interval = rate.interval * part',
    wrong: 'interval = rate.interval',
    breaks: 'rate',
    down: 20
  },
  {
    name: 'the next claim waits for one interval too many of the sender',
    scripts: ['claim'],
    right: 'next_at = math.max(first_at, earliest(sender_tat, sender.sender_rate), sender.cool_until)',
    wrong: 'next_at = math.max(first_at, earliest(sender_tat, sender.sender_rate) + sender.sender_rate.interval, sender.cool_until)',
    breaks: 'idle'
  },
  {
    name: 'a change of rules leaves the TATs of pairs as they are',
    scripts: ['quota'],
    right: '  convert_pairs(counted, granted, now, former_pair, pair_rate)',
    wrong: '',
    breaks: 'spacing',
    rules: 20
  },
  {
    name: 'a late start does not raise the TAT',
    scripts: ['settle'],
    right: 'tat = math.max(tat, started_tat(sender',
    wrong: 'tat = math.max(tat, tat or started_tat(sender',
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
    right: '== 1 then return tat, true end',
    wrong: '== 2 then return tat, true end',
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
    right: "redis.call('ZRANGE', ready[lane],",
    wrong: "redis.call('ZREVRANGE', ready[lane],",
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
  { name: 'places are not counted', scripts: ['claim'], right: ', free, is_probing and', wrong: ', is_probing and', breaks: 'in flight' },
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
    name: 'a message that moves to another lane goes behind younger ones',
    scripts: ['move'],
    right: "+ lane], '0', member)",
    wrong: "+ lane], '0', (string.gsub(member, ':0', ':9', 1)))",
    breaks: 'order',
    move: 0.5
  },
  {
    name: 'messages of one moment join by their id',
    scripts: ['admit', 'cancel', 'inspect-message'],
    right: "return string.format('%012d:%s', record.seq, id)",
    wrong: "return string.format('%012d:%s', 0, id)",
    breaks: 'order'
  },
  {
    name: 'a grant does not use up the share of its caller',
    scripts: ['claim'],
    right: 'caller.time + caller.step',
    wrong: 'caller.time',
    breaks: 'shares',
    callers: 4
  },
  {
    name: 'a campaign goes first as long as it has messages',
    scripts: ['claim'],
    right: 'share.time, share.is_changed = caller.time, true',
    wrong: 'share.is_changed = true',
    breaks: 'shares',
    campaigns: 2
  },
  {
    name: 'fair shares end while two callers need them',
    scripts: ['prune'],
    right: 'if not callers or #callers > 1 then return end',
    wrong: 'if not callers then return end',
    breaks: 'end of shares',
    callers: 2,
    housekeepingUs: 1_000_000
  },
  {
    name: 'fair shares do not end',
    scripts: ['prune'],
    right: '  end_shares(now)',
    wrong: '',
    breaks: 'end of shares',
    callers: 2,
    housekeepingUs: 1_000_000
  },
  {
    name: 'ready pairs lose their ready times with the end of fair shares',
    scripts: ['prune'],
    right: 'int(ready_at_of(tonumber(left[i + 1]), now))',
    wrong: 'int(now - i)',
    breaks: 'first come',
    callers: 2,
    housekeepingUs: 100_000
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
