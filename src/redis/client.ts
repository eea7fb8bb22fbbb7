import { Cluster, Redis } from 'ioredis'
import type { ClusterOptions, RedisOptions } from 'ioredis'
import { backoffMs } from '../backoff.js'
import type { Address } from './address.js'
import { corkWrites } from './cork-writes.js'

/** What the gateway asks: one server, whoever is the master now, or a cluster. Both understand the same commands. */
export type Client = Redis | Cluster

/**
 * `fail-fast`: for scripts. It answers or fails within `COMMAND_TIMEOUT_MS`, and never sends a command twice by itself unless the server
 * said that it did not run it (MOVED, ASK, TRYAGAIN), since a grant that is asked for twice is one that nobody knows of.
 * `patient`: for BullMQ's workers and subscriptions. It waits for Redis for as long as it takes, through a failover as well.
 */
export type Manner = 'fail-fast' | 'patient'

const COMMAND_TIMEOUT_MS = 200
/** A connection that is let go of has so long to end in order; a server that hangs never does. */
const LET_GO_MS = 50

/** Delay before a reconnect; `attempt` counts from 1. */
const reconnectMs = (attempt: number): number => backoffMs(attempt - 1, { firstMs: 50, longestMs: 500 })

/** A client that connects at once and goes on trying. Whoever makes it listens to its `error`. */
export function createClient (address: Address, manner: Manner): Client {
  const client = connectTo(address, manner)
  corkWrites(client)
  return client
}

function connectTo (address: Address, manner: Manner): Client {
  const options: RedisOptions = { ...address.options, ...manners[manner], disconnectTimeout: LET_GO_MS, keepAlive: 10_000 }
  if (address.kind === 'server') return new Redis({ ...options, retryStrategy: reconnectMs, sentinelRetryStrategy: reconnectMs, maxLoadingRetryTime: 250 })
  return new Cluster(address.nodes, {
    ...clusterManners[manner],
    redisOptions: options,
    clusterRetryStrategy: reconnectMs,
    slotsRefreshTimeout: 1000,
    // A certificate is for a name, so names are not replaced by addresses.
    ...(options.tls === undefined ? {} : { dnsLookup: (name, found) => found(null, name) })
  })
}

/**
 * Has every copy that somebody makes of a client handed to `onCopy`. BullMQ's workers make one each for their blocking reads, and one whose
 * server went away in the wrong moment is never ended by them.
 */
export function watchCopies (client: Client, onCopy: (copy: Client) => void): void {
  const kept = <Copy extends Client>(copy: Copy): Copy => {
    onCopy(copy)
    return copy
  }
  if (client instanceof Cluster) {
    const duplicate = client.duplicate.bind(client)
    client.duplicate = (...args) => kept(duplicate(...args))
  } else {
    const duplicate = client.duplicate.bind(client)
    client.duplicate = (...args) => kept(duplicate(...args))
  }
}

/** The servers behind a client that take writes. */
export function serversOf (client: Client): Redis[] {
  return client instanceof Cluster ? client.nodes('master') : [client]
}

const manners: Record<Manner, RedisOptions> = {
  'fail-fast': {
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: 1000
  },
  patient: { maxRetriesPerRequest: null, autoResubscribe: false }
}

/** Of a patient one as measured: by the defaults some commands of a failover are lost. */
const clusterManners: Record<Manner, ClusterOptions> = {
  'fail-fast': { enableOfflineQueue: false, maxRedirections: 5, retryDelayOnFailover: 0, retryDelayOnClusterDown: 0, retryDelayOnTryAgain: 20 },
  patient: { maxRedirections: 64, retryDelayOnFailover: 200, retryDelayOnClusterDown: 200, retryDelayOnMoved: 50 }
}
