import type { ClusterOptions, Command, RedisOptions } from 'ioredis'
import { Cluster, Redis } from 'ioredis'
import { startReadTimeout } from '../deadlines.js'
import { SluiceError } from '../errors.js'
import { backoffMs } from '../values/backoff.js'
import type { Address } from './address.js'

/** One server (the current master, where sentinels know it) or a cluster. Both understand the same commands. */
export type Client = Redis | Cluster

/**
 * What a client does while Redis is unavailable.
 *
 * - `fail-fast`: for plain commands. A command fails after `COMMAND_TIMEOUT_MS`. It is never sent twice, unless the server said that it did
 *   not run it (MOVED, ASK, TRYAGAIN): a second run of a script could grant a send that no caller knows of.
 * - `scripts`: the same without the time limit: the store limits a script by the same time (script-call.ts).
 * - `patient`: for BullMQ's workers and subscriptions. It waits for Redis without a limit, through a failover as well.
 */
export type Mode = 'fail-fast' | 'scripts' | 'patient'

export const COMMAND_TIMEOUT_MS = 200
/** How long a connection may take to close in order. A server that hangs never does. */
const DISCONNECT_TIMEOUT_MS = 50

/** Delay before a reconnect; `attempt` counts from 1. */
const reconnectMs = (attempt: number): number => backoffMs(attempt - 1, { firstMs: 50, longestMs: 500 })

/**
 * Limits the time of each command. Not ioredis' `commandTimeout`: a process that was blocked for longer would report replies as missing that it has
 * only not read (deadlines.ts).
 */
function limitTime (client: Redis | Cluster): void {
  const send = client.sendCommand.bind(client) as (command: Command, ...rest: unknown[]) => unknown
  client.sendCommand = (command: Command, ...rest: unknown[]) => {
    const late = (): void => { command.reject(new SluiceError('UNAVAILABLE', { retryAfterMs: 1000, cause: 'Command timed out' })) }
    const cancel = startReadTimeout(COMMAND_TIMEOUT_MS, late)
    command.promise.then(cancel, cancel)
    return send(command, ...rest)
  }
}

/** A client that connects at once and keeps trying. The caller has to listen to its `error` event. */
export function createClient (address: Address, mode: Mode): Client {
  const options: RedisOptions = { ...address.options, ...modes[mode], disconnectTimeout: DISCONNECT_TIMEOUT_MS, keepAlive: 10_000 }
  if (address.kind === 'server') {
    const client = new Redis({ ...options, retryStrategy: reconnectMs, sentinelRetryStrategy: reconnectMs, maxLoadingRetryTime: 250 })
    // ioredis would go on in database 0, which may be another system's.
    client.on('error', (error: Error & { command?: { name: string } }) => { if (error.command?.name === 'select') client.disconnect(true) })
    if (mode === 'fail-fast') limitTime(client)
    return client
  }
  const client = new Cluster(address.nodes, {
    ...(mode === 'patient' ? patientCluster : failFastCluster),
    redisOptions: options,
    clusterRetryStrategy: reconnectMs,
    slotsRefreshTimeout: 1000,
    // TLS certificates are issued for names, so names are not resolved to addresses here.
    ...(options.tls === undefined ? {} : { dnsLookup: (name, found) => found(null, name) })
  })
  if (mode === 'fail-fast') limitTime(client)
  return client
}

/** How many servers take writes but have no connection: ioredis drops the one of a master that is down, while the cluster still lists it. */
export function countMissing (client: Client): number {
  if (!(client instanceof Cluster)) return 0
  const connected = new Set(client.nodes().map(({ options }) => `${options.host}:${options.port}`))
  const listed = new Set(client.slots.flatMap(nodes => nodes?.[0] ?? []))
  return [...listed].filter(address => !connected.has(address)).length
}

/** The servers behind a client that take writes. */
export function serversOf (client: Client): Redis[] {
  return client instanceof Cluster ? client.nodes('master') : [client]
}

const failFast: RedisOptions = { maxRetriesPerRequest: 0, enableOfflineQueue: false, autoResendUnfulfilledCommands: false, connectTimeout: 1000 }

const modes: Record<Mode, RedisOptions> = {
  'fail-fast': failFast,
  scripts: failFast,
  patient: { maxRetriesPerRequest: null, autoResubscribe: false }
}

const failFastCluster: ClusterOptions = {
  enableOfflineQueue: false, maxRedirections: 5, retryDelayOnFailover: 0, retryDelayOnClusterDown: 0, retryDelayOnTryAgain: 20
}
/**
 * Measured: with ioredis' defaults some commands of a failover are lost. No ready check: `connect()` of ioredis 5.11 never ends if that check
 * fails, as while a master is away, and BullMQ's worker waits for it without a limit.
 */
const patientCluster: ClusterOptions = {
  enableReadyCheck: false, maxRedirections: 64, retryDelayOnFailover: 200, retryDelayOnClusterDown: 200, retryDelayOnMoved: 50
}

/** Approximate number of keys that one SCAN call visits: a millisecond of Redis. */
const PAGE = 1000

/** The keys that match a pattern, on all servers, page by page. A key that exists throughout is returned at least once. */
export async function * scanKeys (redis: Client, pattern: string): AsyncGenerator<string[]> {
  for (const server of serversOf(redis)) {
    let cursor = '0'
    do {
      const [next, keys] = await server.scan(cursor, 'MATCH', pattern, 'COUNT', PAGE)
      if (keys.length > 0) yield keys
      cursor = next
    } while (cursor !== '0')
  }
}
