import type { Client } from './client.js'
import { redisNowMs } from './clock.js'
import { globalKey } from './keys.js'

/** Reminders of one node go out together, at most so often. */
const FLUSH_MS = 100

/**
 * The next moment at which each sender needs somebody, so that recovery need not ask all of them every second. A hint:
 * what is lost of it recovery's slow round finds. A moment is only ever brought forward, except by recovery when it is
 * about to ask; so no reminder that comes while it asks gets lost.
 */
export interface RecoverySchedule {
  /** Has recovery look at the sender at its next tick. Neither waits nor fails; goes on trying while Redis is away. */
  markDue: (sender: string) => void
  /** The same at once, for a sender whose turn is near: whoever attends it next may die at any moment. */
  markDueNow: (sender: string) => Promise<void>
  /** Up to `count` senders whose moment has come, the most overdue first, and the present moment by Redis's clock, ms. */
  due: (count: number) => Promise<{ nowMs: number, senders: Array<{ sender: string, isMarkedDue: boolean }> }>
  /** Before asking: sets the moments at which these are asked again whatever happens. */
  postpone: (moments: readonly Moment[]) => Promise<void>
  /** After asking: brings moments forward. */
  advance: (moments: readonly Moment[]) => Promise<void>
  /** Enters senders that are not on it. */
  enter: (senders: readonly string[]) => Promise<void>
  close: () => void
}

/** Milliseconds since the epoch by Redis's clock; 0 is as soon as possible. */
export type Moment = readonly [sender: string, atMs: number]

export function createRecoverySchedule (redis: Client, prefix: string): RecoverySchedule {
  const key = globalKey(prefix, 'recovery-schedule')
  const reminders = new Set<string>()
  let timer: NodeJS.Timeout | null = null
  let flushedAt = -Infinity

  async function flush (): Promise<void> {
    const senders = [...reminders]
    reminders.clear()
    timer = null
    flushedAt = performance.now()
    try {
      await redis.zadd(key, 'LT', ...flat(senders.map(sender => [sender, 0])))
    } catch {
      // The store's connection tells of it; the senders still have to be looked at.
      for (const sender of senders) reminders.add(sender)
      plan()
    }
  }

  function plan (): void {
    timer ??= setTimeout(() => { flush().catch(() => undefined) }, Math.max(0, flushedAt + FLUSH_MS - performance.now())).unref()
  }

  return {
    markDue (sender) {
      reminders.add(sender)
      plan()
    },
    async markDueNow (sender) {
      await redis.zadd(key, 'LT', 0, sender)
    },
    async due (count) {
      const nowMs = await redisNowMs(redis)
      const found = await redis.zrangebyscore(key, '-inf', nowMs, 'WITHSCORES', 'LIMIT', 0, count)
      const senders = found.flatMap((sender, at) => at % 2 === 0 ? [{ sender, isMarkedDue: found[at + 1] === '0' }] : [])
      return { nowMs, senders }
    },
    async postpone (moments) {
      if (moments.length > 0) await redis.zadd(key, 'XX', ...flat(moments))
    },
    async advance (moments) {
      if (moments.length > 0) await redis.zadd(key, 'LT', ...flat(moments))
    },
    async enter (senders) {
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
