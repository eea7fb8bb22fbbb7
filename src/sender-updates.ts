import type { Bus } from './events.js'
import { forAll, inIsolation } from './parallel.js'
import { redisNowMs } from './redis/clock.js'
import { globalKey, senderKey } from './redis/keys.js'
import { knownSenders, markServed } from './redis/known-senders.js'
import { noteLayout } from './redis/layout.js'
import type { Store } from './redis/store.js'
import { isUnavailable } from './redis/unavailable.js'
import type { MutableSenderRegistry, SenderRegistry } from './sender-registry.js'
import type { SenderSettings } from './senders.js'
import { writeRules } from './throttle/rules.js'

const CONCURRENCY = 20
/** Interval of the check of draining senders, and the least age of a removal at which one is dropped. */
const DRAINED_CHECK_MS = 2000

export interface SenderUpdateDeps {
  store: Store
  events: Bus
  registry: MutableSenderRegistry
  /** Largest number of changes in the outbox of a sender; null if changes of messages are not written to it. */
  callbackCap: number | null
  /** Senders whose rules a start or a reload could not write, since their server in the cluster was down. They are written once it is back. */
  unwritten: Set<string>
}

/**
 * Takes over a new list of senders. `commit` is called in the same tick, before any of their messages can be granted. Throws UNAVAILABLE while
 * Redis is unavailable: the list of this node is then unchanged, and some of the new rules may be in Redis. Where only the servers of some are
 * unavailable, the list changes, and their rules are written later.
 */
export async function applySenders (
  deps: SenderUpdateDeps, next: readonly SenderSettings[], commit: () => void = () => {}
): Promise<{ added: string[], removed: string[] }> {
  const { store, registry, unwritten } = deps
  const ids = next.map(({ id }) => id)
  await enter(store, ids)
  // Else a check of the senders could write the former rules of one over the new ones meanwhile.
  const former = ids.filter(id => unwritten.delete(id))
  const failed = new Map<string, unknown>()
  // All writes end before an error is thrown: the next call must not be overtaken by one of this call.
  await inIsolation(next, CONCURRENCY, async sender => await register(deps, sender, true), (error, { id }) => failed.set(id, error))
  const [first] = [...failed.values()].filter(error => failed.size === next.length || !isUnavailable(error))
  for (const id of first === undefined ? failed.keys() : former) unwritten.add(id)
  if (first !== undefined) throw first
  commit()
  return registry.replace(next)
}

/** Writes what `applySenders` could not write. Throws UNAVAILABLE if it still cannot write all of it. */
export async function writeUnwritten (deps: SenderUpdateDeps): Promise<void> {
  await forAll([...deps.unwritten], CONCURRENCY, async id => {
    const settings = deps.registry.settingsOf(id)
    deps.unwritten.delete(id)
    if (settings === undefined) return
    await register(deps, settings, true).catch(error => {
      deps.unwritten.add(id)
      throw error
    })
  })
}

/** Writes again what `applySenders` wrote, where an emptied Redis has lost it. Throws UNAVAILABLE if it cannot write all of it. */
export async function restoreSenders (deps: SenderUpdateDeps): Promise<void> {
  const { store, registry } = deps
  await noteLayout(store.redis, store.prefix)
  const ids = registry.ids()
  await enter(store, ids)
  await forAll(ids.flatMap(id => registry.settingsOf(id) ?? []), CONCURRENCY, async sender => await register(deps, sender, false))
}

/** Before the first admission, so that no sender that holds messages is missing in the list of all known senders. */
async function enter (store: Store, ids: readonly string[]): Promise<void> {
  await forAll(ids, CONCURRENCY, async id => await store.redis.hsetnx(globalKey(store.prefix, 'senders'), id, '1'))
  await store.recoverySchedule.enter(ids)
}

/**
 * Writes a sender's rules to Redis. The rules of a start or reload overwrite older ones. A restore writes them only where Redis holds none,
 * so that nodes with different settings do not overwrite each other's.
 */
async function register (deps: SenderUpdateDeps, { id, rules, appSecrets }: SenderSettings, overwrite: boolean): Promise<void> {
  const { store, callbackCap } = deps
  await markServed(store, id, appSecrets)
  const key = senderKey(store.prefix, id, 'sender')
  if (!overwrite && await store.redis.hexists(key, 'pairIntervalUs') === 1) return
  await writeRules(store, id, rules)
  // Not part of the rules, so that enabling callbacks does not overwrite rules that an operator set.
  if (callbackCap !== null) await store.redis.hset(key, { callbacks: '1', callbackCap })
  else await store.redis.hdel(key, 'callbacks')
}

/** Drops removed senders once they hold no message, and writes rules that could not be written. */
export function startSenderChecks (deps: SenderUpdateDeps): { stop: () => void } {
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
export async function findUnserved (store: Store, senders: SenderRegistry): Promise<string[]> {
  const known = await knownSenders(store)
  const others = known.filter(sender => !senders.has(sender))
  const holds = async (sender: string): Promise<string[]> => await store.redis.hlen(senderKey(store.prefix, sender, 'backlog')) > 0 ? [sender] : []
  // Only a warning: senders whose server is down are left out.
  return (await inIsolation(others, CONCURRENCY, holds, () => undefined)).flat()
}
