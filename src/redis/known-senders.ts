import { createHash } from 'node:crypto'
import type { Client } from './client.js'
import { redisNowMs } from './clock.js'
import { globalKey, senderKey } from './keys.js'
import type { Store } from './store.js'

type Place = Pick<Store, 'redis' | 'prefix'>

/** All senders with data in Redis, including those that no node serves. */
export async function knownSenders ({ redis, prefix }: Place): Promise<string[]> {
  return await redis.hkeys(globalKey(prefix, 'senders'))
}

/**
 * Again and again while a sender is served, so that its data is not removed. `appSecrets`: of the Meta apps that may sign for it, of which a
 * fingerprint is kept.
 */
export async function markServed ({ redis, prefix }: Place, sender: string, appSecrets: readonly string[]): Promise<void> {
  const key = senderKey(prefix, sender, 'sender')
  await redis.hset(key, { servedAt: await redisNowMs(redis, key), signers: appSecrets.map(fingerprintOf).join(' ') })
}

/**
 * Whether an app may sign for a sender that this node does not serve: a node that served it knew the app's secret. So late statuses of a
 * removed sender's messages are still processed.
 */
export async function mayHaveSigned ({ redis, prefix }: Place, sender: string, appSecret: string): Promise<boolean> {
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
