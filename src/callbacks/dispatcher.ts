import type { Bus } from '../events.js'
import { forAll } from '../parallel.js'
import type { LeasedCallback } from '../redis/commands.js'
import { globalKey, senderKey } from '../redis/keys.js'
import { publish as publishOn } from '../redis/pub-sub.js'
import type { Store } from '../redis/store.js'
import { isUnavailable, isForbidden } from '../redis/unavailable.js'
import { createSignal } from '../signal.js'
import { createCircuitBreaker } from './circuit-breaker.js'
import type { CallbackDeps, LeasedAt } from './deliver.js'
import { deliverCallbacks } from './deliver.js'
import { createSlots } from './slots.js'

/** Events that one lease call moves out of the outbox: a few ms of Redis. */
const MOVE_LIMIT = 500
/** Interval of the check of all senders. It finds lost wake-ups and the leases of dead nodes. */
const ROUND_MS = 10_000
const ROUND_CONCURRENCY = 25
/** After an error of Redis. Without jitter: each node has its own senders and phase, and a lease is one short call. */
const RETRY_MS = 1000
/** While the circuit is not closed, a sender's outbox is emptied at this interval. */
const MOVE_MS = 250
/** Senders whose leases are requested at once. One on a server of the cluster that does not respond delays no other. */
const LEASES_AT_ONCE = 8

/** Delivers the events in the outboxes of all senders. */
export interface CallbackDispatcher {
  /** The outbox of this sender may hold something. */
  wake: (sender: string) => void
  /** Finishes what is in flight and leaves the rest to other nodes. */
  close: () => Promise<void>
}

/** When a sender has something to do, by `performance.now()`: move its outbox, try callbacks for the first time, retry. */
interface Plan { moveAt: number, dueAt: number, retryAt: number }

/**
 * Any number of nodes may run a dispatcher, since each event is leased to one of them. The circuit breaker counts all senders together: they
 * have one receiver.
 */
