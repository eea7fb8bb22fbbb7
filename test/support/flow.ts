/** The ground of a flow test: one Redis and one sandbox for a file; for each test a prefix, and no foreign key at its end. */
import type { Test } from 'tap'
import { startSandbox, type Harness, type Seen } from '../sandbox/support.js'
import { startNode, type Node, type NodeOptions } from './gateway.js'
import { createPrefix, startRedis, type TestRedis } from './redis.js'
import { until } from './until.js'

export interface Ground {
  redis: TestRedis
  sandbox: Harness
  start: (t: Test, env?: Record<string, string>, more?: Partial<NodeOptions>) => Promise<Node>
  /** What arrived at the sandbox for a recipient, oldest first, once there are so many. */
  arrivals: (recipient: string, count?: number, withinMs?: number) => Promise<Seen[]>
}

/** The sandbox takes whatever comes: it observes, and the gateway alone keeps the rules. */
export async function createGround (t: Test): Promise<Ground> {
  const redis = await startRedis(t)
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
      // Before the node, so that it runs after the node has closed.
      if (more.prefix === undefined) t.teardown(async () => await checkKeys(redis, prefix))
      return await startNode(t, { redisUrl: redis.url, apiUrl: sandbox.url, env, ...more, prefix })
    }
  }
}

/** Every key that a test left begins with its prefix, in the braces that keep a sender's keys together; then they go. */
async function checkKeys (redis: TestRedis, prefix: string): Promise<void> {
  const client = redis.connect()
  const found = await client.keys('*')
  if (found.length > 0) await client.del(...found)
  const strange = found.filter(key => !key.startsWith(`{${prefix}}:`) && !key.startsWith(`{${prefix}:`))
  if (strange.length > 0) throw new Error(`keys outside of the prefix: ${strange.slice(0, 5).join(', ')}`)
}
