import { createHash } from 'node:crypto'
import { inIsolation } from '../parallel.js'
import type { Client } from './client.js'
import { globalKey, senderKey } from './keys.js'
import { redisNowMs } from './server-clock.js'
import type { Store } from './store.js'
import { isUnavailable } from './unavailable.js'

type KeySpace = Pick<Store, 'redis' | 'prefix'>

/** All senders with data in Redis, including those that no node serves. */
export async function knownSenders ({ redis, prefix }: KeySpace): Promise<string[]> {
  return await redis.hkeys(globalKey(prefix, 'senders'))
}

/**
 * Again and again while a sender is served, so that its data is not removed. `appSecrets`: of the Meta apps that may sign for it, of which a
 * fingerprint is kept.
 */
export async function markServed ({ redis, prefix }: KeySpace, sender: string, appSecrets: readonly string[]): Promise<void> {
  const key = senderKey(prefix, sender, 'sender')
  await redis.hset(key, { servedAt: await redisNowMs(redis, key), signers: appSecrets.map(fingerprintOf).join(' ') })
}

/**
 * Whether an app may sign for a sender that this node does not serve: a node that served it knew the app's secret. So late statuses of a
 * removed sender's messages are still processed.
 */
export async function mayHaveSigned ({ redis, prefix }: KeySpace, sender: string, appSecret: string): Promise<boolean> {
  const signers = await redis.hget(senderKey(prefix, sender, 'sender'), 'signers')
  return signers?.split(' ').includes(fingerprintOf(appSecret)) === true
}

/** Removes a forgotten sender from the lists of all senders. A node that began to serve it again meanwhile has written its rules. */
export async function delistSender ({ redis, prefix }: { redis: Client, prefix: string }, sender: string): Promise<void> {
  await redis.hdel(globalKey(prefix, 'senders'), sender)
  await redis.zrem(globalKey(prefix, 'recovery-schedule'), sender)
  if (await redis.exists(senderKey(prefix, sender, 'sender')) === 0) return
  await redis.hsetnx(globalKey(prefix, 'senders'), sender, '1')
  await redis.zadd(globalKey(prefix, 'recovery-schedule'), 'NX', 0, sender)
}

/** The secret has 128 random bits, so that its hash does not reveal it. */
function fingerprintOf (secret: string): string {
  return createHash('sha256').update(`webhook signer ${secret}`).digest('hex').slice(0, 32)
}

/** Senders by whether the server that has their keys responds. In a cluster one may be down, and the others go on. */
export interface Reachable {
  senders: string[]
  unavailable: string[]
  /** By the clock of the server that is ahead, ms since the epoch. */
  nowMs: number
}

/** Asks each server once. Throws UNAVAILABLE if none responds. */
export async function findReachable (store: Store, senders: readonly string[]): Promise<Reachable> {
  const byServer = new Map<string, string[]>()
  for (const sender of senders) {
    const server = store.serverOf(sender)
    byServer.set(server, [...byServer.get(server) ?? [], sender])
  }
  const errors: unknown[] = []
  const unavailable = new Set<string>()
  const times = await inIsolation([...byServer.values()], byServer.size, async ([first = '']) =>
    await redisNowMs(store.redis, senderKey(store.prefix, first, 'sender')), (error, group) => {
    errors.push(error)
    for (const sender of group) unavailable.add(sender)
  })
  const thrown = errors.find(error => times.length === 0 || !isUnavailable(error))
  if (thrown !== undefined) throw thrown
  return { senders: senders.filter(sender => !unavailable.has(sender)), unavailable: [...unavailable], nowMs: Math.max(...times) }
}
