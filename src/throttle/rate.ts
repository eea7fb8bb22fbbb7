import type { SenderReply } from '../redis/commands.js'
import type { SenderView } from '../sender-facts.js'
import { formatTime } from '../values/time.js'
import { senderQuota } from './quota.js'
import { readLevel } from './levels.js'

/** How long a reduced rate waits at least until it rises again, µs, as in lua/include/adaptive_rate.lua. */
const CLIMB_US = 1_000_000
const STEP_US = 1_500_000

type Fields = Pick<SenderReply, 'reduced' | 'ceiling' | 'perSecond' | 'nowMs'>

/** The rate in force: the rule's, that of a known limit if it is lower, or what rejections leave of both. */
export function readRate (reply: Fields): SenderView['rate'] {
  const { reduced, perSecond: rule, nowMs } = reply
  const ceiling = readCeiling(reply)
  const bound = Math.min(rule, ceiling?.perSecond ?? rule)
  const [phase, ...numbers] = reduced.split(' ')
  const [rate = 0, , , , , since = 0, cut = 0, , hold = 0] = numbers.map(Number)
  // In messages per 1000 s; the bound's is slightly below its messages per second, since a burst counts as well.
  const most = Math.floor(1e9 / senderQuota(bound).intervalUs)
  // A search that has returned to its bound no longer reduces the rate.
  if (reduced === '' || rate >= most) {
    return { perSecond: bound, reason: bound < rule ? 'ceiling' : 'rule', rejectedAt: null, nextRiseAt: null, ceiling }
  }
  const riseUs = since + (phase === 'hold' ? hold : phase === 'climb' ? CLIMB_US : STEP_US)
  return {
    perSecond: rate / 1000,
    reason: 'rejected',
    rejectedAt: formatTime(cut / 1000),
    nextRiseAt: formatTime(Math.max(nowMs, riseUs / 1000)),
    ceiling
  }
}

/** The field `ceiling` of :sender, as lua/set-ceiling.lua writes it. */
function readCeiling ({ ceiling }: Fields): SenderView['rate']['ceiling'] {
  const [perSecond, , , level = '', source, atMs] = ceiling.split(' ')
  if (ceiling === '') return null
  return { perSecond: Number(perSecond), level: readLevel(level), source: source === 'webhook' ? 'webhook' : 'node', since: formatTime(Number(atMs)) }
}
