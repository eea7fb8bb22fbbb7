import { setTimeout as sleep } from 'node:timers/promises'
import { setMaxListeners } from 'node:events'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { createApp } from './app.js'
import type { Config } from './config.js'
import type { DashboardDeps } from './dashboard/dashboard.js'
import type { Bus } from './events.js'
import { createBackoff } from './failure/backoff.js'
import { keepRetriesScheduled } from './failure/retry-worker.js'
import { createSources, readVersion } from './measure.js'
import type { Provider } from './message.js'
import { createInstruments } from './metrics/instruments.js'
import type { Instruments } from './metrics/instruments.js'
import { record } from './metrics/recording.js'
import { createScrape } from './metrics/scrape.js'
import { watchScripts } from './metrics/scripts.js'
import { classifyStatus } from './provider/classify.js'
import type { Policy } from './provider/policy.js'
import { createQueues } from './queues.js'
import { connect } from './redis/connect.js'
import type { Connections } from './redis/connect.js'
import { checkDurability } from './redis/durability.js'
import { retryWhileUnavailable } from './redis/retry-while-unavailable.js'
import { globalKey } from './redis/keys.js'
import { createStore } from './redis/store.js'
import { startGiveBack } from './recovery/give-back.js'
import { keepHousekeepingScheduled } from './recovery/housekeeping.js'
import { createSenderRegistry, findUnserved } from './sender-registry.js'
import type { SenderRegistry } from './sender-registry.js'
import type { WorkerDeps } from './worker.js'
import { startWorkers } from './worker.js'
import type { ApiDeps } from './http/api.js'
import { anonymous } from './http/authenticate.js'
import { drainConnections } from './http/closing.js'
import { createStarting } from './drain/starting.js'
import { createWakes } from './drain/wake.js'
import { trySender } from './throttle/pause.js'
import type { WebhookDeps } from './webhooks/receive.js'
import { notifyDispatchers } from './callbacks/notify.js'
import { AT_ONCE, startCallbackDispatcher } from './callbacks/dispatcher.js'
import type { CallbackDispatcher } from './callbacks/dispatcher.js'
import { createPost } from './callbacks/post.js'
import { leaseFor } from './callbacks/deliver.js'

const HOUSEKEEPING_MS = 60_000
/** So few that a busy node starts the last of them well within what a grant has by default. */
const STARTING_AT_ONCE = 256
/** How long a closing node waits for its connections to end in order. */
const LET_GO_MS = 2000

const pause = async (ms: number): Promise<void> => await sleep(ms, undefined, { ref: false })
/** Recovery asks each sender at least this often. */
const RECOVERY_ROUND_MS = 30_000

export interface Gateway {
  app: FastifyInstance
  /** What of Redis's settings would lose messages, a sentence each. */
  findings: string[]
  /** Takes up another list of senders. Throws UNAVAILABLE while Redis is away, and then nothing has changed. */
  apply: SenderRegistry['apply']
  /** Stops taking messages in, finishes what is under way within `SHUTDOWN_GRACE_MS`, and lets go of Redis. */
  close: () => Promise<void>
}

export interface Parts { redisUrl: string, provider: Provider, policy: Policy, events: Bus, logger: FastifyBaseLogger }

/** Wires one node: connections, rules, queues, HTTP application, workers. Binds no port. */
export async function createGateway (config: Config, parts: Parts): Promise<Gateway> {
  const instruments = createInstruments()
  record(parts.events, instruments, { senders: config.senders.map(({ id }) => id), codeName: parts.policy.nameOf })
  const connections = await connect(parts.redisUrl, parts.events, { waitReplicas: config.REDIS_WAIT_REPLICAS })
  try {
    return await wire(config, parts, connections, instruments)
  } catch (error) {
    await connections.close()
    throw error
  }
}

