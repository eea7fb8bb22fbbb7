/** The faults to inject. Their order is a shuffle by the seed; every kind comes once before any comes again. */
import { pass } from '../support/until.js'
import { request } from '../support/request.js'
import { hideStatuses, passDay, type Past } from './faults-of-time.js'
import { nodeNames, type Fleet, type NodeName } from './fleet.js'
import type { Random } from '../property/random.js'
import type { CallbackReceiver } from './callback-receiver.js'
import { monotonicNow, type Fact, type Trouble } from './history.js'
import type { Proxies } from './proxies.js'
import { redisKinds, type Servers } from './servers.js'

export interface Targets {
  fleet: Fleet
  proxies: Proxies
  servers: Servers
  receiver: CallbackReceiver
  control: string
  leaseMs: number
  record: (fact: Fact) => void
  /** Changes the senders' file and has all nodes read it. */
  reload: (random: Random) => void
  /** Null where Redis is more than one server. */
  past: Past | null
}

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
  'a node comes back with a clock wrong by hours': async ({ fleet }, random) =>
    await fleet.end(random.pick(nodeNames), 'SIGKILL', 300, random.pick([5, -5]) * 3_600_000),
  'a node comes back with a clock wrong by a year': async ({ fleet }, random) =>
    await fleet.end(random.pick(nodeNames), 'SIGKILL', 300, random.pick([366, -366]) * 86_400_000),
  'the senders are reloaded': async ({ reload }, random) => {
    reload(random)
    return true
  },
  'the receiver of callbacks fails (503)': async ({ receiver }, random) => await receiver.disturb('fail', random.int(1000, 6000)),
  'the receiver of callbacks does not respond': async ({ receiver }, random) => await receiver.disturb('hang', random.int(1000, 4000)),
  'two nodes are killed at once': async ({ fleet }, random) => {
    const spared = random.pick(nodeNames)
    const ends = await Promise.all(
      nodeNames.filter(name => name !== spared).map(async name => await fleet.end(name, 'SIGKILL', random.int(200, 3000)))
    )
    return ends.every(Boolean)
  },
  'the receiver rejects some callbacks (422)': async ({ receiver }, random) => await receiver.disturb('reject', random.int(5000, 12_000)),
  'a node loses Redis': async (targets, random) => await disturb(targets, `${random.pick(nodeNames)} redis`, random, { refuse: true }),
  'replies from Redis are lost': async (targets, random) =>
    await disturb(targets, `${random.pick(nodeNames)} redis`, random, { mute: true }, 600),
  'replies from Redis are delayed': async (targets, random) =>
    await disturb(targets, `${random.pick(nodeNames)} redis`, random, { replyDelayMs: random.int(50, 500) }),
  'connections to the provider are cut': async (targets, random) => await disturb(targets, `${random.pick(nodeNames)} provider`, random, {}, 50),
  'the provider is unreachable': async (targets, random) =>
    await disturb(targets, `${random.pick(nodeNames)} provider`, random, { refuse: true }),
  'connecting to the provider is slow': async (targets, random) =>
    await disturb(targets, `${random.pick(nodeNames)} provider`, random, { connectDelayMs: random.int(100, 600) }),
  'responses from the provider are delayed': async (targets, random) =>
    await disturb(targets, `${random.pick(nodeNames)} provider`, random, { replyDelayMs: random.int(200, 2500) }),
  'the provider is slow': fault({ kind: 'slow', delayMs: 1200 }),
  'the provider responds after the timeout': fault({ kind: 'slow', delayMs: 4000 }),
  'the provider fails (500)': fault({ kind: 'status', httpStatus: 500 }),
  'the provider fails with an HTML page (502)': fault({ kind: 'html', httpStatus: 502 }),
  'the provider resets before it reads': fault({ kind: 'reset-before' }),
  'the provider resets instead of responding': fault({ kind: 'reset-after' }),
  'the provider accepts and resets': fault({ kind: 'accept-reset' }),
  'the provider accepts and never responds': fault({ kind: 'accept-hang' }),
  'the provider enforces its own limits': async ({ control }, random) => {
    await limit(control, true)
    await pass(random.int(3000, 8000))
    await limit(control, false)
    return true
  },
  'the provider changes its limit of messages per second': async ({ control }, random) => {
    for (let changes = random.int(1, 3); changes > 0; changes--) {
      await throttle(control, random.pick([10, 20, 40]))
      await pass(random.int(3000, 8000))
    }
    await throttle(control, null)
    return true
  },
  'a burst of pair limits (131056)': fault({ kind: 'code', code: 131056 }),
  'a burst of throughput limits (130429)': fault({ kind: 'code', code: 130429 }),
  'no statuses are reported for minutes': async ({ past }, random) => past !== null && await hideStatuses(past, random).catch(() => false),
  'a day passes': async ({ past }) => past !== null && await passDay(past).catch(() => false)
}

