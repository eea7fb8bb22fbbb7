import calculateSlot from 'cluster-key-slot'
import { Cluster } from 'ioredis'
import type { Redis } from 'ioredis'
import { SluiceError } from '../errors.js'
import type { Client } from './client.js'
import { globalKey, senderKey } from './keys.js'

/** Replicas on the same network respond within a millisecond; after this time a write counts as unconfirmed. */
const WITHIN_MS = 100

/** Makes sure that a write survives the loss of the master. */
export interface Replicas {
  /** Whether writes wait for replicas. */
  isEnabled: boolean
  /**
   * Resolves once enough replicas have all that was written for this sender before the call, by any connection; null: for the gateway as a
   * whole. Throws UNAVAILABLE if they have not after some 200 ms; the write may still have succeeded.
   */
  confirm: (prefix: string, sender: string | null) => Promise<void>
}

interface Wait { running: Promise<void>, next: Promise<void> | null }

/**
 * WAIT covers only what its own connection wrote. So a mark is written first: replication keeps the order of writes, and a replica that has
 * the mark has all that came before it. WAIT blocks its connection, which is therefore used for nothing else. Calls that arrive while a WAIT
 * runs share the next one. With a count of 0 nothing is done.
 */
export function createReplicas (replicaConnection: Client | null, count: number): Replicas {
  const waits = new Map<string, Wait>()

  async function markAndWait (client: Client, key: string): Promise<void> {
    const server = serverOf(client, key)
    const replies = await server?.pipeline().set(key, '1', 'PX', 1000).wait(count, WITHIN_MS).exec() ?? []
    const failure = replies.length === 0 ? missing() : replies.find(([error]) => error !== null)?.[0]
    // The slot may have moved. A plain command is redirected, and the client remembers the new server.
    if (failure instanceof Error && client instanceof Cluster) await client.exists(key)
    if (failure instanceof Error) throw failure
    if (Number(replies[1]?.[1]) < count) throw missing()
  }

  async function join (address: string, client: Client, key: string): Promise<void> {
    const wait = waits.get(address)
    if (wait !== undefined) return await (wait.next ??= wait.running.catch(() => undefined).then(async () => await start(address, client, key)))
    return await start(address, client, key)
  }

  async function start (address: string, client: Client, key: string): Promise<void> {
    const running = markAndWait(client, key)
    const wait: Wait = { running, next: null }
    waits.set(address, wait)
    try {
      await running
    } finally {
      if (wait.next === null) waits.delete(address)
    }
  }

  return {
    isEnabled: replicaConnection !== null && count > 0,
    async confirm (prefix, sender) {
      if (replicaConnection === null) return
      const key = sender === null ? globalKey(prefix, 'replica-mark') : senderKey(prefix, sender, 'replica-mark')
      try {
        await join(addressOf(replicaConnection, key), replicaConnection, key)
      } catch (cause) {
        throw cause instanceof SluiceError ? cause : missing(cause instanceof Error ? cause.message : String(cause))
      }
    }
  }
}

function missing (cause?: string): SluiceError {
  const detail = 'too few replicas of Redis have confirmed it: it may have been accepted; repeat with the same idempotency key'
  return new SluiceError('UNAVAILABLE', { detail, retryAfterMs: 1000, ...(cause === undefined ? {} : { cause }) })
}

/** `host:port` of the server that has a key, as far as the client knows the cluster. Calls for the same server share a WAIT. */
export function addressOf (client: Client, key: string): string {
  return client instanceof Cluster ? client.slots[calculateSlot(key)]?.[0] ?? '' : ''
}

/** SET and WAIT have to use one connection, so the cluster client must not route them one by one. */
function serverOf (client: Client, key: string): Redis | undefined {
  if (!(client instanceof Cluster)) return client
  const address = addressOf(client, key)
  return client.nodes().find(({ options }) => `${options.host}:${options.port}` === address)
}
