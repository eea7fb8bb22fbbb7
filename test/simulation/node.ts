/** A node made of the gateway's own modules. Network, BullMQ, provider and the receiver of callbacks are simulated; there is no HTTP. */
import { setMaxListeners } from 'node:events'
import type { Queue } from 'bullmq'
import type { CallbackDeps } from '../../src/callbacks/deliver.js'
import { startCallbackDispatcher } from '../../src/callbacks/dispatcher.js'
import { notifyDispatchers } from '../../src/callbacks/notify.js'
import { createSchedule } from '../../src/backoff.js'
import type { DrainDeps } from '../../src/drain/drain-sender.js'
import { drainSender } from '../../src/drain/drain-sender.js'
import { createStarting } from '../../src/drain/starting.js'
import { createWakes } from '../../src/drain/wake.js'
import { createBus, type Bus } from '../../src/events.js'
import { runRetries } from '../../src/failure/retry-worker.js'
import type { ApiDeps } from '../../src/http/api.js'
import type { Provider } from '../../src/message.js'
import { classifyStatus } from '../../src/provider/classify.js'
import { standardPolicy } from '../../src/provider/policy.js'
import { startGiveBack } from '../../src/recovery/give-back.js'
import { prune, type HousekeepingDeps } from '../../src/recovery/housekeeping.js'
import { startRecovery, type RecoveryDeps } from '../../src/recovery/recover.js'
import { globalKey } from '../../src/redis/keys.js'
import { claimLayout } from '../../src/redis/layout.js'
import { createServerClock } from '../../src/redis/server-clock.js'
import { createReplicas } from '../../src/redis/replicas.js'
import { retryWhileUnavailable } from '../../src/redis/retry-while-unavailable.js'
import { createStore } from '../../src/redis/store.js'
import { isUnavailable } from '../../src/redis/unavailable.js'
import { createSenderRegistry } from '../../src/sender-registry.js'
import { applySenders, restoreSenders } from '../../src/sender-updates.js'
import type { SenderSettings } from '../../src/senders.js'
import type { SettlementSettings } from '../../src/settlement/decide.js'
import type { WebhookDeps } from '../../src/webhooks/receive.js'
import { createProcess, type SimulatedProcess } from './host.js'
import type { World } from './world.js'

export type SimulatedNode = SimulatedProcess
export type Deps = ApiDeps & DrainDeps & RecoveryDeps & HousekeepingDeps & WebhookDeps

/** A node that has started. */
export interface RunningNode {
  process: SimulatedProcess
  deps: Deps
  /** Runs a job of BullMQ. Rejects where the job fails. */
  run: (job: Job) => Promise<unknown>
  closing: AbortController
}
export type Job = { queue: 'drain', sender: string } | { queue: 'retry' } | { queue: 'housekeeping' }

const MAX_STARTING = 256
const PREFIX = 'sim'
const SERVER = 'redis'
const CLOCK_PROBE_MS = 500

/** Starts a node; resolves once its rules are written, and never if it ends before. */
export async function startNode (world: World, name: string, created: (process: SimulatedProcess) => void): Promise<RunningNode> {
  const process = createProcess(world.time, name)
  created(process)
  return await world.time.within(process, async () => await assemble(world, process))
}

