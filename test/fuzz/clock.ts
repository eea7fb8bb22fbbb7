/** TTLs in virtual time: a key of a fuzz run ends when the run's own clock says so, so that a seed repeats a run exactly. */
import type { Redis } from 'ioredis'

/** A TTL that Redis itself does not reach within a run. */
const FROZEN_MS = 1e9
/** A TTL is read a moment after the script has set it. Moments of a run are multiples of this. */
export const STEP_MS = 100

export class KeyClock {
  readonly #deadlines = new Map<string, number>()
  readonly #redis: Redis

  constructor (redis: Redis) {
    this.#redis = redis
  }

  /** Takes over the TTLs that scripts have set since the last call; returns all keys. */
  async freeze (keys: string[], nowMs: number): Promise<void> {
    const ttls = await Promise.all(keys.map(async key => await this.#redis.pttl(key)))
    for (const [at, key] of keys.entries()) {
      const ttl = ttls[at] ?? -2
      if (ttl < 0) this.#deadlines.delete(key)
      if (ttl < 0 || ttl > FROZEN_MS / 2) continue
      this.#deadlines.set(key, nowMs + Math.ceil(ttl / STEP_MS) * STEP_MS)
      await this.#redis.pexpire(key, FROZEN_MS)
    }
  }

  /** Removes the keys whose time is over; returns them. */
  async expire (nowMs: number): Promise<string[]> {
    const ended = [...this.#deadlines].filter(([, deadline]) => deadline <= nowMs).map(([key]) => key)
    for (const key of ended) {
      this.#deadlines.delete(key)
      await this.#redis.del(key)
    }
    return ended
  }
}