/** The kinds that this kind of Redis can have: the connections of a node are proxied to a single server only. */
export function faultKindsOf (on: Servers['on']): string[] {
  const single = on === 'server' ? [] : Object.keys(kinds).filter(kind => /loses Redis|from Redis|no statuses|a day/.test(kind))
  return [...Object.keys(kinds).filter(kind => !single.includes(kind)), ...Object.keys(redisKinds(on))]
}

/** An endless sequence of kinds, in the order of this seed; with `only`, of those whose names contain one of these texts. */
export function * schedule (on: Servers['on'], random: Random, only: string[] = []): Generator<string, never> {
  const wanted = faultKindsOf(on).filter(kind => only.length === 0 || only.some(text => kind.includes(text)))
  if (wanted.length === 0) throw new TypeError(`no fault is called ${only.join(' or ')}: ${faultKindsOf(on).join(', ')}`)
  for (;;) {
    const bag = [...wanted]
    while (bag.length > 0) yield bag.splice(random.int(0, bag.length - 1), 1)[0] ?? ''
  }
}

/** Injects one fault; returns false if nothing was injected. */
export async function inject (kind: string, targets: Targets, random: Random): Promise<boolean> {
  const one = kinds[kind]
  return one === undefined ? await targets.servers.inject(kind, random) : await one(targets, random)
}

/** Ends all faults. */
export async function endFaults ({ fleet, control, servers, receiver }: Targets): Promise<void> {
  await request(`${control}/faults`, { method: 'DELETE' })
  await limit(control, false)
  receiver.heal()
  await servers.heal()
  await fleet.heal()
}

async function limit (control: string, isEnforced: boolean): Promise<void> {
  const limits = isEnforced
    ? { enforcePair: true, pairIntervalMs: 1000, pairBurst: 1, throughputPerSecond: 40 }
    : { enforcePair: false, throughputPerSecond: null }
  await request(`${control}/settings`, { method: 'PUT', body: JSON.stringify(limits) })
}

async function throttle (control: string, throughputPerSecond: number | null): Promise<void> {
  await request(`${control}/settings`, { method: 'PUT', body: JSON.stringify({ throughputPerSecond }) })
}

/** A fault of the sandbox for a random number of requests of any sender. A new rule replaces the previous one. */
function fault (rule: Record<string, unknown>): Inject {
  return async ({ control, record }, random) => {
    const trouble: Trouble = { fact: 'trouble', of: 'provider', node: null, from: monotonicNow(), to: Infinity }
    record(trouble)
    await request(`${control}/faults`, { method: 'POST', body: JSON.stringify({ recipient: '*', times: random.logInt(3, 60), ...rule }) })
    await pass(random.int(300, 2000))
    trouble.to = monotonicNow()
    return true
  }
}

/** Disturbs a proxied connection for some time, and cuts it before and after. */
async function disturb (
  { proxies, fleet, record }: Targets,
  name: `${NodeName} ${'redis' | 'provider'}`,
  random: Random,
  mode: Parameters<Proxies['set']>[1],
  mostMs = 4000
): Promise<boolean> {
  const [node, of] = name.split(' ') as [NodeName, 'redis' | 'provider']
  const trouble: Trouble = { fact: 'trouble', of, node: fleet.processOf(node), from: monotonicNow(), to: Infinity }
  record(trouble)
  if (mode?.replyDelayMs === undefined && mode?.mute !== true) proxies.cut(name)
  proxies.set(name, mode)
  await pass(random.int(Math.ceil(mostMs / 8), mostMs))
  proxies.set(name)
  if (mode?.mute === true) proxies.cut(name)
  trouble.to = monotonicNow()
  return true
}
