import { setTimeout as sleep } from 'node:timers/promises'
import { setMaxListeners } from 'node:events'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { createApp } from './app.js'
import { leaseFor } from './callbacks/deliver.js'
import type { CallbackDispatcher } from './callbacks/dispatcher.js'
import { startCallbackDispatcher } from './callbacks/dispatcher.js'
import { notifyDispatchers } from './callbacks/notify.js'
import { createEndpoint } from './callbacks/post.js'
import { MAX_CONNECTIONS } from './callbacks/slots.js'
import type { Config } from './config.js'
import type { Core } from './core.js'
import { createCore } from './core.js'
import type { Bus } from './events.js'
import { anonymous } from './http/authenticate.js'
import { drainConnections } from './http/graceful-shutdown.js'
import { createSources, readVersion } from './measure.js'
import type { Provider } from './message.js'
import type { Instruments } from './metrics/instruments.js'
import { createInstruments } from './metrics/instruments.js'
import { record, watchScripts } from './metrics/recording.js'
import { createScrape } from './metrics/scrape.js'
import type { Policy } from './provider/policy.js'
import { startGiveBack } from './recovery/give-back.js'
import type { Connections } from './redis/connect.js'
import { connect } from './redis/connect.js'
import { checkDurability } from './redis/info.js'
import { globalKey } from './redis/keys.js'
import { retryWhileUnavailable } from './redis/retry-while-unavailable.js'
import type { Workers } from './worker.js'
import { startWorkers } from './worker.js'

const HOUSEKEEPING_MS = 60_000
/** A sender counts as removed no sooner, so that a maintenance that ends all nodes is no removal. */
const FORGET_LEAST_MS = 24 * 3_600_000
/** Longest interval of recovery's check of a sender. */
const RECOVERY_ROUND_MS = 30_000
/** How long a shutdown waits for connections to close in order. */
const DISCONNECT_MS = 2000

export interface Gateway {
  app: FastifyInstance
  /** Settings of Redis that would lose messages, one sentence each. */
  findings: string[]
  /** Takes over a new list of senders: see `applySenders`. */
  apply: Core['applySenders']
  /** Graceful shutdown within `SHUTDOWN_GRACE_MS`. */
  close: () => Promise<void>
}

export interface Parts { redisUrl: string, provider: Provider, policy: Policy, events: Bus, logger: FastifyBaseLogger }

/** Creates one node: connections, senders, queues, HTTP application, workers, callbacks. Binds no port. */
export async function createGateway (config: Config, { redisUrl, provider, policy, events, logger }: Parts): Promise<Gateway> {
  const instruments = createInstruments()
  record(events, instruments, { senders: config.senders.map(({ id }) => id), codeName: policy.nameOf })
  const connections = await connect(redisUrl, events, { waitReplicas: config.REDIS_WAIT_REPLICAS })
  try {
    const findings = await retryWhileUnavailable(async () => await checkDurability(connections.redis))
    const core = await createCore(config, { provider, policy, events, connections, watchScript: watchScripts(instruments) })
    const closing = new AbortController()
    // Every drain run adds a listener, and there may be a thousand.
    setMaxListeners(0, closing.signal)
    const app = await createApi(config, core, { instruments, closing: closing.signal, logger })
    const workers = config.ROLE === 'api' ? null : await createWorkers(config, core, connections, closing.signal)
    const giveBack = startGiveBack(core)
    const callbacks = await createCallbacks(config, core, connections)
    return {
      app,
      findings,
      apply: core.applySenders,
      close: async () => await shutDown(config, { core, app, workers, giveBack, callbacks, connections, closing })
    }
  } catch (error) {
    await connections.close()
    throw error
  }
}

async function createApi (
  config: Config, core: Core, { instruments, closing, logger }: { instruments: Instruments, closing: AbortSignal, logger: FastifyBaseLogger }
): Promise<FastifyInstance> {
  instruments.buildInfo.set({ version: readVersion(), role: config.ROLE, node: core.store.node }, 1)
  instruments.sandbox.set(config.sandbox ? 1 : 0)
  const deps = {
    ...core,
    ...core.queues,
    settings: {
      idempotencyTtlMs: config.IDEMPOTENCY_TTL_MS,
      derivedTtlMs: config.IDEMPOTENCY_DERIVED_TTL_MS,
      lifeMs: core.lifeMs,
      queueCap: config.MAX_QUEUE_PER_RECIPIENT,
      backlogCap: config.MAX_BACKLOG_PER_SENDER,
      findMs: core.settlement.findMs
    },
    inlineWaitMs: config.INLINE_WAIT_MS,
    verifyToken: config.WHATSAPP_VERIFY_TOKEN,
    callers: config.API_KEYS.length === 0 ? [anonymous.name] : [...new Set(config.API_KEYS.map(({ name }) => name))],
    sandbox: config.sandbox
  }
  const scrape = createScrape(instruments, createSources(deps), core.events)
  return await createApp(deps, { keys: config.API_KEYS, closing, api: config.ROLE !== 'worker', scrape, logger })
}

