/** Senders of this node: its list of them, and what Redis holds of each. */
import type { Config } from './config.js'
import type { Bus } from './events.js'
import type { Gate } from './parallel.js'
import { createGate, forAll, inIsolation } from './parallel.js'
import { claimLayout, globalKey, senderKey, writeLayout } from './redis/keys.js'
import { knownSenders, markServed } from './redis/known-senders.js'
import type { Store } from './redis/store.js'
import { atStart, isUnavailable, reportError, retryWhileUnavailable } from './redis/unavailable.js'
import type { MutableSenderRegistry, SenderRegistry } from './sender-registry.js'
import { createSenderRegistry } from './sender-registry.js'
import type { SenderSettings } from './senders.js'
import { forgetHealth } from './throttle/health.js'
import { forgetCeiling } from './throttle/ceilings.js'
import { watchStatuses } from './throttle/bulk-hold.js'
import { writeDailySettings } from './throttle/daily.js'
import { writeRules } from './throttle/sender.js'

const CONCURRENCY = 20
/** Interval of the check of draining senders, and the least age of a removal at which one is dropped. */
const DRAINED_CHECK_MS = 2000

/** When a circuit opens, how often an open one is probed at least, and how long each stage of a half-open one takes. */
export interface CircuitSettings { recipients: number, percent: number, probeMostMs: number, stageMs: number }

export interface SenderSyncDeps {
  store: Store
  events: Bus
  registry: MutableSenderRegistry
  /** Largest number of changes in the outbox of a sender; null if changes of messages are not written to it. */
  callbackCap: number | null
  /** Null for no circuit breaker. */
  circuit: CircuitSettings | null
  /** Longest silence of webhooks that is not taken for a loss, ms; null where windows are not checked. */
  windowGapMs: number | null
  /** Longest hold of the lane `bulk` while statuses are missing, ms; 0 for none. */
  bulkHoldMs: number
  /** Whether limits of numbers are read from WhatsApp. */
  readsCeilings: boolean
  /** Senders whose rules a start or a reload could not write, since their server in the cluster was down. They are written once it is back. */
  unwritten: Set<string>
  /** One update at a time, so that no write of former rules arrives after one of newer rules. */
  serially: Gate
}

/** How long a start waits for a server of the cluster that does not respond. */
const UNWRITTEN_MS = 5000

export interface SenderSync {
  registry: SenderRegistry
  /** Takes over a new list of senders: see `applySenders`. */
  apply: (next: readonly SenderSettings[], commit?: () => void) => Promise<{ added: string[], removed: string[] }>
  /** Writes again what an emptied Redis has lost of the senders. */
  restore: () => Promise<void>
  stop: () => void
}

/** Writes the configured senders to Redis, and keeps them there while the node runs. On newer data it throws LAYOUT_NEWER, and writes nothing. */
export async function startSenderSync (config: Config, store: Store, events: Bus): Promise<SenderSync> {
  const registry = createSenderRegistry()
  const callbackCap = config.CALLBACK_URL === '' ? null : config.CALLBACK_CAP
  const circuit = circuitSettings(config)
  const windowGapMs = config.WINDOW_CHECK ? config.WINDOW_GAP_MS : null
  const readsCeilings = config.THROUGHPUT_POLL_MS > 0
  const deps: SenderSyncDeps = {
    store,
    events,
    registry,
    callbackCap,
    circuit,
    windowGapMs,
    bulkHoldMs: config.BULK_HOLD_MS,
    readsCeilings,
    unwritten: new Set(),
    serially: createGate(1)
  }
  const restore = async (): Promise<void> => await restoreSenders(deps)
  await atStart(async () => {
    await claimLayout(store.redis, store.prefix)
    await applySenders(deps, config.senders)
  })
  // In a cluster the server of some may be down: they are written later, and the node serves the others.
  await retryWhileUnavailable(async () => await writeUnwritten(deps), { withinMs: UNWRITTEN_MS }).catch(error => reportError(events, 'start', error))
  // The caller that found no rules retries, and then finds them. If this fails, the next caller emits the event again.
  events.on('sender.no-rules', () => { restore().catch(() => undefined) })
  const unserved = await atStart(async () => await findUnserved(store, registry))
  if (unserved.length > 0) events.emit('senders.unserved', { senders: unserved })
  const { stop } = startSenderChecks(deps)
  return { registry, restore, stop, apply: async (next, commit) => await applySenders(deps, next, commit) }
}

function circuitSettings (config: Config): SenderSyncDeps['circuit'] {
  const { CIRCUIT_RECIPIENTS: recipients, CIRCUIT_FAILURE_PERCENT: percent, CIRCUIT_PROBE_MOST_MS: probeMostMs, CIRCUIT_STAGE_MS: stageMs } = config
  return recipients === 0 ? null : { recipients, percent, probeMostMs, stageMs }
}

/**
 * Takes over a new list of senders. `commit` is called in the same tick, before any of their messages can be granted. Throws UNAVAILABLE while
 * Redis is unavailable: the list of this node is then unchanged, and some of the new rules may be in Redis. Where only the servers of some are
 * unavailable, the list changes, and their rules are written later.
 */
