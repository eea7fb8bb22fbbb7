import { Bucket } from './bucket.js'
import type { Rules } from './history.js'
import { RateBook } from './rate-book.js'

/** A stage of a half-open circuit ends with the first success so long after its beginning. */
const STAGE_US = 15_000_000
const STAGES = 3
/** Sends in flight in the first stage. */
const FIRST_IN_FLIGHT = 5

/** Open or half-open since `at`: the probe in flight, and when the last one ended; the stage, and since when. */
interface Circuit { state: 'open' | 'half-open', at: number, probe: boolean, endedAt: number, stage: number, stageAt: number }

/** What the observer knows of the sender as a whole: its state, its rate, its places. */
export class SenderBook {
  /** In the stages of a half-open circuit it counts by a part of the rate. */
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
  #paused: { since: number, until: number } | null = null
  #stopped: { at: number, until: number } | null = null
  #circuit: Circuit | null = null
  #openSince = 0
  /** When something that blocked the sender was ended: what an earlier grant says of the sender counts no longer. */
  #resumedAt = 0
  #fullRate: [interval: number, burst: number]
  #ceiling: [interval: number, burst: number] | null = null
  /** Until when a drain run may sleep that last claimed at a lower rate: a rise of the rate, and of a rule, wakes none. */
  sleepsUntil = 0
  /** What rejections leave of the full rate. */
  readonly #limit: RateBook
  readonly #rules: Rules

