import { Bucket } from './bucket.js'
import type { Rules } from './history.js'

/** What the observer knows of the sender as a whole: its state, its rate, its places. */
export class SenderBook {
  readonly rate: Bucket
  inFlight = 0
  slots = 0
  coolUntil = 0
  /** When a place was last freed while all were taken. */
  placeSince = 0
  /** The last claim that found, or left, all places taken. */
  fullAtClaim = 0
  /** The last moment at which an operator resumed the sender or shortened a pause. */
  easedAt = 0
  #paused: { until: number } | null = null
  #stopped: { at: number, until: number } | null = null
  #openSince = 0
  readonly #rules: Rules

  constructor (rules: Rules) {
    this.#rules = rules
    // No sliding second may hold more than the rate: a small burst, and what the interval lets through beside it.
    const burst = Math.max(1, Math.floor(rules.perSecond / 40))
    this.rate = new Bucket(Math.ceil(1e6 / (rules.perSecond - burst + 1)), burst)
  }

  get full (): boolean { return this.inFlight >= this.#rules.maxInFlight }

  get stopped (): boolean { return this.#stopped !== null }

  isBlocked (now: number): boolean {
    return this.#pausedAt(now) || this.#stopped !== null
  }

  /** Whether the sender's state forbids a grant. A stopped sender may be probed after its interval. */
  forbids (now: number): boolean {
    return this.#pausedAt(now) || (this.#stopped !== null && now < this.#stopped.until)
  }

  /** Since when it may grant, cool-down and sender rate included. */
  openSince (now: number): number {
    return Math.max(this.#openSince, this.pauseEnded(now), this.coolUntil, this.rate.earliest())
  }

  /** When the last pause ended by itself; 0 where none did or an operator ended it. */
  pauseEnded (now: number): number {
    return this.#paused !== null && this.#paused.until <= now ? this.#paused.until : 0
  }

  pause (now: number, until: number | null): void {
    const end = until ?? Infinity
    if (this.#pausedAt(now) && end < (this.#paused?.until ?? 0)) this.easedAt = now
    if (this.#paused !== null && !this.#pausedAt(now)) this.#openSince = Math.max(this.#openSince, this.#paused.until)
    this.#paused = { until: end }
    this.#stopped = null
  }

  resume (now: number): void {
    this.#paused = null
    this.#stopped = null
    this.#openSince = this.easedAt = now
  }

  /** The provider stopped the sender; a pause in force outranks it. */
  stop (now: number, until: number): void {
    if (!this.#pausedAt(now)) this.#stopped = { at: now, until }
  }

  /** A success resumes a stopped sender, if it was granted after the stop. */
  sent (now: number, grantedAt: number): void {
    if (this.#stopped === null || grantedAt <= this.#stopped.at) return
    this.#openSince = now
    this.#stopped = null
  }

  land (now: number): void {
    if (this.full) this.placeSince = now
    this.inFlight--
  }

  #pausedAt (now: number): boolean {
    return this.#paused !== null && this.#paused.until > now
  }
}
