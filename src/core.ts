import { createSchedule } from './values/backoff.js'
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
import type { ScriptObserver } from './redis/commands.js'
import type { Connections } from './redis/connect.js'
import { reportError } from './redis/unavailable.js'
import { createStore } from './redis/store.js'
import type { SenderRegistry } from './sender-registry.js'
import type { SenderSync } from './sender-sync.js'
import { startSenderSync } from './sender-sync.js'
import type { SettlementSettings } from './settlement/decide.js'
import type { ClassifyCode } from './settlement/receipt.js'
import { trySender } from './throttle/sender.js'

/** Grants that wait for their start: few enough for a busy node to start the last of them well within START_WITHIN_MS. */
const MAX_STARTING = 256

/** What API, workers and callbacks of a node share. */
export interface Core extends DeliveryDeps {
  senders: SenderRegistry
  queues: Queues
  explain: Policy['explain']
  classifyCode: ClassifyCode
}

/** A core, and what only its owner does with it. */
export interface RunningCore {
  core: Core
  senderSync: Pick<SenderSync, 'apply' | 'restore'>
  /** Stops the timers of store and senders. */
  stop: () => void
}

export interface CoreParts { provider: Provider, policy: Policy, events: Bus, connections: Connections, observeScript: ScriptObserver }

/** The data layer of a node: store, senders, queues and wake-ups. Throws LAYOUT_NEWER, before it writes anything, on newer data. */
export async function createCore (config: Config, { provider, policy, events, connections, observeScript }: CoreParts): Promise<RunningCore> {
  const { KEY_PREFIX: prefix, LEASE_MS: leaseMs, START_WITHIN_MS: startWithinMs } = config
  const store = createStore(connections, { prefix, leaseMs, startWithinMs, observe: observeScript })
  const senders = await startSenderSync(config, store, events)
  // Cool down all senders: another node may not have seen the step and would grant by the new clock.
  events.on('clock.stepped', ({ stepMs }) => { if (stepMs > 0) senders.registry.ids().forEach(store.startCoolDown) })
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
  const core: Core = {
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
    classifyCode: (code, error) => classifyStatus(code, error, policy),
    startWithinMs: config.START_WITHIN_MS
  }
  return {
    core,
    senderSync: senders,
    stop () {
      senders.stop()
      store.recoverySchedule.close()
    }
  }
}

function settlementSettings (config: Config, senders: SenderRegistry): SettlementSettings {
  return {
    backoff: createSchedule(config.WHATSAPP_RETRY_SCHEDULE_MS),
    unknownOutcome: config.UNKNOWN_OUTCOME,
    unknownHoldMs: config.UNKNOWN_HOLD_MS,
    circuitProbeMs: config.CIRCUIT_RECIPIENTS === 0 ? null : config.CIRCUIT_PROBE_MS,
    findMs: config.FIND_WITHIN_MS,
    accountOf: sender => senders.settingsOf(sender)?.accountId ?? null,
    webhooksEnabledFor: sender => (senders.settingsOf(sender)?.appSecrets.length ?? 0) > 0,
    callbacksEnabled: config.CALLBACK_URL !== '',
    countsFor: sender => (senders.settingsOf(sender)?.daily ?? null) !== null,
    windowCheck: config.WINDOW_CHECK,
    unknownOf: sender => senders.settingsOf(sender)?.onUnknown ?? null
  }
}
