/** The environment of a flow test: one Redis and one sandbox per file, one prefix per test, and a check for foreign keys and leaks. */
import type { Test } from 'tap'
import { startSandbox, type Harness, type Seen } from '../sandbox/support.js'
import { startNode, type Node, type NodeOptions } from './gateway.js'
import { createPrefix, startRedis, type TestRedis } from './redis.js'
import { createSieve } from './sieve.js'
import { until } from './until.js'

/** A start window that even a busy machine meets. For `createTestEnvironment` in tests that are not about START_WITHIN_MS itself. */
export const longStartWindow = { START_WITHIN_MS: '5000' }

export interface TestEnvironment {
  redis: TestRedis
  sandbox: Harness
  start: (t: Test, env?: Record<string, string>, more?: Partial<NodeOptions>) => Promise<Node>
  /** Has the sandbox post webhooks to a node, signed with this secret, until the end of the test. `settings`: of the sandbox. */
  postWebhooks: (t: Test, node: Node, secret: string, settings: Record<string, unknown>) => Promise<void>
  /** The requests at the sandbox for a recipient, oldest first, once there are `count`. */
  arrivals: (recipient: string, count?: number, withinMs?: number) => Promise<Seen[]>
}

/** Servers that already run, such as those of a cluster. */
export interface Stand { url: string, servers: TestRedis[] }

let stand: Stand | null = null

/** Makes later environments of this process use these servers, so that a file of flow tests can run on any kind of Redis. */
export function useServers (servers: Stand): void {
  stand = servers
}

/** The sandbox enforces no limits: it observes, and only the gateway keeps the rules. `base` are the default settings of all nodes. */
export async function createTestEnvironment (t: Test, base: Record<string, string> = {}): Promise<TestEnvironment> {
  const { servers, redis } = await serversFor(t)
  const sandbox = await startSandbox(t, { enforcePair: false, throughputPerSecond: null })
  const arrivals: TestEnvironment['arrivals'] = async (recipient, count = 0, withinMs) =>
    await until(`${count} arrivals for ${recipient}`, async () => {
      const found = await sandbox.seen(`?recipient=${encodeURIComponent(recipient)}`)
      return found.length >= count && found
    }, withinMs)
  return {
    redis,
    sandbox,
    arrivals,
    async postWebhooks (t, { origin }, webhookSecret, settings) {
      t.teardown(async () => { await sandbox.control('PUT', 'settings', { webhookUrl: null }) })
      await sandbox.control('PUT', 'settings', { webhookUrl: `${origin}/webhooks/whatsapp`, webhookSecret, ...settings })
    },
    async start (t, env = {}, more = {}) {
      const prefix = more.prefix ?? createPrefix()
      const sieve = createSieve()
      // Both are registered before the node, so that they run after it has closed.
      t.teardown(async () => {
        const found = sieve.find(await sandbox.seen('?limit=200'))
        if (found.length > 0) throw new Error(`secrets leaked: ${found.slice(0, 5).join('\n')}`)
      })
      if (more.prefix === undefined) t.teardown(async () => await checkKeys(servers, prefix))
      const onLog = (line: string): void => {
        sieve.onLog(line)
        more.onLog?.(line)
      }
      const node = await startNode(t, {
        redisUrl: redis.url,
        apiUrl: sandbox.url,
        ...more,
        env: { LOG_LEVEL: 'trace', ...base, ...env, ...more.env },
        prefix,
        onLog
      })
      sieve.listen(node)
      t.teardown(async () => { await sieve.read(node) })
      return node
    }
  }
}

async function serversFor (t: Test): Promise<{ servers: TestRedis[], redis: TestRedis }> {
  const [first] = stand?.servers ?? []
  if (stand !== null && first !== undefined) return { servers: stand.servers, redis: { ...first, url: stand.url } }
  const redis = await startRedis(t)
  return { servers: [redis], redis }
}

/** Checks that every key that a test left begins with its prefix, in the braces of the hash tag; then deletes them. */
async function checkKeys (servers: TestRedis[], prefix: string): Promise<void> {
  for (const server of servers) {
    const client = server.connect()
    const [role] = await client.role()
    // On shared servers other tests run at the same time, so only keys with this prefix are checked.
    const found = role === 'master' ? await client.keys(stand === null ? '*' : `*${prefix}*`) : []
    // One by one: in a cluster one command may not delete keys of several slots.
    await Promise.all(found.map(async key => await client.unlink(key)))
    const foreign = found.filter(key => !key.startsWith(`{${prefix}}:`) && !key.startsWith(`{${prefix}:`))
    if (foreign.length > 0) throw new Error(`keys outside of the prefix: ${foreign.slice(0, 5).join(', ')}`)
  }
}
