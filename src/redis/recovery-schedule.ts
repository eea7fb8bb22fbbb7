import type { Client } from './client.js'
import { redisNowMs } from './server-clock.js'
import { globalKey } from './keys.js'

/** Least interval between two writes of `markDue`; senders that were marked in between are written together. */
const FLUSH_MS = 100

/**
 * When recovery has to check each sender next, so that it need not check all of them every second. An index: what is lost of it, the slow round
 * over all senders finds. Times are only moved earlier, except by recovery just before a check; so a `markDue` during the check is not lost.
 */
export interface RecoverySchedule {
  /** Makes a sender due at recovery's next tick. Returns at once and never fails; retries while Redis is unavailable. */
  markDue: (sender: string) => void
  /** `markDue`, written before it resolves: for a sender with a message that is ready soon, since the node that gets its job may die. */
  markDueNow: (sender: string) => Promise<void>
  /** Up to `count` senders that are due, the most overdue first, and the current time by Redis's clock, ms. */
  due: (count: number) => Promise<{ nowMs: number, senders: Array<{ sender: string, isMarkedDue: boolean }> }>
  /** Before a check: sets the times of the next check, whatever they were. */
  postpone: (moments: readonly Moment[]) => Promise<void>
  /** After a check: moves times earlier. */
  advance: (moments: readonly Moment[]) => Promise<void>
  /** Adds senders that are missing; they are due at once. */
  addMissing: (senders: readonly string[]) => Promise<void>
  close: () => void
}

/** `atMs`: ms since the epoch by Redis's clock; 0 for as soon as possible. */
export type Moment = readonly [sender: string, atMs: number]

export function createRecoverySchedule (redis: Client, prefix: string): RecoverySchedule {
  const key = globalKey(prefix, 'recovery-schedule')
  const marked = new Set<string>()
  let timer: NodeJS.Timeout | null = null
  let flushedAt = -Infinity

  async function flush (): Promise<void> {
    const senders = [...marked]
    marked.clear()
    timer = null
    flushedAt = performance.now()
    try {
      // Only senders that are listed: the call that marked one may have been the last for a sender that has just been forgotten.
      await redis.zadd(key, 'XX', 'LT', ...flat(senders.map(sender => [sender, 0])))
    } catch {
      // The store's connection reports the error. The senders stay marked.
      for (const sender of senders) marked.add(sender)
      scheduleFlush()
    }
  }

  function scheduleFlush (): void {
    timer ??= setTimeout(() => { flush().catch(() => undefined) }, Math.max(0, flushedAt + FLUSH_MS - performance.now())).unref()
  }

  return {
    markDue (sender) {
      marked.add(sender)
      scheduleFlush()
    },
    async markDueNow (sender) {
      await redis.zadd(key, 'LT', 0, sender)
    },
    async due (count) {
      const nowMs = await redisNowMs(redis, key)
      const found = await redis.zrangebyscore(key, '-inf', nowMs, 'WITHSCORES', 'LIMIT', 0, count)
      const senders = found.flatMap((sender, i) => i % 2 === 0 ? [{ sender, isMarkedDue: found[i + 1] === '0' }] : [])
      return { nowMs, senders }
    },
    async postpone (moments) {
      if (moments.length > 0) await redis.zadd(key, 'XX', ...flat(moments))
    },
    async advance (moments) {
      if (moments.length > 0) await redis.zadd(key, 'LT', ...flat(moments))
    },
    async addMissing (senders) {
      if (senders.length > 0) await redis.zadd(key, 'NX', ...flat(senders.map(sender => [sender, 0])))
    },
    close () {
      if (timer !== null) clearTimeout(timer)
      timer = null
    }
  }
}

function flat (moments: readonly Moment[]): Array<string | number> {
  return moments.flatMap(([sender, atMs]) => [atMs, sender])
}