  constructor (rules: Rules) {
    this.#rules = rules
    this.#fullRate = bucketOf(rules.perSecond)
    this.rate = new Bucket(...this.#fullRate)
    this.#limit = new RateBook(this.#fullRate)
  }

  change (now: number): void {
    this.#rise(() => this.#atFullRate(() => {
      this.#fullRate = bucketOf(this.#rules.perSecond)
      this.rate.change(...this.#fullRate, now)
      this.#limit.change(this.#bound)
    }))
  }

  /** The rate is cooled down as a whole, so that the wait is over at the same time after a change of the stage. */
  coolDown (until: number): void {
    this.#atFullRate(() => this.rate.coolDown(until))
  }

  /** What WhatsApp's limit of the number is now; null if it is not known. */
  bound (perSecond: number | null): void {
    this.#ceiling = perSecond === null ? null : bucketOf(perSecond)
    this.#rise(() => this.#limit.change(this.#bound))
  }

  /** An attempt met the limit of messages per second. */
  limited (now: number, grantedAt: number, coolUs: number): void {
    this.coolDown(now + this.#limit.rejected(now, grantedAt, coolUs))
  }

  /** An attempt was accepted; a reduced rate may rise. */
  accepted (now: number, grantedAt: number): void {
    this.#rise(() => this.#limit.accepted(now, grantedAt))
  }

  get isReduced (): boolean { return this.#limit.isReduced }

  /** The least wait behind `ahead` others: the full rate may be back before. */
  waitBehind (ahead: number, now: number): number {
    return this.#atFullRate(() => this.rate.waitBehind(ahead, now))
  }

  /** The interval of the full rate. */
  get interval (): number { return this.#fullRate[0] }

  /** Places for sends in flight. */
  get places (): number {
    const { maxInFlight } = this.#rules
    return Math.min(this.#circuit?.stage === 1 ? FIRST_IN_FLIGHT : Infinity, Math.ceil(maxInFlight / this.#part))
  }

  get full (): boolean { return this.inFlight >= this.places }

  get stopped (): boolean { return this.#stopped !== null }

  isBlocked (now: number): boolean {
    return this.#pausedAt(now) || this.#stopped !== null || this.down
  }

  /** Whether the sender's state forbids a grant. A stopped sender may be probed after its interval. */
  forbids (now: number): boolean {
    return this.#pausedAt(now) || (this.#stopped !== null && now < this.#stopped.until)
  }

  /** Whether a grant is of after the opening of the circuit. */
  since (grantedAt: number): boolean { return this.#circuit !== null && grantedAt > this.#circuit.at }

  get down (): boolean { return this.#circuit?.state === 'open' }

  /** Why the circuit forbids a grant: one probe at a time, at intervals; null if it does not. A probe of a stopped sender is another one. */
  forbidsProbe (now: number, waitUs: number, leaseUs: number): string | null {
    if (this.#circuit?.state !== 'open' || this.#stopped !== null) return null
    if (this.#circuit.probe && now - this.#circuit.endedAt < leaseUs) return 'with another probe in flight'
    return now - this.#circuit.endedAt < waitUs ? 'too soon after another probe' : null
  }

  probed (now: number): void {
    if (this.#circuit?.state === 'open') Object.assign(this.#circuit, { probe: true, endedAt: now })
  }

  /**
   * An attempt has ended: if it was granted since the circuit opened, it was its probe. A success of one that was granted since the circuit is
   * half-open may end the stage.
   */
  ended (now: number, grantedAt: number, change: '' | 'opened' | 'half-open' | 'closed', isSent: boolean): void {
    if (this.#circuit?.state === 'open' && grantedAt > this.#circuit.at) Object.assign(this.#circuit, { probe: false, endedAt: now })
    if (change === 'opened' || change === 'half-open') {
      const stage = change === 'opened' ? 0 : 1
      this.#enter({ state: change === 'opened' ? 'open' : change, at: now, probe: false, endedAt: now, stage, stageAt: now }, now)
    } else if (change === 'closed') {
      this.#enter(null, now)
    } else if (this.#circuit?.state === 'half-open' && isSent && grantedAt >= this.#circuit.at && now - this.#circuit.stageAt >= STAGE_US) {
      this.#enter({ ...this.#circuit, stage: Math.min(STAGES, this.#circuit.stage + 1), stageAt: now }, now)
    }
  }

  /** Since when it may grant, cool-down and sender rate included. */
  openSince (now: number): number {
    return Math.max(this.#openSince, this.pauseEnded(now), this.coolUntil, this.rate.earliest())
  }

  /** When the last pause ended by itself; 0 where none did or an operator ended it. */
  pauseEnded (now: number): number {
    return this.#paused !== null && this.#paused.until <= now ? this.#paused.until : 0
  }

  /** Whether the last pause has ended by itself by now, and had begun before `moment`, which was during it. */
  wasPausedAt (moment: number, now: number): boolean {
    return this.#paused !== null && this.#paused.since <= moment && moment <= this.pauseEnded(now)
  }

  pause (now: number, until: number | null): void {
    const end = until ?? Infinity
    if (this.#pausedAt(now) && end < (this.#paused?.until ?? 0)) this.easedAt = now
    if (this.#paused !== null && !this.#pausedAt(now)) this.#openSince = Math.max(this.#openSince, this.#paused.until)
    this.#paused = { since: this.#pausedAt(now) ? this.#paused?.since ?? now : now, until: end }
    this.#stopped = null
  }

  resume (now: number): void {
    if (this.#paused !== null || this.#stopped !== null || this.#circuit !== null) this.#resumedAt = now
    this.#paused = null
    this.#stopped = null
    this.easedAt = now
    this.#limit.forget()
    this.#enter(null, now)
  }

  /** The provider stopped the sender; a pause in force outranks it. */
  stop (now: number, until: number, grantedAt: number): void {
    if (this.#stopped === null && grantedAt < this.#resumedAt) return
    if (!this.#pausedAt(now)) this.#stopped = { at: now, until }
  }

  /** A success resumes a stopped sender, if it was granted after the stop. */
  sent (now: number, grantedAt: number): void {
    if (this.#stopped === null || grantedAt <= this.#stopped.at) return
    this.#openSince = now
    this.#resumedAt = now
    this.#stopped = null
  }

  #enter (circuit: Circuit | null, now: number): void {
    this.#circuit = circuit
    this.#openSince = now
    this.#pace()
  }

  /** The circuit divides the rate by this: by 8, 4 and 2 in its stages. */
  get #part (): number { return this.#circuit?.state === 'half-open' ? 2 ** (STAGES + 1 - this.#circuit.stage) : 1 }

  #pace (): void {
    const [interval, burst] = this.#limit.bucket
    this.rate.pace(interval * this.#part, Math.ceil(burst / this.#part))
  }

  /** The rule's bucket, or that of the known limit if it is slower. */
  get #bound (): [interval: number, burst: number] {
    return this.#ceiling !== null && this.#ceiling[0] > this.#fullRate[0] ? this.#ceiling : this.#fullRate
  }

  #rise (change: () => void): void {
    const former = this.rate.earliest()
    change()
    this.#pace()
    if (this.rate.earliest() < former) this.sleepsUntil = Math.max(this.sleepsUntil, former)
  }

  #atFullRate <Result>(run: () => Result): Result {
    this.rate.pace(...this.#fullRate)
    const result = run()
    this.#pace()
    return result
  }

  land (now: number): void {
    if (this.full) this.placeSince = now
    this.inFlight--
  }

  #pausedAt (now: number): boolean {
    return this.#paused !== null && this.#paused.until > now
  }
}

/** Interval and burst. No sliding second may hold more than the rate: a small burst, and what the interval lets through beside it. */
function bucketOf (perSecond: number): [interval: number, burst: number] {
  const burst = Math.max(1, Math.floor(perSecond / 40))
  return [Math.ceil(1e6 / (perSecond - burst + 1)), burst]
}
