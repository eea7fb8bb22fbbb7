import { Cluster, Command } from 'ioredis'
import type { Redis } from 'ioredis'
import { SluiceError } from '../errors.js'
import type { Client } from './client.js'
import { senderKey } from './keys.js'

/** Replicas on the same network answer within a millisecond; a caller who waits has to be told in time. */
const WITHIN_MS = 100

/** Makes sure that what was written outlives the master. */
export interface Replicas {
  /** Whether any replica is waited for at all. */
  areAsked: boolean
  /**
   * Resolves once so many replicas hold all that was written for this sender before the call, whichever connection wrote it. Throws UNAVAILABLE
   * where they don't within some 200 ms: it may have been written all the same.
   */
  hold: (prefix: string, sender: string) => Promise<void>
}

interface Turn { running: Promise<void>, next: Promise<void> | null }

/**
 * WAIT speaks of what its own connection wrote, so a mark is written first: replication has one order, and who has the mark has all that
 * came before it. It has a connection of its own, since it would make everything behind it wait. Calls that come while one is under way share
 * the next. With a count of 0 it does nothing.
 */
export function createReplicas (fence: Client | null, count: number): Replicas {
  const turns = new Map<string, Turn>()

  async function ask (client: Client, key: string): Promise<void> {
    const server = serverOf(client, key)
    const answers = await server?.pipeline().set(key, '1', 'PX', 1000).wait(count, WITHIN_MS).exec() ?? []
    const refusal = answers.length === 0 ? missing() : answers.find(([error]) => error !== null)?.[0]
    // A plain question is led to where the key lives now, and the client remembers.
    if (refusal instanceof Error && client instanceof Cluster) await client.exists(key)
    if (refusal instanceof Error) throw refusal
    if (Number(answers[1]?.[1]) < count) throw missing()
  }

  async function take (place: string, client: Client, key: string): Promise<void> {
    const turn = turns.get(place)
    if (turn !== undefined) return await (turn.next ??= turn.running.catch(() => undefined).then(async () => await start(place, client, key)))
    return await start(place, client, key)
  }

  async function start (place: string, client: Client, key: string): Promise<void> {
    const running = ask(client, key)
    const turn: Turn = { running, next: null }
    turns.set(place, turn)
    try {
      await running
    } finally {
      if (turn.next === null) turns.delete(place)
    }
  }

  return {
    areAsked: fence !== null && count > 0,
    async hold (prefix, sender) {
      if (fence === null) return
      const key = senderKey(prefix, sender, 'replica-mark')
      try {
        await take(placeOf(fence, key), fence, key)
      } catch (cause) {
        throw cause instanceof SluiceError ? cause : missing(cause instanceof Error ? cause.message : String(cause))
      }
    }
  }
}

function missing (cause?: string): SluiceError {
  return new SluiceError('UNAVAILABLE', { detail: 'too few replicas of Redis have confirmed it: it may have been accepted; repeat with the same idempotency key', retryAfterMs: 1000, ...(cause === undefined ? {} : { cause }) })
}

/** Calls for one server share; which of a cluster's servers has a key, as `host:port`, the client knows. */
function placeOf (client: Client, key: string): string {
  return client instanceof Cluster ? client.slots[new Command('get', [key]).getSlot()]?.[0] ?? '' : ''
}

/** Both commands have to go by one connection, and are not to be led elsewhere one by one. */
function serverOf (client: Client, key: string): Redis | undefined {
  if (!(client instanceof Cluster)) return client
  const place = placeOf(client, key)
  return client.nodes().find(({ options }) => `${options.host}:${options.port}` === place)
}
