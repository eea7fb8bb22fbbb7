/** A node made of the gateway's own modules. Network, BullMQ, provider and the receiver of callbacks are simulated; there is no HTTP. */
import { setMaxListeners } from 'node:events'
import type { CallbackDeps } from '../../src/callbacks/deliver.js'
import { startCallbackDispatcher, notifyDispatchers } from '../../src/callbacks/dispatcher.js'
import { createSchedule } from '../../src/values/backoff.js'
import type { DrainDeps } from '../../src/drain/drain-sender.js'
import { drainSender } from '../../src/drain/drain-sender.js'
import { createStarting } from '../../src/drain/starting.js'
import { createWakes } from '../../src/drain/wake.js'
import { createBus, type Bus } from '../../src/events.js'
import { runRetries, type RetryWorkerDeps } from '../../src/failure/retry-worker.js'
import type { PostDeps } from '../../src/http/admission-result.js'
import type { Provider } from '../../src/message.js'
import { classifyStatus } from '../../src/provider/classify.js'
import { standardPolicy } from '../../src/provider/policy.js'
import { startGiveBack, startRecovery, type RecoveryDeps } from '../../src/recovery/recover.js'
import { prune, type HousekeepingDeps } from '../../src/recovery/housekeeping.js'
import { addDueRuns, releaseSubject } from '../../src/queues.js'
import { createGate } from '../../src/parallel.js'
import { globalKey, claimLayout } from '../../src/redis/keys.js'
import { createServerClock } from '../../src/redis/server-clock.js'
import { createReplicas } from '../../src/redis/replicas.js'
import { isUnavailable, retryWhileUnavailable } from '../../src/redis/unavailable.js'
import { createStore } from '../../src/redis/store.js'
import { createSenderRegistry } from '../../src/sender-registry.js'
import { applySenders, restoreSenders } from '../../src/sender-sync.js'
import type { SenderSettings } from '../../src/senders.js'
import type { SettlementSettings } from '../../src/settlement/decide.js'
import type { WebhookDeps } from '../../src/webhooks/receive.js'
import { createProcess, type SimulatedProcess } from './host.js'
import type { Job } from './queue.js'
import type { World } from './world.js'

export type SimulatedNode = SimulatedProcess
export type Deps = PostDeps & RetryWorkerDeps & DrainDeps & RecoveryDeps & HousekeepingDeps & WebhookDeps

/** A node that has started. */
export interface RunningNode {
  process: SimulatedProcess
  deps: Deps
  /** Runs a job of BullMQ. Rejects where the job fails. */
  run: (job: Job) => Promise<unknown>
  closing: AbortController
}

const MAX_STARTING = 256
const PREFIX = 'sim'
const SERVER = 'redis'
const CLOCK_PROBE_MS = 500
const HOUSEKEEPING_MS = 60_000

/** Starts a node; resolves once its rules are written, and never if it ends before. */
export async function startNode (world: World, name: string, created: (process: SimulatedProcess) => void): Promise<RunningNode> {
  const process = createProcess(world.time, name)
  created(process)
  return await world.time.within(process, async () => await assemble(world, process))
}

async function assemble (world: World, process: SimulatedProcess): Promise<RunningNode> {
  const { scenario, network, queues, time } = world
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
    scripts.time().then(([seconds, micros]) => clock.observe(SERVER, Number(seconds) * 1000 + Number(micros) / 1000, askedAt), () => undefined)
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
  const senderDeps = {
    store,
    events,
    registry,
    callbackCap: scenario.callbacks ? 1000 : null,
    circuit: scenario.circuit,
    windowGapMs: null,
    bulkHoldMs: 0,
    readsCeilings: true,
    unwritten: new Set<string>(),
    serially: createGate(1)
  }
  await retryWhileUnavailable(async () => {
    await claimLayout(store.redis, PREFIX)
    await applySenders(senderDeps, scenario.senders)
  })
  events.on('sender.no-rules', () => { restoreSenders(senderDeps).catch(() => undefined) })
  const wakes = await createWakes({
    store,
    events,
    drainQueue: queues.queueOf(plain, 'drain'),
    subscribe: async (channel, onMessage) => await network.subscribe(process, channel, onMessage)
  })
  const runs = [
    { name: 'retry', queue: queues.queueOf(plain, 'retry'), everyMs: settings.retryIntervalMs },
    { name: 'housekeeping', queue: queues.queueOf(plain, 'housekeeping'), everyMs: HOUSEKEEPING_MS }
  ] as const
  const deps: Deps = {
    store,
    events,
    provider: world.providerOf(process) satisfies Provider,
    wakes,
    underway: new Set(),
    senders: registry,
    settlement: settlementOf(world, registry.settingsOf),
    explain: standardPolicy.explain,
    classifyCode: (code, error) => classifyStatus(code, error, standardPolicy),
    startWithinMs: settings.startWithinMs,
    lifeMs: settings.lifeMs,
    retryIntervalMs: settings.retryIntervalMs,
    admission: {
      idempotencyTtlMs: 86_400_000, derivedTtlMs: 86_400_000, lifeMs: settings.lifeMs, queueCap: 1000, backlogCap: 1_000_000, findMs: 86_400_000
    },
    inlineWaitMs: settings.inlineWaitMs,
    sandbox: false,
    verifyToken: '',
    throughputPollMs: 0,
    retentionMs: 30 * 86_400_000,
    forgetMs: 30 * 86_400_000,
    maxInFlight: registry.maxInFlight,
    starting: createStarting(MAX_STARTING),
    roundMs: settings.leaseMs,
    refresh: async () => await restoreSenders(senderDeps)
  }
  const closing = new AbortController()
  setMaxListeners(0, closing.signal)
  startRecovery(deps, async () => await addDueRuns(store, runs))
  startGiveBack(deps)
  if (scenario.callbacks) await startCallbacks(world, process, deps)
  const node: RunningNode = {
    process,
    deps,
    closing,
    async run (job) {
      return await time.within(process, async () => {
        releaseSubject(queues.jobOf(plain, job))
        switch (job.queue) {
          case 'drain': return await drainSender(deps, job.sender, closing.signal)
          case 'retry': return await runRetries(deps, closing.signal)
          case 'housekeeping': return await prune(deps)
          default: return job.queue satisfies never
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
    circuitProbeMs: scenario.circuit?.probeMs ?? null,
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
    world.record({ fact: 'node-failed', node: name, text: `${location}: ${error instanceof Error ? error.stack ?? error.message : String(error)}` })
  })
  events.on('pair.violated', ({ id, gapMs, intervalMs }) => {
    world.record({ fact: 'node-failed', node: name, text: `the spacing check saw ${id} ${gapMs} ms after, ${intervalMs} required` })
  })
}
