import type { SenderReply } from '../redis/commands.js'
import type { SenderView } from '../sender-facts.js'
import { formatTime } from '../values/time.js'
import { senderQuota } from './quota.js'

/** How long a reduced rate waits at least until it rises again, µs, as in lua/include/adaptive_rate.lua. */
const CLIMB_US = 1_000_000
const STEP_US = 1_500_000

/** The rate in force. A search that has returned to the rule no longer reduces it. */
export function readRate ({ reduced, perSecond, nowMs }: Pick<SenderReply, 'reduced' | 'perSecond' | 'nowMs'>): SenderView['rate'] {
  const [phase, ...numbers] = reduced.split(' ')
  const [rate = 0, , , , , since = 0, cut = 0, , hold = 0] = numbers.map(Number)
  // In messages per 1000 s; the rule's is slightly below its messages per second, since a burst counts as well.
  const most = Math.floor(1e9 / senderQuota(perSecond).intervalUs)
  if (reduced === '' || rate >= most) return { perSecond, reason: 'rule', rejectedAt: null, nextRiseAt: null }
  const riseUs = since + (phase === 'hold' ? hold : phase === 'climb' ? CLIMB_US : STEP_US)
  return {
    perSecond: rate / 1000,
    reason: 'rejected',
    rejectedAt: formatTime(cut / 1000),
    nextRiseAt: formatTime(Math.max(nowMs, riseUs / 1000))
  }
}
