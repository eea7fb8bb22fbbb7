/** One history: the world of a seed, run to its end, and what the judge of the soak says of it. */
import { digest } from '../../src/admission/key.js'
import { describeMessage } from '../../src/http/message-view.js'
import { LEASE_GRACE_MS } from '../../src/recovery/recover.js'
import { retryWhileUnavailable } from '../../src/redis/unavailable.js'
import { inspectMessage } from '../../src/settlement/inspect.js'
import { createRandom, type Random } from '../property/random.js'
import type { Arrived, Ended, Fact, Rules } from '../prove/history.js'
import { judge, isSpotless, type Judgement } from '../prove/judge.js'
import { grantsIn } from '../prove/ledger.js'
import { startCallers } from './callers.js'
import { startEndpoint } from './endpoint.js'
import { startNodes, type Faults } from './faults.js'
import { createNetwork, type Network, type Trace } from './network.js'
import type { RunningNode } from './node.js'
import { startOperators } from './operators.js'
import { createProviderOf } from './provider.js'
import { createQueues } from './queue.js'
import { drawScenario, type Scenario, type Draft } from './scenario.js'
import type { SimulatedServer } from './server.js'
import { EPOCH_MS, startVirtualTime, type VirtualTime } from './virtual-time.js'
import { createWebhooks } from './webhooks.js'
import type { World } from './world.js'

export interface Simulated {
  seed: number
  scenario: Scenario
  facts: Fact[]
  judgement: Judgement
  isGood: boolean
  commands: number
  virtualMs: number
}

const LIMIT_MS = 400_000
/** A history ends when nothing has happened for this long: BullMQ takes a minute for the job of a dead worker, housekeeping comes by the minute. */
const STILL_MS = 100_000
const LOOK_MS = 500
/** How long a probe takes at most, with the drain run that sends it. */
const TAIL_MS = 3000
const PREFIX = 'sim'

/** `draw`: what happens; by default at random. */
export async function simulate (
  server: SimulatedServer, seed: number, trace: Trace | null = null, draw: (random: Random) => Scenario = drawScenario
): Promise<Simulated> {
  server.setClock(EPOCH_MS * 1000)
  await server.redis.flushall()
  const start = server.ledger()
  const random = createRandom(seed)
  const scenario = draw(random.fork())
  const time = startVirtualTime(random.fork())
  try {
    const facts: Fact[] = []
    let lastAt = time.now()
    const network = createNetwork(time, server, random.fork(), trace)
    const get = (): World => world
    const queues = createQueues(get, random.fork())
    const webhooks = createWebhooks(get, random.fork())
    const endpointOf = startEndpoint(get, random.fork())
    const world: World = {
      scenario,
      time,
      network,
      queues,
      nodes: [],
      record (fact) {
        facts.push(fact)
        lastAt = time.now()
      },
      isReachable: process => faults.isReachable(process),
      providerOf: createProviderOf(get, random.fork()),
      endpointOf,
      follow: (arrived: Arrived) => webhooks.follow(arrived)
    }
    for (const { atMs, forMs } of scenario.outages) {
      world.record({ fact: 'trouble', of: 'provider', node: null, from: EPOCH_MS + atMs, to: EPOCH_MS + atMs + forMs })
    }
    const faults: Faults = startNodes(world, random.fork())
    const open = startCallers(world, random.fork())
    const operators = startOperators(world, random.fork())
    let left = Infinity
    const poll = async (): Promise<void> => {
      while (left > 0) {
        await time.sleep(LOOK_MS)
        // Redis is asked only once nothing else is left: each question costs a round trip.
        left = open() + webhooks.left() + operators.left() + (faults.isOver() ? 0 : 1) || await waiting(time, server, scenario)
      }
    }
    poll().catch(() => undefined)
    await time.run(() => left === 0 || time.now() - lastAt > STILL_MS, LIMIT_MS)
    const over = time.now()
    await readFinal(world, server)
    for (const grant of await grantsIn(start.file, start.end)) facts.push({ ...grant, at: network.whenRedisShowed(grant.at) })
    facts.push({ fact: 'over', at: over, unsettled: left === 0 ? 0 : left })
    const judgement = judge({ rules: rulesOf(scenario), facts })
    return { seed, scenario, facts, judgement, isGood: isSpotless(judgement), commands: network.count(), virtualMs: over - EPOCH_MS }
  } finally {
    time.end()
  }
}

function rulesOf ({ rules, settings: { startWithinMs, leaseMs, lifeMs, retriesMs }, callbacks, circuit }: Scenario): Rules {
  return {
    intervalMs: 1000,
    perSecond: 40,
    startWithinMs,
    leaseMs: leaseMs + LEASE_GRACE_MS,
    lifeMs,
    retriesMs,
    callbacks,
    senders: rules,
    ...(circuit === null ? {} : { circuit: { recipients: circuit.recipients, tailMs: circuit.probeMostMs + 3 * circuit.stageMs + TAIL_MS } })
  }
}

/** Messages that are not settled, statuses that are parked and callbacks that wait, read beside the gateway. */
async function waiting (time: VirtualTime, { redis }: SimulatedServer, { senders }: Scenario): Promise<number> {
  const read = Promise.all(senders.map(async ({ id }) => {
    const key = (name: string): string => `{${PREFIX}:${id}}:${name}`
    const counts = await Promise.all([
      redis.hlen(key('backlog')), redis.zcard(key('parked')), redis.llen(key('outbox')), redis.hlen(key('callbacks'))
    ])
    return counts.reduce((sum, one) => sum + one, 0)
  }))
  time.hold(read)
  return (await read).reduce((sum, one) => sum + one, 0)
}

async function readFinal (world: World, server: SimulatedServer): Promise<void> {
  const { time, scenario, record, nodes, network } = world
  let isRead = false
  network.setDelay(0)
  const read = async (): Promise<void> => {
    for (const draft of scenario.drafts) {
      const ended = nodes[0] === undefined ? null : await readEnd(nodes[0], draft, network)
      if (ended !== null) record(ended)
    }
    isRead = true
  }
  read().catch((error: unknown) => {
    record({ fact: 'node-failed', node: 'the end', text: String(error) })
    isRead = true
  })
  await time.run(() => isRead, LIMIT_MS * 2)
  await server.redis.ping()
}

async function readEnd ({ deps, process }: RunningNode, { sender, key }: Draft, network: Network): Promise<Ended | null> {
  // A fault may just have ended.
  const view = await retryWhileUnavailable(async () => await inspectMessage(deps.store, sender, { digest: digest(sender, 'caller', key) }))
  if (view === null || process.isDead()) return null
  const { id, status, to, attempts, createdAt, settledAt } = describeMessage(sender, view, deps, key)
  const ended: Ended = { fact: 'ended', key, id, state: status, to, attempts, createdAt: network.whenRedisShowed(Date.parse(createdAt)) }
  if (settledAt !== null) ended.settledAt = network.whenRedisShowed(Date.parse(settledAt))
  return ended
}
