import type { Bus } from './events.js'
import { inParallel } from './parallel.js'
import { redisNowMs } from './redis/clock.js'
import { senderKey } from './redis/keys.js'
import { knownSenders, markServed } from './redis/known-senders.js'
import { noteLayout } from './redis/layout.js'
import type { Store } from './redis/store.js'
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
}

/**
 * Takes over a new list of senders. `commit` is called in the same tick, before any of their messages can be granted. Throws UNAVAILABLE while
 * Redis is unavailable: the list of this node is then unchanged, and some of the new rules may be in Redis.
 */
export async function applySenders (
  deps: SenderUpdateDeps, next: readonly SenderSettings[], commit: () => void = () => {}
): Promise<{ added: string[], removed: string[] }> {
  const nowMs = await redisNowMs(deps.store.redis)
  // All writes end before an error is thrown: the next call must not be overtaken by one of this call.
  const errors = await inParallel(
    next, CONCURRENCY, async sender => await register(deps, sender, true, nowMs).then(() => null, (error: unknown) => [error]))
  const failed = errors.find(error => error !== null)
  if (failed != null) throw failed[0]
  await deps.store.recoverySchedule.enter(next.map(({ id }) => id))
  commit()
  return deps.registry.replace(next)
}

/** Writes again what `applySenders` wrote, where an emptied Redis has lost it, and that this node still serves its senders. */
export async function restoreSenders ({ registry, ...deps }: SenderUpdateDeps): Promise<void> {
  await noteLayout(deps.store.redis, deps.store.prefix)
  const settings = registry.ids().flatMap(id => registry.settingsOf(id) ?? [])
  const nowMs = await redisNowMs(deps.store.redis)
  await inParallel(settings, CONCURRENCY, async sender => await register(deps, sender, false, nowMs))
  await deps.store.recoverySchedule.enter(registry.ids())
}

/**
 * Writes a sender's rules to Redis. The rules of a start or reload overwrite older ones. A restore writes them only where Redis holds none,
 * so that nodes with different settings do not overwrite each other's.
 */
async function register (
  deps: Omit<SenderUpdateDeps, 'registry'>, { id, rules, appSecrets }: SenderSettings, overwrite: boolean, nowMs: number
): Promise<void> {
  const { store, callbackCap } = deps
  await markServed(store, id, appSecrets, nowMs)
  const key = senderKey(store.prefix, id, 'sender')
  if (!overwrite && await store.redis.hexists(key, 'pairIntervalUs') === 1) return
  await writeRules(store, id, rules)
  // Not part of the rules, so that enabling callbacks does not overwrite rules that an operator set.
  if (callbackCap !== null) await store.redis.hset(key, { callbacks: '1', callbackCap })
  else await store.redis.hdel(key, 'callbacks')
}

/** Drops removed senders once they hold no message. */
export function startDroppingDrained ({ store, events, registry }: Omit<SenderUpdateDeps, 'callbackCap'>): { stop: () => void } {
  async function dropDrained (): Promise<void> {
    for (const [sender, since] of registry.draining()) {
      // A request that was accepted just before the removal reaches Redis well before the removal has this age.
      if (performance.now() - since < DRAINED_CHECK_MS || await store.redis.hlen(senderKey(store.prefix, sender, 'backlog')) > 0) continue
      if (registry.drop(sender)) events.emit('sender.removed', { sender })
    }
  }
  const timer = setInterval(() => {
    dropDrained().catch(() => undefined) // Redis is unavailable, which the store's connection reports; the next check comes
  }, DRAINED_CHECK_MS)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}

/** Senders that hold messages and that this node does not serve: unless another node does, their messages are never sent. */
export async function findUnserved (store: Store, senders: SenderRegistry): Promise<string[]> {
  const known = await knownSenders(store)
  const others = known.filter(sender => !senders.has(sender))
  const counts = await inParallel(others, CONCURRENCY, async sender => await store.redis.hlen(senderKey(store.prefix, sender, 'backlog')))
  return others.filter((_, index) => (counts[index] ?? 0) > 0)
}
