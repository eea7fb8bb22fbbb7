import { createSignal } from '../signal.js'
import { isUnavailable } from '../redis/unavailable.js'
import { inParallel } from '../parallel.js'
import { SluiceError } from '../errors.js'
import { globalKey, senderKey } from '../redis/keys.js'
import type { LeasedCallback } from '../redis/commands.js'
import { createCircuitBreaker } from './circuit-breaker.js'
import type { LentAt, TellDeps } from './deliver.js'
import { tellSubject } from './deliver.js'

/** Callbacks that a node has under way at once. */
export const AT_ONCE = 64
/** Changes that one look takes out of the outbox: a few ms of Redis. */
const TAKE = 500
/** All senders are looked at this often, for what nobody told of or what a dead node had on loan. */
const ROUND_MS = 10_000
const ROUND_AT_ONCE = 25
const AGAIN_MS = 1000

/** Tells what is in the outboxes of all senders. */
export interface CallbackDispatcher {
  /** There may be something to tell of this sender. */
  look: (sender: string) => void
  /** Ends what is under way, and leaves the rest to others. */
  close: () => Promise<void>
}

/** Starts to tell; any number of nodes may, since each event is lent to one of them. */
export function startCallbackDispatcher (deps: TellDeps): CallbackDispatcher {
  const { store, events } = deps
  /** When each sender is to be looked at, by `performance.now()`. */
  const wanted = new Map<string, number>()
  const underway = new Set<Promise<void>>()
  const breaker = createCircuitBreaker()
  const signal = createSignal()
  const closing = new AbortController()

  function want (sender: string, atMs: number): void {
    wanted.set(sender, Math.min(atMs, wanted.get(sender) ?? Infinity))
    signal.set()
  }

  /** The sender that has waited longest, if its moment has come; else in how many ms one's comes. */
  function next (): { sender: string } | { inMs: number } {
    let [first, at] = ['', Infinity]
    for (const [sender, moment] of wanted) if (moment < at) [first, at] = [sender, moment]
    const inMs = at - performance.now()
    return inMs <= 0 ? { sender: first } : { inMs: Math.min(inMs, ROUND_MS) }
  }

  async function lookAt (sender: string): Promise<void> {
    const lentAt = performance.now()
    const limit = breaker.isHalfOpen() ? (underway.size === 0 ? 1 : 0) : AT_ONCE - underway.size
    const { nowMs, nextMs, left, dropped, callbacks } = await store.run('lease-callbacks', { sender }, { limit, leaseMs: deps.callbacks.leaseMs, take: TAKE, cap: deps.callbacks.cap })
    if (dropped > 0) events.emit('callbacks.dropped', { sender, count: dropped })
    for (const one of callbacks) tell(sender, one, { ms: lentAt, epochMs: nowMs })
    if (left > 0) want(sender, performance.now())
    else if (nextMs > 0) want(sender, performance.now() + Math.max(0, nextMs - nowMs))
  }

  function tell (sender: string, lent: LeasedCallback, lentAt: LentAt): void {
    const telling = tellSubject(deps, sender, lent, lentAt, closing.signal, breaker)
      .then(againMs => { if (againMs !== null) want(sender, performance.now() + againMs) })
      .catch(error => { events.emit('fault', { where: 'callbacks', error }) })
      .finally(() => {
        underway.delete(telling)
        signal.set()
      })
    underway.add(telling)
  }

  async function work (): Promise<void> {
    while (!closing.signal.aborted) {
      signal.reset()
      const retryInMs = breaker.retryInMs()
      const found = next()
      const isFull = underway.size >= AT_ONCE || (breaker.isHalfOpen() && underway.size > 0)
      if (retryInMs > 0 || isFull || 'inMs' in found) {
        await signal.wait(retryInMs > 0 ? retryInMs : isFull || !('inMs' in found) ? ROUND_MS : found.inMs)
        continue
      }
      wanted.delete(found.sender)
      await lookAt(found.sender).catch(error => {
        want(found.sender, performance.now() + AGAIN_MS)
        if (!isExpected(error)) events.emit('fault', { where: 'callbacks', error })
      })
    }
  }

  /** Asks all that ever sent, also those that were removed, since what became of their messages is still to be told. */
  async function round (): Promise<void> {
    const senders = await store.redis.hkeys(globalKey(store.prefix, 'senders'))
    await inParallel(senders, ROUND_AT_ONCE, async sender => {
      const key = (name: string): string => senderKey(store.prefix, sender, name)
      const [waiting, due] = await Promise.all([store.redis.llen(key('outbox')), store.redis.exists(key('callbacks-due'))])
      if (waiting + due > 0) want(sender, performance.now())
    })
  }

  const rounds = setInterval(() => { goRound() }, ROUND_MS)
  function goRound (): void {
    round().catch(error => { if (!isExpected(error)) events.emit('fault', { where: 'callbacks', error }) })
  }
  goRound()
  const working = work()
  return {
    look: sender => want(sender, performance.now()),
    async close () {
      closing.abort()
      clearInterval(rounds)
      signal.set()
      await working
      await Promise.all(underway)
      await deps.receiver.close()
    }
  }
}

function isExpected (error: unknown): boolean {
  return isUnavailable(error) || (error instanceof SluiceError && error.code === 'UNAVAILABLE')
}