export async function applySenders (
  deps: SenderSyncDeps, next: readonly SenderSettings[], commit: () => void = () => {}
): Promise<{ added: string[], removed: string[] }> {
  const { store, registry, unwritten } = deps
  return await deps.serially(async () => {
    await addMissing(store, next.map(({ id }) => id))
    const failed = new Map<string, unknown>()
    // All writes end before an error is thrown: the next call must not be overtaken by one of this call.
    await inIsolation(next, CONCURRENCY, async sender => await register(deps, sender, true), (error, { id }) => failed.set(id, error))
    const [first] = [...failed.values()].filter(error => failed.size === next.length || !isUnavailable(error))
    if (first !== undefined) throw first
    for (const { id } of next) {
      if (failed.has(id)) unwritten.add(id)
      else unwritten.delete(id)
    }
    commit()
    return registry.replace(next)
  })
}

/** Writes what `applySenders` could not write. Throws UNAVAILABLE if it still cannot write all of it. */
export async function writeUnwritten (deps: SenderSyncDeps): Promise<void> {
  if (deps.unwritten.size === 0) return
  await deps.serially(async () => await forAll([...deps.unwritten], CONCURRENCY, async id => {
    const settings = deps.registry.settingsOf(id)
    if (settings !== undefined) await register(deps, settings, true)
    deps.unwritten.delete(id)
  }))
}

/** Writes again what `applySenders` wrote, where an emptied Redis has lost it. Throws UNAVAILABLE if it cannot write all of it. */
export async function restoreSenders (deps: SenderSyncDeps): Promise<void> {
  const { store, registry } = deps
  await writeLayout(store.redis, store.prefix)
  const ids = registry.ids()
  await addMissing(store, ids)
  await deps.serially(async () =>
    await forAll(ids.flatMap(id => registry.settingsOf(id) ?? []), CONCURRENCY, async sender => await register(deps, sender, false)))
}

/** Before the first admission, so that no sender that holds messages is missing in the list of all known senders. */
async function addMissing (store: Store, ids: readonly string[]): Promise<void> {
  await forAll(ids, CONCURRENCY, async id => await store.redis.hsetnx(globalKey(store.prefix, 'senders'), id, '1'))
  await store.recoverySchedule.addMissing(ids)
}

/**
 * Writes a sender's rules to Redis. The rules of a start or reload overwrite older ones. A restore writes them only where Redis holds none,
 * so that nodes with different settings do not overwrite each other's.
 */
async function register (deps: SenderSyncDeps, { id, rules, appSecrets, daily }: SenderSettings, overwrite: boolean): Promise<void> {
  const { store, callbackCap, circuit, windowGapMs, bulkHoldMs, readsCeilings } = deps
  await markServed(store, id, appSecrets)
  const key = senderKey(store.prefix, id, 'sender')
  if (!overwrite && await store.redis.hexists(key, 'pairIntervalUs') === 1) return
  // Not part of the rules, so that enabling callbacks does not overwrite rules that an operator set. Before the rules: with rules another node sends,
  // and what it settles then would have no callback. They are also what a restore looks for.
  if (callbackCap !== null) await store.redis.hset(key, { callbacks: '1', callbackCap })
  else await store.redis.hdel(key, 'callbacks')
  if (circuit === null) await store.redis.hdel(key, 'circuit', 'circuitSettings')
  else await store.redis.hset(key, { circuitSettings: `${circuit.recipients} ${circuit.percent} ${circuit.probeMostMs} ${circuit.stageMs}` })
  await store.run('set-window-check', { sender: id }, { gapMs: windowGapMs ?? '' })
  await writeDailySettings(store, id, daily)
  await writeRules(store, id, rules)
  // Without webhooks no status comes.
  await watchStatuses(deps, id, appSecrets.length > 0 ? bulkHoldMs : null)
  if (readsCeilings) return
  await forgetCeiling(store, id)
  await forgetHealth(store, id)
}

/** Drops removed senders once they hold no message, and writes rules that could not be written. */
function startSenderChecks (deps: SenderSyncDeps): { stop: () => void } {
  const { store, events, registry } = deps
  async function drop ([sender, since]: [string, number]): Promise<void> {
    // A request that was accepted just before the removal reaches Redis well before the removal has this age.
    if (performance.now() - since < DRAINED_CHECK_MS || await store.redis.hlen(senderKey(store.prefix, sender, 'backlog')) > 0) return
    if (registry.drop(sender)) events.emit('sender.removed', { sender })
  }
  const unavailable = (): void => {} // the store's connection reports it; the next check comes
  const timer = setInterval(() => {
    writeUnwritten(deps).catch(unavailable)
    forAll(registry.draining(), CONCURRENCY, drop).catch(unavailable)
  }, DRAINED_CHECK_MS)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}

/** Senders that hold messages and that this node does not serve: unless another node does, their messages are never sent. */
async function findUnserved (store: Store, senders: SenderRegistry): Promise<string[]> {
  const known = await knownSenders(store)
  const others = known.filter(sender => !senders.has(sender))
  const holds = async (sender: string): Promise<string[]> => await store.redis.hlen(senderKey(store.prefix, sender, 'backlog')) > 0 ? [sender] : []
  // Only a warning: senders whose server is down are left out.
  return (await inIsolation(others, CONCURRENCY, holds, () => undefined)).flat()
}