async function createWorkers (config: Config, core: Core, { patient }: Connections, closing: AbortSignal): Promise<Workers> {
  const { FAILURE_RETENTION_MS: retentionMs, IDEMPOTENCY_TTL_MS, IDEMPOTENCY_DERIVED_TTL_MS, FIND_WITHIN_MS } = config
  // By then every key of a removed sender that has a TTL is gone too.
  const forgetMs = Math.max(FORGET_LEAST_MS, retentionMs, IDEMPOTENCY_TTL_MS, IDEMPOTENCY_DERIVED_TTL_MS, FIND_WITHIN_MS)
  const scheduled = { ...core, ...core.queues, housekeeping: { retentionMs, forgetMs, everyMs: HOUSEKEEPING_MS } }
  return await startWorkers({
    ...scheduled,
    patient,
    concurrency: config.WORKER_CONCURRENCY,
    maxInFlight: core.senders.maxInFlight,
    roundMs: Math.min(RECOVERY_ROUND_MS, config.LEASE_MS),
    refresh: core.restoreSenders
  }, closing)
}

type Callbacks = Pick<CallbackDispatcher, 'close'>

/** Null on a node that delivers no callbacks. One without workers still wakes the dispatchers of others. */
async function createCallbacks (config: Config, { store, events, explain }: Core, { subscribe }: Connections): Promise<Callbacks | null> {
  if (config.CALLBACK_URL === '') return null
  notifyDispatchers(store, events)
  if (config.ROLE === 'api') return null
  const dispatcher = startCallbackDispatcher({
    store,
    events,
    explain,
    endpoint: createEndpoint(config.CALLBACK_URL, { withinMs: config.CALLBACK_TIMEOUT_MS, connections: MAX_CONNECTIONS }),
    callbacks: {
      keys: config.callbackKeys,
      leaseMs: leaseFor(config.CALLBACK_TIMEOUT_MS),
      retryMs: config.CALLBACK_RETRY_MS,
      giveUpMs: config.CALLBACK_GIVE_UP_MS
    }
  })
  const unsubscribe = await subscribe(globalKey(store.prefix, 'callback-wake'), dispatcher.wake)
  return {
    async close () {
      unsubscribe()
      await dispatcher.close()
    }
  }
}

interface Running {
  core: Core
  app: FastifyInstance
  workers: Workers | null
  giveBack: { stop: () => Promise<void> }
  callbacks: Callbacks | null
  connections: Connections
  closing: AbortController
}

/** Graceful shutdown, in the order of its steps. What the grace period does not finish is recovered by its lease. */
async function shutDown (config: Config, { core, app, workers, giveBack, callbacks, connections, closing }: Running): Promise<void> {
  // 1. Readiness fails, new requests are rejected with SHUTTING_DOWN, and drain runs hand over to other nodes.
  closing.abort()

  async function finishWork (): Promise<void> {
    // 2. Accepted requests and running jobs end.
    await Promise.all([closeServer(app, config.SHUTDOWN_NOTICE_MS), workers?.close()])
    // 3. Sends in flight are settled.
    await Promise.all(core.underway)
    // 4. Last, since each of these settlements may have written a callback.
    await callbacks?.close()
  }
  await Promise.race([finishWork(), timeout(config.SHUTDOWN_GRACE_MS)])

  // 5. Everything that uses Redis stops, and then the connections close.
  await Promise.race([Promise.all([giveBack.stop(), core.wakes.close(), core.queues.close(), core.provider.close()]), timeout(DISCONNECT_MS)])
  core.stopTimers()
  await connections.close()
}

async function closeServer (app: FastifyInstance, noticeMs: number): Promise<void> {
  await drainConnections(app, noticeMs)
  await app.close()
}

const timeout = async (ms: number): Promise<void> => await sleep(ms, undefined, { ref: false })
