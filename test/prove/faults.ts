/** The faults to inject. Their order is a shuffle by the seed; every kind comes once before any comes again. */
import { pass } from '../support/until.js'
import type { TestRedis } from '../support/redis.js'
import { request } from '../support/request.js'
import { nodeNames, type Fleet, type NodeName } from './fleet.js'
import type { Random } from '../property/random.js'
import type { Proxies } from './proxies.js'

export interface Targets { fleet: Fleet, proxies: Proxies, redis: TestRedis, control: string, leaseMs: number }

/** False if nothing was injected, because another fault was active on that node. */
type Inject = (targets: Targets, random: Random) => Promise<boolean>

const kinds: Record<string, Inject> = {
  'a node is killed': async ({ fleet }, random) => await fleet.end(random.pick(nodeNames), 'SIGKILL', random.int(200, 3000)),
  'a node gets SIGTERM': async ({ fleet }, random) => await fleet.end(random.pick(nodeNames), 'SIGTERM', random.int(200, 3000)),
  'a node is frozen briefly': async ({ fleet }, random) => await fleet.freeze(random.pick(nodeNames), random.int(200, 3000)),
  'a node is frozen beyond its leases': async ({ fleet, leaseMs }, random) =>
    await fleet.freeze(random.pick(nodeNames), leaseMs + random.int(500, 3000)),
  'a node comes back with a wrong clock': async ({ fleet }, random) =>
    await fleet.end(random.pick(nodeNames), 'SIGKILL', 300, random.pick([60_000, -60_000])),
  'two nodes are killed at once': async ({ fleet }, random) => {
    const spared = random.pick(nodeNames)
    const ends = await Promise.all(
      nodeNames.filter(name => name !== spared).map(async name => await fleet.end(name, 'SIGKILL', random.int(200, 3000)))
    )
    return ends.every(Boolean)
  },
  'Redis is killed and started again': async ({ redis }, random) => {
    await redis.kill()
    await pass(random.int(0, 1500))
    await redis.restart()
    return true
  },
  'Redis is frozen': async ({ redis }, random) => {
    const { pid } = redis
    process.kill(pid, 'SIGSTOP')
    await pass(random.int(150, 2500))
    process.kill(pid, 'SIGCONT')
    return true
  },
  'a node loses Redis': async ({ proxies }, random) => await disturb(proxies, `${random.pick(nodeNames)} redis`, random, { refuse: true }),
  'replies from Redis are lost': async ({ proxies }, random) =>
    await disturb(proxies, `${random.pick(nodeNames)} redis`, random, { mute: true }, 600),
  'replies from Redis are delayed': async ({ proxies }, random) =>
    await disturb(proxies, `${random.pick(nodeNames)} redis`, random, { replyDelayMs: random.int(50, 500) }),
  'connections to the provider are cut': async ({ proxies }, random) => await disturb(proxies, `${random.pick(nodeNames)} provider`, random, {}, 50),
  'the provider is unreachable': async ({ proxies }, random) =>
    await disturb(proxies, `${random.pick(nodeNames)} provider`, random, { refuse: true }),
  'connecting to the provider is slow': async ({ proxies }, random) =>
    await disturb(proxies, `${random.pick(nodeNames)} provider`, random, { connectDelayMs: random.int(100, 600) }),
  'responses from the provider are delayed': async ({ proxies }, random) =>
    await disturb(proxies, `${random.pick(nodeNames)} provider`, random, { replyDelayMs: random.int(200, 2500) }),
  'the provider is slow': fault({ kind: 'slow', delayMs: 1200 }),
  'the provider responds after the timeout': fault({ kind: 'slow', delayMs: 4000 }),
  'the provider fails (500)': fault({ kind: 'status', httpStatus: 500 }),
  'the provider fails with an HTML page (502)': fault({ kind: 'html', httpStatus: 502 }),
  'the provider resets before it reads': fault({ kind: 'reset-before' }),
  'the provider resets instead of responding': fault({ kind: 'reset-after' }),
  'the provider accepts and resets': fault({ kind: 'accept-reset' }),
  'the provider accepts and never responds': fault({ kind: 'accept-hang' }),
  'a burst of pair limits (131056)': fault({ kind: 'code', code: 131056 }),
  'a burst of throughput limits (130429)': fault({ kind: 'code', code: 130429 })
}

export const faultKinds = Object.keys(kinds)

/** An endless sequence of kinds, in the order of this seed. */
export function * schedule (random: Random): Generator<string, never> {
  for (;;) {
    const bag = [...faultKinds]
    while (bag.length > 0) yield bag.splice(random.int(0, bag.length - 1), 1)[0] ?? ''
  }
}

/** Injects one fault; returns false if nothing was injected. */
export async function inject (kind: string, targets: Targets, random: Random): Promise<boolean> {
  return await kinds[kind]?.(targets, random) ?? false
}

/** Ends all faults. */
export async function endFaults ({ fleet, control, redis }: Targets): Promise<void> {
  await request(`${control}/faults`, { method: 'DELETE' })
  process.kill(redis.pid, 'SIGCONT')
  await fleet.heal()
}

/** A fault of the sandbox for a random number of requests of any sender. A new rule replaces the previous one. */
function fault (rule: Record<string, unknown>): Inject {
  return async ({ control }, random) => {
    await request(`${control}/faults`, { method: 'POST', body: JSON.stringify({ recipient: '*', times: random.logInt(3, 60), ...rule }) })
    await pass(random.int(300, 2000))
    return true
  }
}

/** Disturbs a proxied connection for some time, and cuts it before and after. */
async function disturb (
  proxies: Proxies,
  name: `${NodeName} ${'redis' | 'provider'}`,
  random: Random,
  mode: Parameters<Proxies['set']>[1],
  mostMs = 4000
): Promise<boolean> {
  if (mode?.replyDelayMs === undefined && mode?.mute !== true) proxies.cut(name)
  proxies.set(name, mode)
  await pass(random.int(Math.ceil(mostMs / 8), mostMs))
  proxies.set(name)
  if (mode?.mute === true) proxies.cut(name)
  return true
}
