import { createSignal } from '../signal.js'
import { isUnavailable } from '../redis/unavailable.js'
import { forAll } from '../parallel.js'
import { globalKey, senderKey } from '../redis/keys.js'
import type { LeasedCallback } from '../redis/commands.js'
import { createCircuitBreaker } from './circuit-breaker.js'
import type { CallbackDeps, LeasedAt } from './deliver.js'
import { deliverCallbacks } from './deliver.js'

/** Callbacks in flight per node. */
export const MAX_IN_FLIGHT = 64
/** Events that one lease call moves out of the outbox: a few ms of Redis. */
const TAKE = 500
/** Interval of the check of all senders. It finds lost wake-ups and the leases of dead nodes. */
const ROUND_MS = 10_000
const ROUND_CONCURRENCY = 25
const RETRY_MS = 1000

/** Delivers the events in the outboxes of all senders. */
export interface CallbackDispatcher {
  /** The outbox of this sender may hold something. */
  wake: (sender: string) => void
  /** Finishes what is in flight and leaves the rest to other nodes. */
  close: () => Promise<void>
}

/** Any number of nodes may run a dispatcher, since each event is leased to one of them. */
export function startCallbackDispatcher (deps: CallbackDeps): CallbackDispatcher {
  const { store, events } = deps
  /** When each sender is checked next, by `performance.now()`. */
  const dueAt = new Map<string, number>()
  const inFlight = new Set<Promise<void>>()
  const breaker = createCircuitBreaker()
  const signal = createSignal()
  const closing = new AbortController()

  function schedule (sender: string, atMs: number): void {
    dueAt.set(sender, Math.min(atMs, dueAt.get(sender) ?? Infinity))
    signal.set()
  }

  /** The most overdue sender, or the time until the first is due. */
  function next (): { sender: string } | { inMs: number } {
    let [first, at] = ['', Infinity]
    for (const [sender, moment] of dueAt) if (moment < at) [first, at] = [sender, moment]
    const inMs = at - performance.now()
    return inMs <= 0 ? { sender: first } : { inMs: Math.min(inMs, ROUND_MS) }
  }

  /** How many more callbacks may start now. While the circuit is not closed, one may be in flight. */
  function capacity (): number {
    return Math.max(0, (breaker.state() === 'closed' ? MAX_IN_FLIGHT : 1) - inFlight.size)
  }

  async function lease (sender: string): Promise<void> {
    const leasedAt = performance.now()
    const { leaseMs, cap } = deps.callbacks
    const { nowMs, nextMs, left, dropped, callbacks } = await store.run(
      'lease-callbacks',
      { sender },
      { limit: capacity(), leaseMs, take: TAKE, cap }
    )
    if (dropped > 0) events.emit('callbacks.dropped', { sender, count: dropped })
    for (const one of callbacks) deliver(sender, one, { ms: leasedAt, epochMs: nowMs })
    if (left > 0) schedule(sender, performance.now())
    else if (nextMs > 0) schedule(sender, performance.now() + Math.max(0, nextMs - nowMs))
  }

  function deliver (sender: string, leased: LeasedCallback, leasedAt: LeasedAt): void {
    const delivery = deliverCallbacks(deps, sender, leased, leasedAt, closing.signal, breaker)
      .then(retryInMs => { if (retryInMs !== null) schedule(sender, performance.now() + retryInMs) })
      .catch(report)
      .finally(() => {
        inFlight.delete(delivery)
        signal.set()
      })
    inFlight.add(delivery)
  }

  async function run (): Promise<void> {
    while (!closing.signal.aborted) {
      signal.reset()
      const openMs = breaker.retryInMs()
      const found = next()
      if (openMs > 0) await signal.wait(openMs)
      else if (capacity() === 0) await signal.wait(ROUND_MS)
      else if ('inMs' in found) await signal.wait(found.inMs)
      else {
        dueAt.delete(found.sender)
        await lease(found.sender).catch(error => {
          schedule(found.sender, performance.now() + RETRY_MS)
          report(error)
        })
      }
    }
  }

  /** Checks every sender that was ever configured, removed ones as well: the end of their messages is still to be reported. */
  async function checkAll (): Promise<void> {
    const senders = await store.redis.hkeys(globalKey(store.prefix, 'senders'))
    await forAll(senders, ROUND_CONCURRENCY, async sender => {
      const key = (name: string): string => senderKey(store.prefix, sender, name)
      const [waiting, due] = await Promise.all([store.redis.llen(key('outbox')), store.redis.exists(key('callbacks-due'))])
      if (waiting + due > 0) schedule(sender, performance.now())
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
    wake: sender => schedule(sender, performance.now()),
    async close () {
      closing.abort()
      clearInterval(rounds)
      signal.set()
      await running
      await Promise.all(inFlight)
      await deps.endpoint.close()
    }
  }
}
