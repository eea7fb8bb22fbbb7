import type { Bus } from './events.js'
import { inParallel } from './parallel.js'
import { globalKey, senderKey } from './redis/keys.js'
import { claimLayout, noteLayout } from './redis/layout.js'
import type { Store } from './redis/store.js'
import type { SenderSettings } from './senders.js'
import { writeRules } from './throttle/rules.js'

/** How often it is looked whether a sender that leaves has anything left. */
const LEAVE_MS = 2000
const AT_ONCE = 20

/** Which senders this node serves, and how; it changes while the node runs. */
export interface SenderRegistry {
  /** The default one first, those that leave last. Changed in place. */
  readonly senders: string[]
  /** Removed by a reload: they take no new messages and are attended until nothing of theirs is left. */
  readonly draining: Set<string>
  /** Of a sender on the list. */
  readonly settingsOf: (sender: string) => SenderSettings | undefined
  /** The most requests under way that any sender may have. */
  readonly maxInFlight: () => number
  /** Takes up a new list. Throws UNAVAILABLE while Redis is away, and then nothing has changed here. */
  readonly apply: (next: readonly SenderSettings[]) => Promise<{ added: string[], removed: string[] }>
  /** Writes again what an emptied Redis has lost of all that. */
  readonly refresh: () => Promise<void>
  readonly close: () => void
}

/** `tells`: whether changes of their messages are written down to be told. */
export async function createSenderRegistry (store: Store, events: Bus, first: readonly SenderSettings[], callbacksEnabled = false): Promise<SenderRegistry> {
  const senders: string[] = []
  const draining = new Set<string>()
  const leavingSince = new Map<string, number>()
  const settings = new Map<string, SenderSettings>()

  /** A start's rules count where they are new; later they are written only where Redis holds none, so that nodes don't overrule each other. */
  async function enter ({ id, rules }: SenderSettings, isStart: boolean): Promise<void> {
    // Known before its first admission, so that no sender with messages is ever without somebody who knows it.
    await store.redis.hsetnx(globalKey(store.prefix, 'senders'), id, '1')
    const key = senderKey(store.prefix, id, 'sender')
    if (!isStart && await store.redis.hexists(key, 'pairIntervalUs') === 1) return
    await writeRules(store, id, rules)
    // Apart from the rules, so that callbacks switched on don't overrule an operator.
    if (callbacksEnabled) await store.redis.hset(key, 'callbacks', '1')
    else await store.redis.hdel(key, 'callbacks')
  }

  async function refresh (): Promise<void> {
    await noteLayout(store.redis, store.prefix)
    await inParallel([...settings.values()], AT_ONCE, async sender => await enter(sender, false))
    await store.recoverySchedule.enter(senders)
  }

  async function apply (next: readonly SenderSettings[]): Promise<{ added: string[], removed: string[] }> {
    const ids = next.map(({ id }) => id)
    await inParallel(next, AT_ONCE, async sender => await enter(sender, true))
    await store.recoverySchedule.enter(ids)
    const isNamed = new Set(ids)
    const added = ids.filter(id => !senders.includes(id))
    const removed = senders.filter(id => !isNamed.has(id) && !draining.has(id))
    for (const sender of next) settings.set(sender.id, sender)
    for (const id of ids) {
      draining.delete(id)
      leavingSince.delete(id)
    }
    for (const id of removed) {
      draining.add(id)
      leavingSince.set(id, performance.now())
    }
    senders.splice(0, senders.length, ...ids, ...draining)
    return { added, removed }
  }

  /** A request that passed the door just before it was shut has reached Redis long before the second look. */
  async function dismiss (): Promise<void> {
    for (const [sender, since] of leavingSince) {
      if (performance.now() - since < LEAVE_MS || await store.redis.hlen(senderKey(store.prefix, sender, 'backlog')) > 0) continue
      if (!draining.delete(sender)) continue
      leavingSince.delete(sender)
      settings.delete(sender)
      senders.splice(senders.indexOf(sender), 1)
      events.emit('sender.removed', { sender })
    }
  }

  /** Redis was emptied. Whoever found out has told its caller to come again, and then finds the rules. */
  const restore = (): void => { refresh().catch(() => undefined) } // the next who finds out asks again

  await claimLayout(store.redis, store.prefix)
  await apply(first)
  events.on('sender.no-rules', restore)
  const timer = setInterval(() => {
    dismiss().catch(() => undefined) // Redis is away, as the store's connection tells; the next look finds the same
  }, LEAVE_MS)
  timer.unref()
  return {
    senders,
    draining,
    settingsOf: sender => settings.get(sender),
    maxInFlight: () => Math.max(...[...settings.values()].map(({ rules }) => rules.maxInFlight)),
    apply,
    refresh,
    close () { clearInterval(timer) }
  }
}

/** Senders that this node doesn't serve and that hold messages: unless another node serves them, nobody sends these. */
export async function findUnserved (store: Store, served: readonly string[]): Promise<string[]> {
  const known = await store.redis.hkeys(globalKey(store.prefix, 'senders'))
  const others = known.filter(sender => !served.includes(sender))
  const counts = await inParallel(others, AT_ONCE, async sender => await store.redis.hlen(senderKey(store.prefix, sender, 'backlog')))
  return others.filter((_, at) => (counts[at] ?? 0) > 0)
}
