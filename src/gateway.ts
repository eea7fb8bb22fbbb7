import { setMaxListeners } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { countActivity } from './activity/count.js'
import { createApp } from './app.js'
import { leaseFor } from './callbacks/deliver.js'
import type { CallbackDispatcher } from './callbacks/dispatcher.js'
import { startCallbackDispatcher, notifyDispatchers } from './callbacks/dispatcher.js'
import { createEndpoint } from './callbacks/post.js'
import { MAX_CONNECTIONS } from './callbacks/slots.js'
import type { CallerRegistry } from './callers.js'
import { createCallerRegistry } from './callers.js'
import type { Config } from './config.js'
import type { Core, RunningCore } from './core.js'
import { createCore } from './core.js'
import type { Bus } from './events.js'
import { retryWorkerStatus } from './failure/retry-worker.js'
import { drainConnections } from './http/graceful-shutdown.js'
import type { Instruments } from './metrics/instruments.js'
import { createInstruments } from './metrics/instruments.js'
import { record, observeScripts } from './metrics/recording.js'
import { createScrape } from './metrics/scrape.js'
import { readPolicyFile } from './provider/policy-file.js'
import type { Policy } from './provider/policy.js'
import { createPolicy } from './provider/policy.js'
import type { Providers } from './provider/providers.js'
import { createProviders } from './provider/providers.js'
import { startGiveBack } from './recovery/recover.js'
import type { Connections } from './redis/connect.js'
import { connect } from './redis/connect.js'
import { checkDurability, readInfos } from './redis/info.js'
import { globalKey } from './redis/keys.js'
import { atStart } from './redis/unavailable.js'
import type { Reload } from './reload.js'
import { targetsOf, watchSettings } from './reload.js'
import { followFailures } from './templates/poll.js'
import { followStops } from './templates/stop.js'
import { readAfterStops } from './throttle/ceilings.js'
import { measureSystem } from './throttle/inspect.js'
import type { Workers } from './worker.js'
import { startWorkers } from './worker.js'

const HOUSEKEEPING_MS = 60_000
/** A sender counts as removed no sooner, so that a maintenance stop of all nodes does not count as removal. */
const FORGET_LEAST_MS = 24 * 3_600_000
/** Longest interval of recovery's check of a sender. */
const RECOVERY_ROUND_MS = 30_000
/** How long a shutdown waits for connections to close in order. */
const DISCONNECT_MS = 2000

export interface Gateway {
  app: FastifyInstance
  /** Settings of Redis that would lose messages, one sentence each. */
  findings: string[]
  policy: Policy
  providers: Providers
  /** Reads senders, policy and API keys again: see `watchSettings`. */
  reload: Reload['reload']
  /** Graceful shutdown within `SHUTDOWN_GRACE_MS`. */
  close: () => Promise<void>
}

/** `sandboxUrl`: replaces WhatsApp for all senders; null for WhatsApp. */
export interface Parts { redisUrl: string, sandboxUrl: string | null, events: Bus, logger: FastifyBaseLogger }

/** Creates one node: providers, connections, senders, queues, HTTP application, workers, callbacks. Binds no port. */
export async function createGateway (config: Config, { redisUrl, sandboxUrl, events, logger }: Parts): Promise<Gateway> {
  const policy = createPolicy(readPolicyFile(config.POLICY_FILE))
  const providers = createProviders(targetsOf(config.senders, sandboxUrl, config.proxies), config.SEND_TIMEOUT_MS, policy)
  const instruments = createInstruments()
  record(events, instruments, { senders: config.senders.map(({ id }) => id), codeName: policy.nameOf })
  const connections = await connect(redisUrl, events, { waitReplicas: config.REDIS_WAIT_REPLICAS })
  try {
    const findings = await atStart(async () => await checkDurability(connections.redis))
    const running = await createCore(config, { provider: providers, policy, events, connections, observeScript: observeScripts(instruments) })
    const { core, senderSync } = running
    followFailures(core)
    followStops(core)
    readAfterStops({ ...core, throughputPollMs: config.THROUGHPUT_POLL_MS })
    const closing = new AbortController()
    // Every drain run adds a listener, and there may be a thousand.
    setMaxListeners(0, closing.signal)
    const callers = createCallerRegistry(config.API_KEYS)
    const app = await createApi(config, core, { callers, instruments, closing: closing.signal, logger })
    const workers = config.ROLE === 'api' ? null : await createWorkers(config, running, connections, closing.signal)
    const giveBack = startGiveBack(core)
    const activity = countActivity(core)
    const callbacks = await createCallbacks(config, core, connections)
    const watch = watchSettings(config, { policy, providers, callers, apply: senderSync.apply, events, sandboxUrl })
    return {
      app,
      findings,
      policy,
      providers,
      reload: watch.reload,
      async close () {
        watch.close()
        await shutDown(config, { ...running, app, workers, giveBack, activity, callbacks, connections, closing })
      }
    }
  } catch (error) {
    await connections.close()
    throw error
  }
}

