import { Bucket } from './bucket.js'
import type { Rules } from './history.js'

/** What the observer knows of the sender as a whole: open or not, its flow, its places. */
export class SenderBook {
  readonly flow: Bucket
  inFlight = 0
  slots = 0
  coolUntil = 0
  /** When a place last became free while all were taken. */
  roomSince = 0
  /** The last look that found, or left, all places taken. */
  fullAtLook = 0
  /** The last moment at which an operator opened the sender or shortened a pause. */
  easedAt = 0
  #paused: { until: number } | null = null
  #stopped: { at: number, until: number } | null = null
  #openSince = 0
  readonly #rules: Rules

  constructor (rules: Rules) {
    this.#rules = rules
    // No sliding second may hold more than the rate: a small burst, and what the interval lets through beside it.
    const burst = Math.max(1, Math.floor(rules.perSecond / 40))
    this.flow = new Bucket(Math.ceil(1e6 / (rules.perSecond - burst + 1)), burst)
  }

  get full (): boolean { return this.inFlight >= this.#rules.maxInFlight }

  get stopped (): boolean { return this.#stopped !== null }

  closed (now: number): boolean {
    return this.#pausedAt(now) || this.#stopped !== null
  }

  /** May this grant not be, since the sender is closed? A stopped one may be tried after its rest. */
  forbids (now: number): boolean {
    return this.#pausedAt(now) || (this.#stopped !== null && now < this.#stopped.until)
  }

  /** Since when it has been open for grants, cool-down and flow included. */
  openSince (now: number): number {
    return Math.max(this.#openSince, this.pauseEnded(now), this.coolUntil, this.flow.earliest())
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

  /** The provider's verdict; a pause that is in force stands instead. */
  stop (now: number, until: number): void {
    if (!this.#pausedAt(now)) this.#stopped = { at: now, until }
  }

  /** A success opens a stopped sender, if it was granted after the stop. */
  sent (now: number, grantedAt: number): void {
    if (this.#stopped === null || grantedAt <= this.#stopped.at) return
    this.#openSince = now
    this.#stopped = null
  }

  land (now: number): void {
    if (this.full) this.roomSince = now
    this.inFlight--
  }

  #pausedAt (now: number): boolean {
    return this.#paused !== null && this.#paused.until > now
  }
}