async function wire (config: Config, { provider, policy, events, logger }: Parts, connections: Connections, instruments: Instruments): Promise<Gateway> {
  const findings = await retryWhileUnavailable(async () => await checkDurability(connections.redis))
  const prefix = config.KEY_PREFIX
  const store = createStore(connections, { prefix, leaseMs: config.LEASE_MS, watch: watchScripts(instruments) })
  const registry = await retryWhileUnavailable(async () => await createSenderRegistry(store, events, config.senders, config.CALLBACK_URL !== ''))
  const { senders, draining } = registry
  const unserved = await retryWhileUnavailable(async () => await findUnserved(store, senders))
  if (unserved.length > 0) events.emit('senders.unserved', { senders: unserved })
  const queues = createQueues(connections.redis, prefix, events)
  const working = config.ROLE !== 'api'
  const wakes = await createWakes({ store, events, drainQueue: queues.drainQueue, subscribe: working ? connections.subscribe : null })
  const underway = new Set<Promise<unknown>>()
  const { START_WITHIN_MS: startWithinMs, MESSAGE_LIFE_MS: lifeMs } = config
  const deps: ApiDeps & WorkerDeps & DashboardDeps & WebhookDeps = {
    store,
    events,
    provider,
    wakes,
    underway,
    senders,
    draining,
    explain: policy.explain,
    judge: (code, error) => classifyStatus(code, error, policy),
    verifyToken: config.WHATSAPP_VERIFY_TOKEN,
    appSecretsOf: sender => registry.settingsOf(sender)?.appSecrets ?? [],
    appSecrets: () => [...new Set(senders.flatMap(sender => registry.settingsOf(sender)?.appSecrets ?? []))],
    rulesOf: sender => registry.settingsOf(sender)?.rules,
    callers: config.API_KEYS.length === 0 ? [anonymous.name] : [...new Set(config.API_KEYS.map(({ name }) => name))],
    ...queues,
    patient: connections.patient,
    sandbox: config.sandbox,
    settlement: {
      backoff: createBackoff(config.WHATSAPP_RETRY_SCHEDULE_MS),
      unknownOutcome: config.UNKNOWN_OUTCOME,
      unknownHoldMs: config.UNKNOWN_HOLD_MS,
      findMs: config.FIND_WITHIN_MS,
      webhooksEnabledFor: sender => (registry.settingsOf(sender)?.appSecrets.length ?? 0) > 0,
      callbacksEnabled: config.CALLBACK_URL !== '',
      unknownOf: sender => registry.settingsOf(sender)?.onUnknown ?? null
    },
    settings: {
      idempotencyTtlMs: config.IDEMPOTENCY_TTL_MS, derivedTtlMs: config.IDEMPOTENCY_DERIVED_TTL_MS, lifeMs, startWithinMs, lineCap: config.MAX_QUEUE_PER_RECIPIENT, backlogCap: config.MAX_BACKLOG_PER_SENDER, findMs: config.FIND_WITHIN_MS
    },
    claiming: { startWithinMs },
    starting: createStarting(STARTING_AT_ONCE),
    retrying: { startWithinMs, lifeMs },
    startWithinMs,
    get maxInFlight () { return registry.maxInFlight() },
    async refresh () {
      await Promise.all([registry.refresh(), keepRetriesScheduled(deps), keepHousekeepingScheduled(deps)])
    },
    roundMs: Math.min(RECOVERY_ROUND_MS, config.LEASE_MS),
    concurrency: config.WORKER_CONCURRENCY,
    inlineWaitMs: config.INLINE_WAIT_MS,
    retryIntervalMs: config.WHATSAPP_RETRY_INTERVAL_MS,
    housekeeping: { retentionMs: config.FAILURE_RETENTION_MS, everyMs: HOUSEKEEPING_MS }
  }
  instruments.buildInfo.set({ version: readVersion(), role: config.ROLE, node: store.node }, 1)
  instruments.sandbox.set(config.sandbox ? 1 : 0)
  // A new token is what a stopped sender may have waited for. Each node says so once it has the token, the last of them included.
  events.on('senders.reloaded', ({ renewed }) => {
    for (const sender of renewed) tryAgain(sender).catch(error => { events.emit('fault', { where: 'a try with a new token', error }) })
  })
  async function tryAgain (sender: string): Promise<void> {
    await wakes.applyWakeHint(sender, (await trySender(store, sender)).wakeHint)
  }
  const scrape = createScrape(instruments, createSources(deps), events)
  const closing = new AbortController()
  // Every shift listens, and there may be a thousand.
  setMaxListeners(0, closing.signal)
  const app = await createApp(deps, { keys: config.API_KEYS, closing: closing.signal, api: config.ROLE !== 'worker', scrape, logger })
  const workers = working ? await startWorkers(deps, closing.signal) : null
  const givingBack = startGiveBack(deps)
  if (config.CALLBACK_URL !== '') notifyDispatchers(store, events)
  const dispatcher = working && config.CALLBACK_URL !== '' ? await startCallbacks(config, deps, connections) : null

  async function finish (): Promise<void> {
    await Promise.all([drainConnections(app, config.SHUTDOWN_NOTICE_MS).then(async () => await app.close()), workers?.close()])
    // Last, so that what just ended can still be told.
    await Promise.all(underway)
    await dispatcher?.close()
  }
  return {
    app,
    findings,
    apply: registry.apply,
    async close () {
      closing.abort()
      await Promise.race([finish(), pause(config.SHUTDOWN_GRACE_MS)])
      // What the grace did not finish is recovered by its lease; nothing here waits for it.
      await Promise.race([Promise.all([givingBack.stop(), wakes.close(), queues.close(), provider.close()]), pause(LET_GO_MS)])
      registry.close()
      store.recoverySchedule.close()
      await connections.close()
    }
  }
}

/** The one who tells, and hears whenever any node has something to tell. */
async function startCallbacks (config: Config, { store, events, explain }: WorkerDeps & ApiDeps, { subscribe }: Connections): Promise<CallbackDispatcher> {
  const dispatcher = startCallbackDispatcher({
    store,
    events,
    explain,
    receiver: createPost(config.CALLBACK_URL, { withinMs: config.CALLBACK_TIMEOUT_MS, connections: AT_ONCE }),
    callbacks: { keys: config.callbackKeys, leaseMs: leaseFor(config.CALLBACK_TIMEOUT_MS), retryMs: config.CALLBACK_RETRY_MS, giveUpMs: config.CALLBACK_GIVE_UP_MS, cap: config.CALLBACK_CAP }
  })
  const leave = await subscribe(globalKey(store.prefix, 'told'), dispatcher.look)
  return {
    ...dispatcher,
    async close () {
      leave()
      await dispatcher.close()
    }
  }
}