async function createApi (
  config: Config,
  core: Core,
  { callers, instruments, closing, logger }: { callers: CallerRegistry, instruments: Instruments, closing: AbortSignal, logger: FastifyBaseLogger }
): Promise<FastifyInstance> {
  instruments.buildInfo.set({ version: readVersion(), role: config.ROLE, node: core.store.node }, 1)
  instruments.sandbox.set(config.sandbox ? 1 : 0)
  const deps = {
    ...core,
    ...core.queues,
    admission: {
      idempotencyTtlMs: config.IDEMPOTENCY_TTL_MS,
      derivedTtlMs: config.IDEMPOTENCY_DERIVED_TTL_MS,
      lifeMs: config.MESSAGE_LIFE_MS,
      queueCap: config.MAX_QUEUE_PER_RECIPIENT,
      backlogCap: config.MAX_BACKLOG_PER_SENDER,
      findMs: core.settlement.findMs,
      accountOf: (sender: string) => core.senders.settingsOf(sender)?.accountId ?? null,
      windowCheck: config.WINDOW_CHECK,
      countsFor: (sender: string) => (core.senders.settingsOf(sender)?.daily ?? null) !== null,
      shareOf: (caller: string) => callers.shareOf(caller, config.MAX_BACKLOG_PER_SENDER),
      callerBacklogOf: (caller: string) => callers.backlogOf(caller, config.MAX_BACKLOG_PER_SENDER)
    },
    lifeMs: config.MESSAGE_LIFE_MS,
    retryIntervalMs: config.WHATSAPP_RETRY_INTERVAL_MS,
    findMs: core.settlement.findMs,
    inlineWaitMs: config.INLINE_WAIT_MS,
    retentionMs: config.FAILURE_RETENTION_MS,
    verifyToken: config.WHATSAPP_VERIFY_TOKEN,
    throughputPollMs: config.THROUGHPUT_POLL_MS,
    callers,
    sandbox: config.sandbox
  }
  const scrape = createScrape(instruments, {
    infos: async () => await readInfos(core.store.redis),
    senders: async () => await measureSystem(core.store, core.senders),
    retryWorker: async () => await retryWorkerStatus(core.store, config.WHATSAPP_RETRY_INTERVAL_MS)
  }, core.events)
  return await createApp(deps, { closing, api: config.ROLE !== 'worker', scrape, logger })
}

/** The version of this package. */
function readVersion (): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  return version
}

async function createWorkers (config: Config, { core, senderSync }: RunningCore, { patient }: Connections, closing: AbortSignal): Promise<Workers> {
  const { FAILURE_RETENTION_MS: retentionMs, IDEMPOTENCY_TTL_MS, IDEMPOTENCY_DERIVED_TTL_MS, FIND_WITHIN_MS } = config
  // By then every key of a removed sender that has a TTL is gone too.
  const forgetMs = Math.max(FORGET_LEAST_MS, retentionMs, IDEMPOTENCY_TTL_MS, IDEMPOTENCY_DERIVED_TTL_MS, FIND_WITHIN_MS)
  return await startWorkers({
    drain: { ...core, maxInFlight: core.senders.maxInFlight, concurrency: config.WORKER_CONCURRENCY },
    retry: { ...core, lifeMs: config.MESSAGE_LIFE_MS, retryIntervalMs: config.WHATSAPP_RETRY_INTERVAL_MS },
    housekeeping: { ...core, retentionMs, forgetMs, everyMs: HOUSEKEEPING_MS },
    templates: { ...core, templatePollMs: config.TEMPLATE_POLL_MS },
    bulk: { ...core, lifeMs: config.MESSAGE_LIFE_MS },
    ceilings: { ...core, throughputPollMs: config.THROUGHPUT_POLL_MS, healthStatus: config.HEALTH_STATUS },
    recovery: {
      ...core,
      roundMs: Math.min(RECOVERY_ROUND_MS, config.LEASE_MS),
      refresh: senderSync.restore,
      bulkHoldMs: sender => core.settlement.webhooksEnabledFor?.(sender) === true ? config.BULK_HOLD_MS : null
    }
  }, { queues: core.queues, patient, closing })
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
    endpoint: createEndpoint(config.CALLBACK_URL, {
      withinMs: config.CALLBACK_TIMEOUT_MS, connections: MAX_CONNECTIONS, proxies: config.proxies
    }),
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

interface Running extends RunningCore {
  app: FastifyInstance
  workers: Workers | null
  giveBack: { stop: () => Promise<void> }
  activity: { stop: () => Promise<void> }
  callbacks: Callbacks | null
  connections: Connections
  closing: AbortController
}

/** Graceful shutdown, in the order of its steps. What the grace period does not finish is recovered by its lease. */
async function shutDown (config: Config, { core, stop, app, workers, giveBack, activity, callbacks, connections, closing }: Running): Promise<void> {
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
  const stops = [giveBack.stop(), activity.stop(), core.wakes.close(), core.queues.close(), core.provider.close()]
  await Promise.race([Promise.all(stops), timeout(DISCONNECT_MS)])
  stop()
  await connections.close()
}

async function closeServer (app: FastifyInstance, noticeMs: number): Promise<void> {
  await drainConnections(app, noticeMs)
  await app.close()
}

const timeout = async (ms: number): Promise<void> => await sleep(ms, undefined, { ref: false })
