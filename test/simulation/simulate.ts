/** One history: the world of a seed, run to its end, and what the judge of the soak says of it. */
import { digest } from '../../src/admission/key.js'
import { describeMessage } from '../../src/http/message-view.js'
import { LEASE_GRACE_MS } from '../../src/recovery/recover.js'
import { retryWhileUnavailable } from '../../src/redis/retry-while-unavailable.js'
import { inspectMessage } from '../../src/settlement/inspect.js'
import { createRandom } from '../property/random.js'
import type { Arrived, Ended, Fact, Rules } from '../prove/history.js'
import { judge, isSpotless, type Judgement } from '../prove/judge.js'
import { grantsIn } from '../prove/ledger.js'
import { startCallers } from './callers.js'
import { startEndpoint } from './endpoint.js'
import { startNodes, type Faults } from './faults.js'
import { createNetwork, type Trace } from './network.js'
import type { RunningNode } from './node.js'
import { startOperators } from './operators.js'
import { createProviderOf } from './provider.js'
import { createQueue } from './queue.js'
import { drawScenario, type Scenario, type Wish } from './scenario.js'
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
const HOUSEKEEPING_MS = 60_000
const PREFIX = 'sim'

export async function simulate (server: SimulatedServer, seed: number, trace: Trace | null = null): Promise<Simulated> {
  server.setClock(EPOCH_MS * 1000)
  await server.redis.flushall()
  const start = server.ledger()
  const random = createRandom(seed)
  const scenario = drawScenario(random.fork())
  const time = startVirtualTime(random.fork())
  try {
    const facts: Fact[] = []
    let lastAt = time.now()
    const network = createNetwork(time, server, random.fork(), trace)
    const get = (): World => world
    const queue = createQueue(get, random.fork())
    const webhooks = createWebhooks(get, random.fork())
    const endpointOf = startEndpoint(get, random.fork())
    const world: World = {
      scenario,
      time,
      network,
      queue,
      nodes: [],
      note (fact) {
        facts.push(fact)
        lastAt = time.now()
      },
      isReachable: process => faults.isReachable(process),
      providerOf: createProviderOf(get, random.fork()),
      endpointOf,
      follow: (arrived: Arrived) => webhooks.follow(arrived)
    }
    const faults: Faults = startNodes(world, random.fork())
    queue.schedule({ queue: 'retry' }, scenario.settings.retryIntervalMs)
    queue.schedule({ queue: 'housekeeping' }, HOUSEKEEPING_MS)
    const open = startCallers(world, random.fork())
    const operators = startOperators(world, random.fork())
    let left = Infinity
    const look = async (): Promise<void> => {
      while (left > 0) {
        await time.sleep(LOOK_MS)
        // Redis is asked only once nothing else is left: each question costs a round trip.
        left = open() + webhooks.left() + operators.left() + (faults.isOver() ? 0 : 1) || await waiting(time, server, scenario)
      }
    }
    look().catch(() => undefined)
    await time.run(() => left === 0 || time.now() - lastAt > STILL_MS, LIMIT_MS)
    const over = time.now()
    await readFinal(world, server)
    facts.push(...await grantsIn(start.file, start.end))
    facts.push({ fact: 'over', at: over, unsettled: left === 0 ? 0 : left })
    const judgement = judge({ rules: rulesOf(scenario), facts })
    return { seed, scenario, facts, judgement, isGood: isSpotless(judgement), commands: network.count(), virtualMs: over - EPOCH_MS }
  } finally {
    time.end()
  }
}

function rulesOf ({ rules, settings: { startWithinMs, leaseMs, lifeMs, retriesMs }, callbacks }: Scenario): Rules {
  return { intervalMs: 1000, perSecond: 40, startWithinMs, leaseMs: leaseMs + LEASE_GRACE_MS, lifeMs, retriesMs, callbacks, senders: rules }
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
  const { time, scenario, note, nodes, network } = world
  let isRead = false
  network.setDelay(0)
  const read = async (): Promise<void> => {
    for (const wish of scenario.wishes) {
      const ended = nodes[0] === undefined ? null : await look(nodes[0], wish)
      if (ended !== null) note(ended)
    }
    isRead = true
  }
  read().catch((error: unknown) => {
    note({ fact: 'node-failed', node: 'the end', text: String(error) })
    isRead = true
  })
  await time.run(() => isRead, LIMIT_MS * 2)
  await server.redis.ping()
}

async function look ({ deps, process }: RunningNode, { sender, key }: Wish): Promise<Ended | null> {
  // A fault may just have ended.
  const view = await retryWhileUnavailable(async () => await inspectMessage(deps.store, sender, { digest: digest(sender, 'caller', key) }))
  if (view === null || process.isDead()) return null
  const { id, status, to, attempts, createdAt, settledAt } = describeMessage(sender, view, deps, key)
  const ended: Ended = { fact: 'ended', key, id, state: status, to, attempts, createdAt: Date.parse(createdAt) }
  if (settledAt !== null) ended.settledAt = Date.parse(settledAt)
  return ended
}
