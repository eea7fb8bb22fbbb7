import type { Redis } from 'ioredis'
import type { Bus } from '../events.js'
import { SluiceError } from '../errors.js'
import { parseAddress } from './address.js'
import type { Client, Manner } from './client.js'
import { createClient, serversOf, watchCopies } from './client.js'
import { memoryUse, parseInfo } from './info.js'
import type { Replicas } from './replicas.js'
import { createReplicas } from './replicas.js'
import { subscribe } from './subscribe.js'
import { watch } from './connection-watchdog.js'

/** How long a start waits for Redis. */
const CONNECT_WITHIN_MS = 10_000

export interface Connections {
  /** For scripts and plain commands of the gateway. */
  redis: Client
  /** For BullMQ's workers. */
  patient: Client
  /** Hears what is published on a channel, until the answer is called. Resolves once it listens. */
  subscribe: (channel: string, hear: (message: string) => void) => Promise<() => void>
  /** Whether replicas hold what was written. */
  replicas: Replicas
  /** Share of maxmemory in use, the largest of all servers; 0 where there is no limit. */
  memoryRatio: () => number
  close: () => Promise<void>
}

/**
 * Connects to the server or servers of an address, keeps their memory in view, and lets go of those that fall silent. With `waitReplicas`
 * as many replicas have to confirm what is promised. Throws UNAVAILABLE where not every server has answered within 10 s, CONFIG_INVALID for
 * an address that is none.
 */
export async function connect (address: string, bus: Bus, { waitReplicas = 0 } = {}): Promise<Connections> {
  const where = parseAddress(address)
  const ratios = new WeakMap<Redis, number>()
  const endings: Array<() => void> = []
  const open = (manner: Manner, ask: (server: Redis) => Promise<unknown> = async server => await server.ping()): Client => {
    const client = createClient(where, manner)
    const unwatch = watch(client, ask)
    endings.push(() => {
      unwatch()
      client.disconnect()
    })
    return client
  }
  async function look (server: Redis): Promise<void> {
    ratios.set(server, memoryUse(parseInfo(await server.info('memory'))).ratio)
  }
  const redis = open('fail-fast', look)
  redis.on('ready', () => bus.emit('redis.connected', { servers: serversOf(redis).length }))
  for (const trouble of ['error', 'node error']) redis.on(trouble, (error: Error) => bus.emit('redis.lost', { error: error.message }))
  const patient = open('patient')
  watchCopies(patient, copy => endings.push(() => copy.disconnect()))
  const fence = waitReplicas === 0 ? null : open('fail-fast')
  for (const other of [patient, fence]) other?.on('error', () => undefined) // the first connection tells
  const close = async (): Promise<void> => { endings.forEach(end => end()) }

  const deadline = performance.now() + CONNECT_WITHIN_MS
  while (!await isAnswered(redis, look)) {
    if (performance.now() > deadline) {
      await close()
      throw new SluiceError('UNAVAILABLE', { detail: 'no Redis answers at REDIS_URL' })
    }
    await new Promise(resolve => setTimeout(resolve, 20))
  }

  return {
    redis,
    patient,
    replicas: createReplicas(fence, waitReplicas),
    memoryRatio: () => Math.max(0, ...serversOf(redis).map(server => ratios.get(server) ?? 0)),
    async subscribe (channel, hear) {
      const client = open('patient')
      client.on('error', () => undefined)
      return await subscribe(client, channel, hear)
    },
    close
  }
}

/** Asking also connects to those servers of a cluster that nobody has spoken to yet. */
async function isAnswered (redis: Client, look: (server: Redis) => Promise<void>): Promise<boolean> {
  if (redis.status !== 'ready') return false
  const servers = serversOf(redis)
  return servers.length > 0 && await Promise.all(servers.map(look)).then(() => true, () => false)
}
