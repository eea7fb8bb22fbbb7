/** What goes wrong, and in which order: every kind once, shuffled by the seed, then again. */
import { pass } from '../support/until.js'
import type { TestRedis } from '../support/redis.js'
import { request } from '../support/request.js'
import { nodeNames, type Fleet, type NodeName } from './fleet.js'
import type { Random } from '../property/random.js'
import type { Wires } from './wires.js'

export interface Victims { fleet: Fleet, wires: Wires, redis: TestRedis, control: string, leaseMs: number }

/** False where it came to nothing, since something else was being done to that node. */
type Harm = (victims: Victims, random: Random) => Promise<boolean>

const kinds: Record<string, Harm> = {
  'a node is killed': async ({ fleet }, random) => await fleet.end(random.pick(nodeNames), 'SIGKILL', random.int(200, 3000)),
  'a node gets SIGTERM': async ({ fleet }, random) => await fleet.end(random.pick(nodeNames), 'SIGTERM', random.int(200, 3000)),
  'a node stands still, briefly': async ({ fleet }, random) => await fleet.freeze(random.pick(nodeNames), random.int(200, 3000)),
  'a node stands still beyond its leases': async ({ fleet, leaseMs }, random) => await fleet.freeze(random.pick(nodeNames), leaseMs + random.int(500, 3000)),
  'a node comes back with a wrong clock': async ({ fleet }, random) => await fleet.end(random.pick(nodeNames), 'SIGKILL', 300, random.pick([60_000, -60_000])),
  'two nodes are killed at once': async ({ fleet }, random) => {
    const spared = random.pick(nodeNames)
    const ends = await Promise.all(nodeNames.filter(name => name !== spared).map(async name => await fleet.end(name, 'SIGKILL', random.int(200, 3000))))
    return ends.every(Boolean)
  },
  'Redis is killed and started again': async ({ redis }, random) => {
    await redis.kill()
    await pass(random.int(0, 1500))
    await redis.restart()
    return true
  },
  'Redis stands still': async ({ redis }, random) => {
    const { pid } = redis
    process.kill(pid, 'SIGSTOP')
    await pass(random.int(150, 2500))
    process.kill(pid, 'SIGCONT')
    return true
  },
  'a node loses Redis': async ({ wires }, random) => await disturb(wires, `${random.pick(nodeNames)} redis`, random, { refuse: true }),
  'replies of Redis are lost': async ({ wires }, random) => await disturb(wires, `${random.pick(nodeNames)} redis`, random, { mute: true }, 600),
  'replies of Redis come late': async ({ wires }, random) => await disturb(wires, `${random.pick(nodeNames)} redis`, random, { answerDelayMs: random.int(50, 500) }),
  'connections to the provider are cut': async ({ wires }, random) => await disturb(wires, `${random.pick(nodeNames)} provider`, random, {}, 50),
  'the provider is unreachable': async ({ wires }, random) => await disturb(wires, `${random.pick(nodeNames)} provider`, random, { refuse: true }),
  'connecting to the provider takes long': async ({ wires }, random) => await disturb(wires, `${random.pick(nodeNames)} provider`, random, { connectDelayMs: random.int(100, 600) }),
  'answers of the provider come late': async ({ wires }, random) => await disturb(wires, `${random.pick(nodeNames)} provider`, random, { answerDelayMs: random.int(200, 2500) }),
  'the provider is slow': fault({ kind: 'slow', delayMs: 1200 }),
  'the provider answers too late': fault({ kind: 'slow', delayMs: 4000 }),
  'the provider fails (500)': fault({ kind: 'status', httpStatus: 500 }),
  'the provider fails with a page (502)': fault({ kind: 'html', httpStatus: 502 }),
  'the provider resets before it has read': fault({ kind: 'reset-before' }),
  'the provider resets instead of answering': fault({ kind: 'reset-after' }),
  'the provider accepts and resets': fault({ kind: 'accept-reset' }),
  'the provider accepts and keeps silent': fault({ kind: 'accept-hang' }),
  'a burst of pair limits (131056)': fault({ kind: 'code', code: 131056 }),
  'a burst of throughput limits (130429)': fault({ kind: 'code', code: 130429 })
}

export const faultKinds = Object.keys(kinds)

/** Kinds in the order of this seed, without an end. */
export function * schedule (random: Random): Generator<string, never> {
  for (;;) {
    const bag = [...faultKinds]
    while (bag.length > 0) yield bag.splice(random.int(0, bag.length - 1), 1)[0] ?? ''
  }
}

/** Whether it happened. */
export async function harm (kind: string, victims: Victims, random: Random): Promise<boolean> {
  return await kinds[kind]?.(victims, random) ?? false
}

/** Nothing is wrong any more. */
export async function endHarm ({ fleet, control, redis }: Victims): Promise<void> {
  await request(`${control}/faults`, { method: 'DELETE' })
  process.kill(redis.pid, 'SIGCONT')
  await fleet.heal()
}

/** For the next so many requests, whoever's. A rule takes the place of the former one. */
function fault (rule: Record<string, unknown>): Harm {
  return async ({ control }, random) => {
    await request(`${control}/faults`, { method: 'POST', body: JSON.stringify({ recipient: '*', times: random.logInt(3, 60), ...rule }) })
    await pass(random.int(300, 2000))
    return true
  }
}

/** A wire is bad for a while, and cut at both ends of it. */
async function disturb (wires: Wires, name: `${NodeName} ${'redis' | 'provider'}`, random: Random, mode: Parameters<Wires['set']>[1], mostMs = 4000): Promise<boolean> {
  if (mode?.answerDelayMs === undefined && mode?.mute !== true) wires.cut(name)
  wires.set(name, mode)
  await pass(random.int(Math.ceil(mostMs / 8), mostMs))
  wires.set(name)
  if (mode?.mute === true) wires.cut(name)
  return true
}
