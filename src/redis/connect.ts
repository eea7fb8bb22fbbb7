import type { Redis } from 'ioredis'
import type { Bus } from '../events.js'
import { SluiceError } from '../errors.js'
import type { Address } from './address.js'
import { parseAddress } from './address.js'
import type { Client, Mode } from './client.js'
import { COMMAND_TIMEOUT_MS, createClient, serversOf } from './client.js'
import { memoryUse, parseInfo } from './info.js'
import type { Replicas } from './replicas.js'
import { addressOf, createReplicas } from './replicas.js'
import type { ServerClock } from './server-clock.js'
import { createServerClock, serverNowMs } from './server-clock.js'
import { subscribe } from './pub-sub.js'
import { startWatchdog } from './connection-watchdog.js'
import { findRefusal, refusedByRedis } from './unavailable.js'

/** The name of the only server, or of the current master. */
const ONE_SERVER = 'redis'
/** How long a start waits for Redis. */
const CONNECT_WITHIN_MS = 10_000

/** A server resets a connection without the TLS that it expects, or sends an alert that is no reply of Redis. */
const ADVICE_WITHOUT_TLS: Array<[pattern: RegExp, advice: string]> = [
  [/^Protocol error|ECONNRESET/, 'not a Redis, or a port for TLS: set `rediss://` in REDIS_URL']
]
/** A Redis without TLS waits for the end of what it takes for a command. */
const ADVICE_WITH_TLS: Array<[pattern: RegExp, advice: string]> = [
  [/ETIMEDOUT|ECONNRESET|wrong version number/, 'if it is a port without TLS, set `redis://` in REDIS_URL'],
  [/certificate/, 'to trust a certificate authority of your own, set NODE_EXTRA_CA_CERTS to its file']
]

export interface Connections {
  /** For plain commands and BullMQ's queues. */
  redis: Client
  /** For scripts. Its commands have no time limit of ioredis; the store applies `replyWithinMs` instead. */
  scripts: Client
  /** Time limit of a script; without it a script waits for its reply. */
  replyWithinMs?: number
  /** For BullMQ's workers. */
  patient: Client
  /** Calls `onMessage` for each message of a channel. Resolves once subscribed, to a function that unsubscribes. */
  subscribe: (channel: string, onMessage: (message: string) => void) => Promise<() => void>
  /** Waits until replicas have what was written. */
  replicas: Replicas
  /** Detects that the clock of a server was set. */
  clock: ServerClock
  /** The name of the server that has a key, for `clock`. */
  serverOf: (key: string) => string
  /** Used share of maxmemory, of the fullest server; 0 where there is no limit. */
  memoryRatio: () => number
  close: () => Promise<void>
}

/**
 * Connects to the server or servers of an address, samples their memory, and closes connections that stopped responding. With `waitReplicas`
 * that many replicas have to confirm a write. Throws UNAVAILABLE where no server has responded within 10 s, CONFIG_INVALID for an invalid
 * address. With a cluster it waits as long for all servers, and then goes on without those that are down.
 */
