import { createSchedule } from './backoff.js'
import type { Config } from './config.js'
import type { DeliveryDeps } from './drain/deliver.js'
import { createStarting } from './drain/starting.js'
import { createWakes } from './drain/wake.js'
import type { Bus } from './events.js'
import type { Provider } from './message.js'
import { classifyStatus } from './provider/classify.js'
import type { Policy } from './provider/policy.js'
import type { Queues } from './queues.js'
import { createQueues } from './queues.js'
import type { ScriptWatch } from './redis/commands.js'
import type { Connections } from './redis/connect.js'
import { claimLayout } from './redis/layout.js'
import { reportError } from './redis/report-error.js'
import { retryWhileUnavailable } from './redis/retry-while-unavailable.js'
import type { Store } from './redis/store.js'
import { createStore } from './redis/store.js'
import type { SenderRegistry } from './sender-registry.js'
import { createSenderRegistry } from './sender-registry.js'
import type { SenderSettings } from './senders.js'
import type { SenderUpdateDeps } from './sender-updates.js'
import { applySenders, findUnserved, restoreSenders, startSenderChecks, writeUnwritten } from './sender-updates.js'
import type { SettlementSettings } from './settlement/decide.js'
import type { Judge } from './settlement/receipt.js'
import { trySender } from './throttle/pause.js'

/** Grants that wait for their start: few enough for a busy node to start the last of them well within START_WITHIN_MS. */
const MAX_STARTING = 256

/** How long a start waits for a server of the cluster that does not answer. */
const UNWRITTEN_MS = 5000

/** What API, workers and callbacks of a node share. */
export interface Core extends DeliveryDeps {
  senders: SenderRegistry
  queues: Queues
  explain: Policy['explain']
  judge: Judge
  /** Life of a message from its admission, ms. */
  lifeMs: number
  retryIntervalMs: number
  /** Takes over a new list of senders: see `applySenders`. */
  applySenders: (next: readonly SenderSettings[], commit?: () => void) => Promise<{ added: string[], removed: string[] }>
  /** Writes again what an emptied Redis has lost of the senders. */
  restoreSenders: () => Promise<void>
  /** Stops the timers of store and senders. */
  stopTimers: () => void
}

export interface CoreParts { provider: Provider, policy: Policy, events: Bus, connections: Connections, watchScript: ScriptWatch }

/** The data layer of a node: store, senders, queues and wake-ups. Throws LAYOUT_NEWER, before it writes anything, on newer data. */
export async function createCore (config: Config, { provider, policy, events, connections, watchScript }: CoreParts): Promise<Core> {
  const { KEY_PREFIX: prefix, LEASE_MS: leaseMs, START_WITHIN_MS: startWithinMs } = config
  const store = createStore(connections, { prefix, leaseMs, startWithinMs, watch: watchScript })
  const senders = await createSenders(config, store, events)
  // Every sender, so that none of them grants by the new time before another node sees the step.
  events.on('clock.stepped', ({ stepMs }) => { if (stepMs > 0) senders.registry.ids().forEach(store.holdBack) })
  const queues = createQueues(connections.redis, config.KEY_PREFIX, events)
  const wakes = await createWakes({ store, events, drainQueue: queues.drainQueue, subscribe: config.ROLE === 'api' ? null : connections.subscribe })
  // A new token may be what a stopped sender needs. Every node probes it, since nodes get the token at different times.
  events.on('senders.reloaded', ({ renewed }) => {
    for (const sender of renewed) {
      trySender(store, sender).catch(error => {
        reportError(events, 'probe with a new token', error)
      })
    }
  })
  return {
    store,
    events,
    provider,
    wakes,
    queues,
    underway: new Set(),
    starting: createStarting(MAX_STARTING),
    senders: senders.registry,
    settlement: settlementSettings(config, senders.registry),
    explain: policy.explain,
    judge: (code, error) => classifyStatus(code, error, policy),
    startWithinMs: config.START_WITHIN_MS,
    lifeMs: config.MESSAGE_LIFE_MS,
    retryIntervalMs: config.WHATSAPP_RETRY_INTERVAL_MS,
    applySenders: senders.apply,
    restoreSenders: senders.restore,
    stopTimers () {
      senders.stop()
      store.recoverySchedule.close()
    }
  }
}

interface Senders { registry: SenderRegistry, apply: Core['applySenders'], restore: Core['restoreSenders'], stop: () => void }

async function createSenders (config: Config, store: Store, events: Bus): Promise<Senders> {
  const registry = createSenderRegistry()
  const callbackCap = config.CALLBACK_URL === '' ? null : config.CALLBACK_CAP
  const deps: SenderUpdateDeps = { store, events, registry, callbackCap, unwritten: new Set() }
  const restore = async (): Promise<void> => await restoreSenders(deps)
  await retryWhileUnavailable(async () => {
    await claimLayout(store.redis, store.prefix)
    await applySenders(deps, config.senders)
  })
  // In a cluster the server of some may be down: they are written later, and the node serves the others.
  await retryWhileUnavailable(async () => await writeUnwritten(deps), { withinMs: UNWRITTEN_MS }).catch(error => reportError(events, 'start', error))
  // The caller that found no rules retries, and then finds them. If this fails, the next caller emits the event again.
  events.on('sender.no-rules', () => { restore().catch(() => undefined) })
  const unserved = await retryWhileUnavailable(async () => await findUnserved(store, registry))
  if (unserved.length > 0) events.emit('senders.unserved', { senders: unserved })
  const { stop } = startSenderChecks(deps)
  return { registry, restore, stop, apply: async (next, commit) => await applySenders(deps, next, commit) }
}

function settlementSettings (config: Config, senders: SenderRegistry): SettlementSettings {
  return {
    backoff: createSchedule(config.WHATSAPP_RETRY_SCHEDULE_MS),
    unknownOutcome: config.UNKNOWN_OUTCOME,
    unknownHoldMs: config.UNKNOWN_HOLD_MS,
    findMs: config.FIND_WITHIN_MS,
    webhooksEnabledFor: sender => (senders.settingsOf(sender)?.appSecrets.length ?? 0) > 0,
    callbacksEnabled: config.CALLBACK_URL !== '',
    unknownOf: sender => senders.settingsOf(sender)?.onUnknown ?? null
  }
}