export function startCallbackDispatcher (deps: CallbackDeps): CallbackDispatcher {
  const { store, events } = deps
  const plans = new Map<string, Plan>()
  const inFlight = new Set<Promise<void>>()
  /** Senders whose lease is requested. */
  const leasing = new Map<string, Promise<void>>()
  const breaker = createCircuitBreaker()
  const slots = createSlots(breaker)
  const signal = createSignal()
  const closing = new AbortController()

  function schedule (sender: string, plan: Partial<Plan>): void {
    const { moveAt, dueAt, retryAt } = plans.get(sender) ?? { moveAt: Infinity, dueAt: Infinity, retryAt: Infinity }
    plans.set(sender, {
      moveAt: Math.min(moveAt, plan.moveAt ?? Infinity),
      dueAt: Math.min(dueAt, plan.dueAt ?? Infinity),
      retryAt: Math.min(retryAt, plan.retryAt ?? Infinity)
    })
    signal.set()
  }

  /** The most overdue sender that has a free slot where it needs one, or the time until the first is due. */
  function next (): { sender: string } | { inMs: number } {
    const now = performance.now()
    const overdue: Array<[dueAt: number, sender: string]> = []
    let inMs = breaker.state() === 'open' ? breaker.retryInMs() : ROUND_MS
    for (const [sender, { moveAt, dueAt, retryAt }] of plans) {
      if (leasing.has(sender)) continue
      const free = slots.free(sender)
      const nextAt = Math.min(moveAt, free.all > 0 ? dueAt : Infinity, free.retries > 0 ? retryAt : Infinity)
      if (nextAt <= now) overdue.push([nextAt, sender])
      else inMs = Math.min(inMs, nextAt - now)
    }
    if (overdue.length === 0) return { inMs: Math.max(1, inMs) }
    // A probe is of any sender, so that none decides alone whether the receiver is up.
    const index = breaker.state() === 'half-open' ? Math.floor(Math.random() * overdue.length) : 0
    if (index === 0) overdue.sort(([a], [b]) => a - b)
    return { sender: overdue[index]?.[1] ?? '' }
  }

  async function lease (sender: string): Promise<void> {
    const leasedAt = performance.now()
    const { leaseMs } = deps.callbacks
    const reserved = slots.reserve(sender)
    const probe = breaker.state() === 'half-open' ? Math.random() : ''
    const reply = await store.run('lease-callbacks', { sender }, {
      limit: reserved.all, retryLimit: reserved.retries, probe, leaseMs, moveLimit: MOVE_LIMIT
    }).finally(reserved.release)
    const { nowMs, dueMs, retryMs, left, dropped, callbacks } = reply
    if (dropped > 0) events.emit('callbacks.dropped', { sender, count: dropped })
    for (const callback of callbacks) deliver(sender, callback, { ms: leasedAt, epochMs: nowMs })
    const now = performance.now()
    schedule(sender, {
      ...(left > 0 ? { moveAt: now } : {}),
      ...(dueMs > 0 ? { dueAt: now + Math.max(0, dueMs - nowMs) } : {}),
      ...(retryMs > 0 ? { retryAt: now + Math.max(0, retryMs - nowMs) } : {})
    })
  }

  function deliver (sender: string, leased: LeasedCallback, leasedAt: LeasedAt): void {
    const release = slots.take(sender, leased.tries > 0)
    const delivery = deliverCallbacks(deps, sender, leased, leasedAt, closing.signal, breaker)
      .then(retryInMs => { if (retryInMs !== null) schedule(sender, { retryAt: performance.now() + retryInMs }) })
      .catch(report)
      .finally(() => {
        inFlight.delete(delivery)
        release()
        signal.set()
      })
    inFlight.add(delivery)
  }

  async function run (): Promise<void> {
    while (!closing.signal.aborted) {
      signal.reset()
      const found = leasing.size < LEASES_AT_ONCE ? next() : { inMs: ROUND_MS }
      if ('inMs' in found) {
        await signal.wait(found.inMs)
        continue
      }
      const { sender } = found
      plans.delete(sender)
      leasing.set(sender, lease(sender).catch(error => {
        schedule(sender, { moveAt: performance.now() + RETRY_MS })
        report(error)
      }).finally(() => {
        leasing.delete(sender)
        signal.set()
      }))
    }
  }

  /** Checks every sender that was ever configured, removed ones as well: the end of their messages is still to be reported. */
  async function checkAll (): Promise<void> {
    const senders = await store.redis.hkeys(globalKey(store.prefix, 'senders'))
    await forAll(senders, ROUND_CONCURRENCY, async sender => {
      const key = (name: string): string => senderKey(store.prefix, sender, name)
      const [waiting, due] = await Promise.all([store.redis.llen(key('outbox')), store.redis.exists(key('callbacks-since'))])
      if (waiting + due > 0) schedule(sender, { moveAt: performance.now() })
    })
  }

  function report (error: unknown): void {
    if (!isUnavailable(error)) events.emit('unexpected-error', { location: 'callbacks', error })
  }

  const startRound = (): void => { checkAll().catch(report) }
  const rounds = setInterval(startRound, ROUND_MS)
  startRound()
  const running = run()
  return {
    // What waits is moved and bounded while the receiver is down, too: then not for each wake-up, since nothing can be delivered.
    wake: sender => schedule(sender, { moveAt: performance.now() + (breaker.state() === 'closed' ? 0 : MOVE_MS) }),
    async close () {
      closing.abort()
      clearInterval(rounds)
      signal.set()
      await running
      await Promise.all(leasing.values())
      await Promise.all(inFlight)
      await deps.endpoint.close()
    }
  }
}

/** Coalescing window for notifications: a sender is published once in it, however many events it writes. */
const WINDOW_MS = 20

/** Wakes the callback dispatchers of all nodes when a sender's outbox has something new. A lost notification costs one round of theirs. */
export function notifyDispatchers (store: Store, events: Bus): void {
  const senders = new Set<string>()
  function notify (sender: string): void {
    if (senders.size === 0) setTimeout(publish, WINDOW_MS).unref()
    senders.add(sender)
  }
  let isReported = false
  /** The next round of the dispatchers finds the callback. A user that may never publish would make every one late, so it is reported once. */
  function onError (error: Error): void {
    if (isReported || !isForbidden(error)) return
    isReported = true
    events.emit('unexpected-error', { location: 'callback-wake', error })
  }
  function publish (): void {
    const channel = globalKey(store.prefix, 'callback-wake')
    for (const sender of senders) publishOn(store.redis, channel, sender).catch(onError)
    senders.clear()
  }
  events.on('attempt.settled', ({ sender, settlement }) => { if (settlement === 'sent' || settlement === 'failed') notify(sender) })
  events.on('attempt.stale', ({ sender, result }) => { if (result === 'sent') notify(sender) })
  events.on('receipt.applied', ({ sender, result }) => { if (['sent', 'advanced', 'failed'].includes(result)) notify(sender) })
  events.on('message.closed', ({ sender }) => notify(sender))
  events.on('webhook.relayed', ({ sender }) => notify(sender))
}