export async function connect (url: string, bus: Bus, { waitReplicas = 0 } = {}): Promise<Connections> {
  const address = parseAddress(url)
  const memoryRatios = new WeakMap<Redis, number>()
  const endings: Array<() => void> = []
  const open = (mode: Mode, probe: (server: Redis) => Promise<unknown> = async server => await server.ping()): Client => {
    const client = createClient(address, mode)
    const stopWatchdog = startWatchdog(client, probe)
    endings.push(() => {
      stopWatchdog()
      client.disconnect()
    })
    return client
  }
  async function sampleMemory (server: Redis): Promise<void> {
    memoryRatios.set(server, memoryUse(parseInfo(await server.info('memory'))).ratio)
  }
  const redis = open('fail-fast', sampleMemory)
  redis.on('ready', () => bus.emit('redis.connected', { servers: serversOf(redis).length }))
  for (const event of ['error', 'node error']) redis.on(event, (error: Error) => bus.emit('redis.lost', { error: error.message }))
  const clock = createServerClock((server, stepMs) => bus.emit('clock.stepped', { server, stepMs }))
  async function readClock (server: Redis): Promise<void> {
    const askedAt = performance.now()
    const redisMs = await serverNowMs(server)
    clock.observe(serverName(address, server), redisMs, askedAt)
  }
  // On the connection of the scripts, so that readings arrive in the order in which they were taken.
  const scripts = open('scripts', readClock)
  const patient = open('patient')
  const replicaConnection = waitReplicas === 0 ? null : open('fail-fast')
  for (const other of [scripts, patient, replicaConnection]) other?.on('error', () => undefined) // reported by the first client
  let refusal: string | null = null
  let reason = ''
  const onError = (error: unknown): void => {
    refusal ??= findRefusal(error)
    reason = reasonOf(error, address.options.tls !== undefined) ?? reason
  }
  for (const event of ['error', 'node error']) redis.on(event, onError)
  const close = async (): Promise<void> => { endings.forEach(end => end()) }

  // With a first reading of each clock, so that a step right after the start is seen.
  const deadline = performance.now() + CONNECT_WITHIN_MS
  const isResponding = async (least: 'all' | 'one'): Promise<boolean> =>
    await hasResponded(redis, sampleMemory, least, onError) && await hasResponded(scripts, readClock, least, onError)
  while (!await isResponding('all')) {
    // It will be the same at the next attempt.
    if (refusal !== null) {
      await close()
      throw refusedByRedis(refusal)
    }
    // In a cluster the senders on the other servers can be served.
    if (performance.now() > deadline && await isResponding('one')) break
    if (performance.now() > deadline) {
      await close()
      throw new SluiceError('UNAVAILABLE', { detail: `no Redis responds at REDIS_URL${reason}` })
    }
    // Fixed: it only looks again; ioredis reconnects with a backoff of its own.
    await new Promise(resolve => setTimeout(resolve, 20))
  }

  return {
    redis,
    scripts,
    replyWithinMs: COMMAND_TIMEOUT_MS,
    patient,
    replicas: createReplicas(replicaConnection, waitReplicas),
    clock,
    serverOf: key => addressOf(scripts, key) || ONE_SERVER,
    memoryRatio: () => Math.max(0, ...serversOf(redis).map(server => memoryRatios.get(server) ?? 0)),
    async subscribe (channel, onMessage) {
      const client = open('patient')
      client.on('error', () => undefined)
      return await subscribe(client, channel, onMessage, error => bus.emit('unexpected-error', { location: `subscription to ${channel}`, error }))
    },
    close
  }
}

function serverName ({ kind }: Address, { options }: Redis): string {
  return kind === 'cluster' ? `${options.host}:${options.port}` : ONE_SERVER
}

/** Why no server responds, with what to do about it; null for an error that only follows from an earlier one. */
function reasonOf (error: unknown, isTls: boolean): string | null {
  if (!(error instanceof Error) || error.message.startsWith("Stream isn't writeable")) return null
  const advice = (isTls ? ADVICE_WITH_TLS : ADVICE_WITHOUT_TLS).find(([pattern]) => pattern.test(error.message))?.[1]
  return `: ${error.message}${advice === undefined ? '' : ` (${advice})`}`
}

/** A command also opens the connections to those servers of a cluster that have not been used yet. */
async function hasResponded (
  client: Client, probe: (server: Redis) => Promise<unknown>, least: 'all' | 'one', onError: (error: unknown) => void
): Promise<boolean> {
  if (client.status !== 'ready') return false
  const probes = await Promise.allSettled(serversOf(client).map(probe))
  for (const outcome of probes) if (outcome.status === 'rejected') onError(outcome.reason)
  const count = probes.filter(({ status }) => status === 'fulfilled').length
  return count > 0 && (least === 'one' || count === probes.length)
}
