import { createBell } from '../bell.js'
import { isAway } from '../redis/is-away.js'
import { inParallel } from '../parallel.js'
import { SluiceError } from '../errors.js'
import { globalKey, senderKey } from '../redis/keys.js'
import type { LentEvent } from '../redis/commands.js'
import { createBrake } from './brake.js'
import type { LentAt, TellRoom } from './tell.js'
import { tellSubject } from './tell.js'

/** Callbacks that a node has under way at once. */
export const AT_ONCE = 64
/** Changes that one look takes out of the outbox: a few ms of Redis. */
const TAKE = 500
/** All senders are looked at this often, for what nobody told of or what a dead node had on loan. */
const ROUND_MS = 10_000
const ROUND_AT_ONCE = 25
const AGAIN_MS = 1000

/** Tells what is in the outboxes of all senders. */
export interface Postman {
  /** There may be something to tell of this sender. */
  look: (sender: string) => void
  /** Ends what is under way, and leaves the rest to others. */
  close: () => Promise<void>
}

/** Starts to tell; any number of nodes may, since each event is lent to one of them. */
export function startPostman (room: TellRoom): Postman {
  const { store, events } = room
  /** When each sender is to be looked at, by `performance.now()`. */
  const wanted = new Map<string, number>()
  const underway = new Set<Promise<void>>()
  const brake = createBrake()
  const bell = createBell()
  const closing = new AbortController()

  function want (sender: string, atMs: number): void {
    wanted.set(sender, Math.min(atMs, wanted.get(sender) ?? Infinity))
    bell.ring()
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
    const limit = brake.isProbing() ? (underway.size === 0 ? 1 : 0) : AT_ONCE - underway.size
    const [nowMs, nextMs, left, dropped, lent] = await store.run('lend', { sender }, { limit, leaseMs: room.callbacks.leaseMs, take: TAKE, cap: room.callbacks.cap })
    if (dropped > 0) events.emit('callbacks.dropped', { sender, count: dropped })
    for (const one of lent) tell(sender, one, { ms: lentAt, epochMs: nowMs })
    if (left > 0) want(sender, performance.now())
    else if (nextMs > 0) want(sender, performance.now() + Math.max(0, nextMs - nowMs))
  }

  function tell (sender: string, lent: LentEvent, lentAt: LentAt): void {
    const telling = tellSubject(room, sender, lent, lentAt, closing.signal, brake)
      .then(againMs => { if (againMs !== null) want(sender, performance.now() + againMs) })
      .catch(error => { events.emit('fault', { where: 'callbacks', error }) })
      .finally(() => {
        underway.delete(telling)
        bell.ring()
      })
    underway.add(telling)
  }

  async function work (): Promise<void> {
    while (!closing.signal.aborted) {
      bell.reset()
      const restMs = brake.restMs()
      const found = next()
      const isFull = underway.size >= AT_ONCE || (brake.isProbing() && underway.size > 0)
      if (restMs > 0 || isFull || 'inMs' in found) {
        await bell.heard(restMs > 0 ? restMs : isFull || !('inMs' in found) ? ROUND_MS : found.inMs)
        continue
      }
      wanted.delete(found.sender)
      await lookAt(found.sender).catch(error => {
        want(found.sender, performance.now() + AGAIN_MS)
        if (!isUnavailable(error)) events.emit('fault', { where: 'callbacks', error })
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
    round().catch(error => { if (!isUnavailable(error)) events.emit('fault', { where: 'callbacks', error }) })
  }
  goRound()
  const working = work()
  return {
    look: sender => want(sender, performance.now()),
    async close () {
      closing.abort()
      clearInterval(rounds)
      bell.ring()
      await working
      await Promise.all(underway)
      await room.receiver.close()
    }
  }
}

function isUnavailable (error: unknown): boolean {
  return isAway(error) || (error instanceof SluiceError && error.code === 'UNAVAILABLE')
}
