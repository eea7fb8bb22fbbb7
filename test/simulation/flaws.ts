/** Flaws of the kinds that have been made, to show that the simulation finds them. The text that is replaced has to occur. */
import type { Redis } from 'ioredis'
import type { Sentence } from '../prove/model.js'
import { alterScripts } from '../support/alter-scripts.js'

export interface Flaw {
  without: string
  script: string
  from: string
  to: string
  /** Sentences of the model of which it breaks at least one. */
  breaks: Sentence[]
  /** The first seed that is tried. */
  seed: number
}

export const flaws: Flaw[] = [
  {
    without: 'regard for a late start in the pair rate',
    script: 'settle',
    from: 'if lease and message.startedUs then tat',
    to: 'if false then tat',
    breaks: [18],
    seed: 1
  },
  {
    without: 'a look for expired leases',
    script: 'recover',
    from: "'-inf', now, 'WITHSCORES'",
    to: "'-inf', 0, 'WITHSCORES'",
    breaks: [3],
    seed: 1
  },
  {
    without: 'a place for failures that wait for their retry',
    script: 'settle',
    from: "    redis.call('ZADD', settlement == 'retry' and ",
    to: "    local _ = settlement ~= 'retry' and redis.call('ZADD', settlement == 'retry' and ",
    breaks: [3],
    seed: 1
  },
  {
    without: 'the free use of an attempt that never started',
    script: 'settle',
    from: "if lease and settlement ~= 'wait' then record.attempts",
    to: 'if lease then record.attempts',
    breaks: [15, 16],
    seed: 1
  },
  {
    without: 'regard for a pause in drain runs',
    script: 'claim',
    from: 'if (block and not is_probing) or',
    to: 'if',
    breaks: [29],
    seed: 1
  },
  {
    without: 'the order of the queue in drain runs',
    script: 'claim',
    from: "redis.call('ZRANGEBYLEX', queue, '[' .. recipient .. ':', '(' .. recipient .. ';'",
    to: "redis.call('ZREVRANGEBYLEX', queue, '(' .. recipient .. ';', '[' .. recipient .. ':'",
    breaks: [22],
    seed: 1
  },
  {
    without: 'half of the interval of a pair',
    script: 'claim',
    from: 'return math.max(tat, moment) + rate.interval',
    to: 'return math.max(tat, moment) + math.floor(rate.interval / 2)',
    breaks: [18],
    seed: 1
  },
  {
    without: 'use of a webhook that proves an attempt',
    script: 'receipt',
    from: 'append_history(record, now_ms',
    to: "if true then return { 'known' } end append_history(record, now_ms",
    breaks: [5, 9, 11, 12],
    seed: 1
  }
]

/** Puts the flaw in place on this connection. Returns a function that undoes it. */
export function build (redis: Redis, { script, from, to }: Flaw): () => void {
  let isFound = false
  const undo = alterScripts(redis, ({ name, lua }) => {
    if (name !== script || !lua.includes(from)) return lua
    isFound = true
    return lua.replaceAll(from, to)
  })
  if (!isFound) throw new Error(`${script}.lua has no "${from}"`)
  return undo
}
