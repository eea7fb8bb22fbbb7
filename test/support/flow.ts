/** The ground of a flow test: one Redis and one sandbox for a file; for each test a prefix, and at its end no foreign key and nothing told that is secret. */
import type { Test } from 'tap'
import { startSandbox, type Harness, type Seen } from '../sandbox/support.js'
import { startNode, type Node, type NodeOptions } from './gateway.js'
import { createPrefix, startRedis, type TestRedis } from './redis.js'
import { createSieve } from './sieve.js'
import { until } from './until.js'

/** A grant is good for so long that a machine with much else to do starts it in time. For `createGround`, where nothing is asked about START_WITHIN_MS itself. */
export const unhurried = { START_WITHIN_MS: '5000' }

export interface Ground {
  redis: TestRedis
  sandbox: Harness
  start: (t: Test, env?: Record<string, string>, more?: Partial<NodeOptions>) => Promise<Node>
  /** What arrived at the sandbox for a recipient, oldest first, once there are so many. */
  arrivals: (recipient: string, count?: number, withinMs?: number) => Promise<Seen[]>
}

/** Servers that are there already, such as those of a cluster. */
export interface Stand { url: string, servers: TestRedis[] }

let stand: Stand | null = null

/** From now on grounds of this process are laid on these servers, so that a file of flow tests can be run on any kind of Redis. */
export function standOn (servers: Stand): void {
  stand = servers
}

/** The sandbox takes whatever comes: it observes, and the gateway alone keeps the rules. `base` are settings of all nodes that set nothing else. */
export async function createGround (t: Test, base: Record<string, string> = {}): Promise<Ground> {
  const { servers, redis } = await standing(t)
  const sandbox = await startSandbox(t, { enforcePair: false, throughputPerSecond: null })
  const arrivals: Ground['arrivals'] = async (recipient, count = 0, withinMs) =>
    await until(`${count} arrivals for ${recipient}`, async () => {
      const found = await sandbox.seen(`?recipient=${encodeURIComponent(recipient)}`)
      return found.length >= count && found
    }, withinMs)
  return {
    redis,
    sandbox,
    arrivals,
    async start (t, env = {}, more = {}) {
      const prefix = more.prefix ?? createPrefix()
      const sieve = createSieve()
      // Both before the node, so that they run when it has closed.
      t.teardown(async () => {
        const found = sieve.find(await sandbox.seen('?limit=200'))
        if (found.length > 0) throw new Error(`told to whom it does not concern: ${found.slice(0, 5).join('\n')}`)
      })
      if (more.prefix === undefined) t.teardown(async () => await checkKeys(servers, prefix))
      const onLog = (line: string): void => {
        sieve.onLog(line)
        more.onLog?.(line)
      }
      const node = await startNode(t, { redisUrl: redis.url, apiUrl: sandbox.url, ...more, env: { LOG_LEVEL: 'trace', ...base, ...env, ...more.env }, prefix, onLog })
      sieve.listen(node)
      t.teardown(async () => { await sieve.read(node) })
      return node
    }
  }
}

async function standing (t: Test): Promise<{ servers: TestRedis[], redis: TestRedis }> {
  const [first] = stand?.servers ?? []
  if (stand !== null && first !== undefined) return { servers: stand.servers, redis: { ...first, url: stand.url } }
  const redis = await startRedis(t)
  return { servers: [redis], redis }
}

/** Every key that a test left begins with its prefix, in the braces that keep a sender's keys together; then they go. */
async function checkKeys (servers: TestRedis[], prefix: string): Promise<void> {
  for (const server of servers) {
    const client = server.connect()
    const [role] = await client.role()
    // Where others are at work beside it, only what names it.
    const found = role === 'master' ? await client.keys(stand === null ? '*' : `*${prefix}*`) : []
    // One by one: those of several senders may not go together in a cluster.
    await Promise.all(found.map(async key => await client.unlink(key)))
    const strange = found.filter(key => !key.startsWith(`{${prefix}}:`) && !key.startsWith(`{${prefix}:`))
    if (strange.length > 0) throw new Error(`keys outside of the prefix: ${strange.slice(0, 5).join(', ')}`)
  }
}
