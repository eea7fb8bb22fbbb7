import type { Redis } from 'ioredis'
import type { Run } from '../../src/redis/commands.js'
import { senderQuota } from '../../src/throttle/quota.js'
import { startArrivals } from './callers.js'
import type { History } from './history.js'
import { recover, prune, retryDue } from './keeper.js'
import type { Random } from './random.js'
import type { Scenario } from './scenario.js'
import { startFaults } from './faults.js'
import { World } from './world.js'

/** Keys that have to be empty after a round. */
const TRANSIENT = [
  'backlog',
  'queue:urgent',
  'queue:normal',
  'queue:bulk',
  'ready:urgent',
  'ready:normal',
  'ready:bulk',
  'grants',
  'inflight',
  'scheduled',
  'unknown',
  'failures',
  'expiry'
]
/** A round that still has unsettled messages so long after its last arrival, by the virtual clock, is stuck. */
const LONGEST_US = 1_500_000_000

/**
 * One round: callers, nodes, operators and a provider drive the scripts by a virtual clock, each moment after the other,
 * until every message is settled. Calls the scripts as the product does and shares nothing else with it.
 */
export async function simulate (redis: Redis, run: Run, prefix: string, sender: string, scenario: Scenario, random: Random): Promise<History> {
  const world = new World(redis, run, { prefix, sender }, scenario, random)
  const { rules } = scenario
  const senderRate = senderQuota(rules.perSecond)
  await run(
    'quota',
    { sender },
    {
      operator: false,
      settings: 'of the round',
      pairIntervalUs: rules.pairIntervalMs * 1000,
      pairBurst: rules.pairBurst,
      senderIntervalUs: senderRate.intervalUs,
      senderBurst: senderRate.burst,
      maxInFlight: rules.maxInFlight,
      perSecond: rules.perSecond
    }
  )
  startArrivals(world)
  startFaults(world)
  every(world, 1_000_000, async () => await recover(world))
  every(world, random.logInt(500, 10_000) * 1000, async () => await retryDue(world))
  every(world, scenario.housekeepingUs ?? 60_000_000, async () => await prune(world))
  let lastArrival = world.now
  while (world.calendar.essential > 0 || world.unsettled.size > 0) {
    const entry = world.calendar.take()
    if (entry === undefined || entry.at > lastArrival + LONGEST_US) break
    world.now = entry.at
    if (world.arrivals > 0) lastArrival = world.now
    await entry.run()
  }
  world.record({ fact: 'over', at: world.now, unsettled: world.unsettled.size, keys: await world.readKeys(TRANSIENT) })
  return { rules, callers: scenario.callers, punctual: scenario.punctual, facts: world.facts }
}

function every (world: World, periodUs: number, run: () => Promise<void>): void {
  const tick = async (): Promise<void> => {
    await run()
    world.at(world.now + periodUs, tick, false)
  }
  world.at(world.now + periodUs, tick, false)
}
