/** The judge detects faults: each of these faults in the scripts breaks a promise, and the judge reports the breach. */
import t from 'tap'
import { createRun } from '../../src/redis/commands.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { breakages, breakScripts } from './breakage.js'
import { describe, playRounds } from './rounds.js'
import type { Scenario } from './scenario.js'
import type { Judgement, Kind } from './judgement.js'

const SEED = 7

const server = await startRedis(t)

/** Rounds in which each fault can show: punctual claims, no emptied Redis, and much traffic. */
function adapt (scenario: Scenario): void {
  scenario.emptied = false
  scenario.punctual = true
  scenario.rules.pairIntervalMs = Math.max(100, scenario.rules.pairIntervalMs)
  scenario.rules.maxInFlight = Math.min(12, scenario.rules.maxInFlight)
  scenario.rules.backlogCap = 1_000_000
  scenario.inline = 0.5
  scenario.startUs = 150_000
  scenario.fates = { ...scenario.fates, stop: 0, retry: 0.03, slow: 0.03 }
  scenario.loseReply = 0
  scenario.scheduled = 0.2
  scenario.perMinute = { outage: 0, down: 0, crash: 0, pause: 3, clear: 0, restart: 0, rules: 0 }
}

for (const breakage of breakages) {
  await t.test(`the judge reports a breach when ${breakage.name}`, async t => {
    const redis = server.connect()
    const prefix = createPrefix()
    const run = createRun(redis, prefix)
    breakScripts(redis, breakage)
    const withOutages = (scenario: Scenario): void => {
      adapt(scenario)
      scenario.perMinute.rules = breakage.rules ?? 0
      if (breakage.housekeepingUs !== undefined) scenario.housekeepingUs = breakage.housekeepingUs
      if (breakage.move !== undefined) scenario.move = breakage.move
      scenario.fates.throughput = breakage.limited ?? scenario.fates.throughput
      const names = Array.from({ length: breakage.callers ?? 1 }, (_, n) => `c${n}`)
      scenario.callers = { weights: Object.fromEntries(names.map(name => [name, 1])), campaigns: breakage.campaigns ?? 0, mixed: false }
      if (breakage.down === undefined) return
      scenario.perMinute.down = breakage.down
      scenario.punctual = false
    }
    // The spacing check begins a new run with each change of the rules.
    const alarms = breakage.breaks === 'spacing' && breakage.rules === undefined
    const isEnough = ({ breaches }: Judgement): boolean =>
      breaches.has(breakage.breaks as Kind) && (!alarms || breaches.has('alarm'))
    const played = await playRounds(redis, run, prefix, { seed: SEED, lanes: true, sends: 500, most: 60, adapt: withOutages, isEnough })
    t.comment(describe(SEED, played))
    t.ok(played.sum.breaches.has(breakage.breaks as Kind), `as a breach of "${breakage.breaks}"`)
    t.equal(played.sum.breaches.has('alarm'), alarms, 'and the gateway reports spacing violations only')
  })
}

await t.test('the judge reports no breach in the same rounds with the unchanged scripts', async t => {
  const redis = server.connect()
  const prefix = createPrefix()
  const played = await playRounds(redis, createRun(redis, prefix), prefix, { seed: SEED, lanes: true, sends: 500, most: 60, adapt })
  t.comment(describe(SEED, played))
  t.equal(played.sum.breaches.size, 0)
})
