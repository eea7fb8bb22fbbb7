/**
 * The proof of the limiter: the real scripts on a real Redis, driven by callers, nodes and a provider on a virtual
 * clock, and judged by an observer that knows only the promises. The seed of a run is printed (test/support/seed.ts says where it is from);
 * SEED=<n> repeats it, SENDS=<n> makes it shorter or longer.
 */
import t, { type Test } from 'tap'
import { createRun } from '../../src/redis/commands.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { regressions, seedOf } from '../support/seed.js'
import type { Judgement } from './judgement.js'
import { describe, playRound, playRounds } from './rounds.js'
import type { Scenario } from './scenario.js'

const SEED = seedOf('property')
const SENDS = Number(process.env['SENDS'] ?? (process.env['CI'] === undefined ? 52_000 : 3000))
/** Messages of a round. However many sends are asked for, twelve rounds are played. */
const MOST = process.env['CI'] === undefined ? 1500 : 400

const server = await startRedis(t)

for (const lanes of [false, true]) {
  await t.test(`no promise is broken ${lanes ? 'with three lanes' : 'with one lane'} (seed ${SEED})`, async t => { await play(t, SEED, lanes) })
}

await t.test(`no promise is broken where operators move messages (seed ${SEED})`, async t => {
  await play(t, SEED, true, scenario => { scenario.move = 0.2 })
})

await t.test(`no promise is broken where fair shares end and begin again all the time (seed ${SEED})`, async t => {
  const { figures } = await play(t, SEED, true, (scenario, round) => {
    scenario.housekeepingUs = 300_000
    scenario.callers = { weights: { c0: 1, c1: 2 }, campaigns: round % 2, mixed: round % 3 === 0 }
  })
  t.ok(figures.sharesEnded > 20, `${figures.sharesEnded} ends`)
})

for (const { round, found, ...draw } of regressions.property) {
  await t.test(`round ${round} of seed ${draw.seed} does not find again: ${found}`, async t => {
    const redis = server.connect()
    const prefix = createPrefix()
    const { breaches } = await playRound(redis, createRun(redis, prefix), prefix, draw, round)
    t.strictSame([...breaches], [])
  })
}

async function play (t: Test, seed: number, lanes: boolean, adapt?: (scenario: Scenario, round: number) => void): Promise<Judgement> {
  const redis = server.connect()
  const prefix = createPrefix()
  const plan = { seed, lanes, sends: SENDS / 2, most: MOST, ...(adapt === undefined ? {} : { adapt }) }
  const played = await playRounds(redis, createRun(redis, prefix), prefix, plan)
  t.comment(describe(seed, played))
  for (const [kind, texts] of played.sum.breaches) t.fail(`${kind}: ${texts.length}`, { first: texts.slice(0, 5), seed })
  t.ok(played.sum.figures.sends >= SENDS / 2, 'enough messages were sent to judge')
  return played.sum
}
