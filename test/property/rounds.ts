import type { Redis } from 'ioredis'
import type { Run } from '../../src/redis/commands.js'
import { judge } from './observer.js'
import { createRandom } from './random.js'
import type { Scenario } from './scenario.js'
import { drawCallers, drawScenario } from './scenario.js'
import { simulate } from './simulation.js'
import type { Judgement } from './judgement.js'
import { addJudgement, emptyFigures } from './judgement.js'

/** What the rounds are drawn from. */
interface Draw {
  seed: number
  lanes: boolean
  /** Messages of a round at most. */
  most: number
  /** False: one caller in each round. */
  callers?: boolean
  /** Changes to each round as drawn. */
  adapt?: (scenario: Scenario, round: number) => void
}

export interface Plan extends Draw {
  /** Rounds start until this many sends were observed. */
  sends: number
  /** No round starts once this is true. */
  isEnough?: (sum: Judgement) => boolean
}

export interface Played { sum: Judgement, rounds: number, seconds: number }

/** Rounds that share one connection: while one waits for its reply, the others' calls are on their way. Fewer where the first may be enough. */
const AT_ONCE = 12
const AT_ONCE_UNTIL_ENOUGH = 4

/** Plays rounds, each on a sender and a clock of its own, and judges each; breaches name their round. */
export async function playRounds (redis: Redis, run: Run, prefix: string, plan: Plan): Promise<Played> {
  const sum: Judgement = { figures: emptyFigures(), breaches: new Map() }
  const startedAt = performance.now()
  let rounds = 0
  async function work (): Promise<void> {
    while (sum.figures.sends < plan.sends && plan.isEnough?.(sum) !== true) {
      const round = ++rounds
      const one = await playRound(redis, run, prefix, plan, round)
      for (const [kind, texts] of one.breaches) one.breaches.set(kind, texts.map(text => `round ${round}: ${text}`))
      addJudgement(sum, one)
    }
  }
  await Promise.all(Array.from({ length: plan.isEnough === undefined ? AT_ONCE : AT_ONCE_UNTIL_ENOUGH }, work))
  return { sum, rounds, seconds: Math.round((performance.now() - startedAt) / 100) / 10 }
}

export async function playRound (redis: Redis, run: Run, prefix: string, plan: Draw, round: number): Promise<Judgement> {
  const random = createRandom(plan.seed * 1009 + round * 2 + (plan.lanes ? 1 : 0))
  const scenario = drawScenario(random, plan.lanes, plan.most)
  // Drawn apart, so that the rounds of known seeds stay what they are.
  if (plan.callers !== false) scenario.callers = drawCallers(createRandom(plan.seed * 31 + round))
  plan.adapt?.(scenario, round)
  return judge(await simulate(redis, run, prefix, `round${round}${plan.lanes ? 'lanes' : ''}`, scenario, random))
}

/** A summary in one line. */
export function describe (seed: number, { sum, rounds, seconds }: Played): string {
  const breaches = Object.fromEntries([...sum.breaches].map(([kind, texts]) => [kind, texts.length]))
  return JSON.stringify({ rounds, ...sum.figures, breaches, seconds, seed })
}