async function assemble (world: World, process: SimulatedProcess): Promise<RunningNode> {
  const { scenario, network, queue, time } = world
  const { settings } = scenario
  const plain = network.connect(process, true)
  const events = createBus()
  reportErrors(world, process, events)
  const scripts = network.clientOf(network.connect(process, false))
  const clock = createServerClock((_, stepMs) => events.emit('clock.stepped', { server: SERVER, stepMs }), {
    now: () => performance.now(), uptimeLead: () => 0
  })
  // As the connection watchdog reads it.
  setInterval(() => {
    const askedAt = performance.now()
    scripts.time().then(([seconds, micros]) => clock.note(SERVER, Number(seconds) * 1000 + Number(micros) / 1000, askedAt), () => undefined)
  }, CLOCK_PROBE_MS)
  const store = createStore({
    redis: network.clientOf(plain),
    scripts,
    clock,
    serverOf: () => SERVER,
    replyWithinMs: 200,
    patient: network.clientOf(plain),
    subscribe: async (channel, onMessage) => await network.subscribe(process, channel, onMessage),
    replicas: createReplicas(null, 0),
    memoryRatio: () => 0,
    close: async () => undefined
  }, { prefix: PREFIX, leaseMs: settings.leaseMs })
  const registry = createSenderRegistry()
  const senderDeps = { store, events, registry, callbackCap: scenario.callbacks ? 1000 : null }
  await retryWhileUnavailable(async () => {
    await claimLayout(store.redis, PREFIX)
    await applySenders(senderDeps, scenario.senders)
  })
  events.on('sender.no-rules', () => { restoreSenders(senderDeps).catch(() => undefined) })
  const add = async (_: string, { sender }: { sender: string }): Promise<unknown> =>
    await network.send(plain, () => queue.add({ queue: 'drain', sender }))
  const drainQueue = { add } as unknown as Queue
  const none = {} as unknown as Queue
  const wakes = await createWakes({
    store, events, drainQueue, subscribe: async (channel, onMessage) => await network.subscribe(process, channel, onMessage)
  })
  const deps: Deps = {
    store,
    events,
    provider: world.providerOf(process) satisfies Provider,
    wakes,
    underway: new Set(),
    senders: registry,
    settlement: settlementOf(world, registry.settingsOf),
    explain: standardPolicy.explain,
    judge: (code, error) => classifyStatus(code, error, standardPolicy),
    startWithinMs: settings.startWithinMs,
    lifeMs: settings.lifeMs,
    retryIntervalMs: settings.retryIntervalMs,
    settings: {
      idempotencyTtlMs: 86_400_000, derivedTtlMs: 86_400_000, lifeMs: settings.lifeMs, queueCap: 1000, backlogCap: 1_000_000, findMs: 86_400_000
    },
    inlineWaitMs: settings.inlineWaitMs,
    sandbox: false,
    callers: ['caller'],
    verifyToken: '',
    retryQueue: none,
    housekeepingQueue: none,
    housekeeping: { retentionMs: 30 * 86_400_000, everyMs: 60_000 },
    maxInFlight: registry.maxInFlight,
    starting: createStarting(MAX_STARTING),
    roundMs: settings.leaseMs,
    refresh: async () => await restoreSenders(senderDeps)
  }
  const closing = new AbortController()
  setMaxListeners(0, closing.signal)
  startRecovery(deps)
  startGiveBack(deps)
  if (scenario.callbacks) await startCallbacks(world, process, deps)
  const node: RunningNode = {
    process,
    deps,
    closing,
    async run (job) {
      return await time.within(process, async () => {
        switch (job.queue) {
          case 'drain': return await drainSender(deps, job.sender, closing.signal)
          case 'retry': return await runRetries(deps)
          case 'housekeeping': return await prune(deps)
          default: return job satisfies never
        }
      })
    }
  }
  world.nodes.push(node)
  process.onDeath(() => { world.nodes.splice(world.nodes.indexOf(node), 1) })
  return node
}

async function startCallbacks (world: World, process: SimulatedProcess, deps: Deps): Promise<void> {
  const { store, events, explain } = deps
  notifyDispatchers(store, events)
  const callbackDeps: CallbackDeps = {
    store,
    events,
    explain,
    endpoint: world.endpointOf(process),
    callbacks: { keys: [Buffer.alloc(32, 1)], leaseMs: 6000, retryMs: 500, giveUpMs: 86_400_000 }
  }
  const dispatcher = startCallbackDispatcher(callbackDeps)
  await world.network.subscribe(process, globalKey(PREFIX, 'callback-wake'), dispatcher.wake)
}

function settlementOf ({ scenario }: World, settingsOf: (sender: string) => SenderSettings | undefined): SettlementSettings {
  return {
    backoff: createSchedule(scenario.settings.retriesMs),
    unknownOutcome: 'retry',
    unknownHoldMs: scenario.settings.unknownHoldMs,
    findMs: 86_400_000,
    webhooksEnabledFor: sender => (settingsOf(sender)?.appSecrets.length ?? 0) > 0,
    callbacksEnabled: scenario.callbacks,
    unknownOf: sender => settingsOf(sender)?.onUnknown ?? null
  }
}

/** An error that is not Redis's is a bug; the rest is what faults lead to. */
function reportErrors (world: World, { name }: SimulatedProcess, events: Bus): void {
  events.on('unexpected-error', ({ location, error }) => {
    if (isUnavailable(error)) return
    world.note({ fact: 'node-failed', node: name, text: `${location}: ${error instanceof Error ? error.stack ?? error.message : String(error)}` })
  })
  events.on('pair.violated', ({ id, gapMs, intervalMs }) => {
    world.note({ fact: 'node-failed', node: name, text: `the spacing check saw ${id} ${gapMs} ms after, ${intervalMs} required` })
  })
}
