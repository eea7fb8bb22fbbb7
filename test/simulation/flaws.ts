/** Flaws of the kinds that have been made, to show that the simulation finds them. The text that is replaced has to occur. */
import type { Redis } from 'ioredis'
import type { Random } from '../property/random.js'
import type { Sentence } from '../prove/model.js'
import { alterScripts } from '../support/alter-scripts.js'
import { APP_SECRET, drawScenario, type Scenario } from './scenario.js'

export interface Flaw {
  without: string
  scripts: string[]
  from: string
  to: string
  /** Sentences of the model of which it breaks at least one. */
  breaks: Sentence[]
  /** The first seed that is tried. */
  seed: number
  /** What the histories have more of than others, so that they need what is missing. */
  more: (drawn: Scenario, random: Random) => Partial<Scenario>
}

export const flaws: Flaw[] = [
  {
    without: 'regard for a late start in the pair rate',
    scripts: ['settle'],
    from: 'tat = math.max(tat, started_tat(sender',
    to: 'tat = math.max(tat, tat or started_tat(sender',
    breaks: [18],
    seed: 1,
    more: () => ({ slowConnect: 0.5 })
  },
  {
    without: 'a look for expired leases',
    scripts: ['recover'],
    from: "'-inf', now, 'WITHSCORES'",
    to: "'-inf', 0, 'WITHSCORES'",
    breaks: [3],
    seed: 1,
    // Nodes die again and again, and half of the requests last until their time-out.
    more: ({ fates }, random) => ({
      nodes: 2,
      fates: { ...fates, hang: 0.5 },
      faults: Array.from({ length: 4 }, () => ({ atMs: random.int(1200, 6000), kind: 'kill', node: random.int(0, 1), forMs: 1000 }))
    })
  },
  {
    without: 'a place for failures that wait for their retry',
    scripts: ['settle'],
    from: "    redis.call('ZADD', settlement == 'retry' and ",
    to: "    local _ = settlement ~= 'retry' and redis.call('ZADD', settlement == 'retry' and ",
    breaks: [3],
    seed: 1,
    more: ({ fates }) => ({ fates: { ...fates, temporary: 0.5 } })
  },
  {
    without: 'the free use of an attempt that never started',
    scripts: ['settle'],
    from: "if lease and settlement ~= 'wait' then record.attempts",
    to: 'if lease then record.attempts',
    breaks: [15, 16],
    seed: 1,
    more: ({ fates }) => ({ fates: { ...fates, 'rate-limit': 0.2 }, slowConnect: 0.5 })
  },
  {
    without: 'regard for a pause in drain runs',
    scripts: ['claim'],
    from: 'if (block and not is_probing) or',
    to: 'if',
    breaks: [29],
    seed: 5,
    more: ({ senders }, random) => ({
      actions: senders.flatMap(({ id }) => [1000, 5000].map(atMs => ({ atMs: atMs + random.int(0, 1000), kind: 'pause', sender: id, forMs: 3000 })))
    })
  },
  {
    without: 'the order of the queue in drain runs',
    scripts: ['claim'],
    from: "redis.call('ZRANGEBYLEX', queue, '[' .. recipient .. ':', '(' .. recipient .. ';'",
    to: "redis.call('ZREVRANGEBYLEX', queue, '(' .. recipient .. ';', '[' .. recipient .. ':'",
    breaks: [22],
    seed: 1,
    more: () => ({})
  },
  {
    without: 'half of the interval of a pair',
    scripts: ['admit', 'claim', 'retry', 'settle'],
    from: 'return math.max(tat, moment) + rate.interval',
    to: 'return math.max(tat, moment) + math.floor(rate.interval / 2)',
    breaks: [18],
    seed: 1,
    more: () => ({})
  },
  {
    without: 'use of a webhook that proves an attempt',
    scripts: ['receipt'],
    from: "== 'bounced' then return { 'bounced' } end",
    to: "== 'bounced' then return { 'bounced' } end if true then return { 'known' } end",
    breaks: [5, 9, 11, 12],
    seed: 1,
    more: ({ senders, fates }) => ({
      webhooks: true,
      senders: senders.map(sender => ({ ...sender, appSecrets: [APP_SECRET] })),
      fates: { ...fates, 'accepted without response': 0.5 }
    })
  }
]

/** Draws a history for a flaw. */
export function drawFor ({ more }: Flaw): (random: Random) => Scenario {
  return random => {
    const drawn = drawScenario(random)
    return { ...drawn, ...more(drawn, random) }
  }
}

/** Puts the flaw in place on this connection. Returns a function that undoes it. */
export function build (redis: Redis, { scripts, from, to }: Flaw): () => void {
  let isFound = false
  const undo = alterScripts(redis, ({ name, lua }) => {
    if (!scripts.includes(name) || !lua.includes(from)) return lua
    isFound = true
    return lua.replaceAll(from, to)
  })
  if (!isFound) throw new Error(`${scripts.join(', ')}: no "${from}"`)
  return undo
}
