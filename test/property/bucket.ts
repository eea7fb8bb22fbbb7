/**
 * A bucket by its closed form. The n-th send after a send at `m` may come `(n − burst) × interval + interval` after it, for
 * every `m` there was: so the earliest next one is the largest of `m + (sends since and with m) × interval`, less what the burst
 * lets through. No arrival time is carried from send to send, but over a change of interval or burst.
 */
export class Bucket {
  interval: number
  burst: number
  #sends = 0
  #marks: Array<{ value: number, at: number }> = []
  /** When it would have been idle again before the last send, whatever is removed afterwards. */
  #before = 0
  #lastAt = 0

  constructor (interval: number, burst: number) {
    this.interval = interval
    this.burst = burst
  }

  earliest (): number {
    return this.#full() - (this.burst - 1) * this.interval
  }

  /** The least wait of a new message with `ahead` others before it. */
  waitBehind (ahead: number, now: number): number {
    return Math.max(0, Math.max(now, this.#full()) + (ahead - this.burst + 1) * this.interval - now)
  }

  send (at: number): void {
    this.#before = this.#full()
    this.#lastAt = at
    this.#add({ value: at, at: this.#sends })
    this.#sends++
  }

  /** The last send turned out to have started as late as `at`. Where the bucket was changed or cooled since, it is idle later by as much. */
  startedAt (at: number): void {
    const [sent, started] = [Math.max(this.#lastAt, this.#before), Math.max(at, this.#before)]
    const full = this.#full()
    if (full > sent + this.interval) this.#add({ value: full + started - sent, at: this.#sends })
    else this.#add({ value: started, at: this.#sends - 1 })
  }

  coolDown (until: number): void {
    this.#add({ value: until + (this.burst - 1) * this.interval, at: this.#sends })
  }

  /** Another rate for a while: what has been counted stays as it is, and only what comes is counted by the other rate. */
  pace (interval: number, burst: number): void {
    this.#mark(this.#full())
    this.interval = interval
    this.burst = burst
  }

  /**
   * Other rules: what was sent and still counts takes one new interval each, and a part of an interval a whole one where the interval gets longer.
   * Above a burst it is a cool-down, which stays as long as it is, and no wait gets shorter.
   */
  change (interval: number, burst: number, now: number): void {
    const [former, formerBurst] = [this.interval, this.burst]
    const convert = (full: number): number => {
      if (full <= now) return full
      const sends = Math.min(formerBurst, (full - now) / former)
      const changed = Math.ceil(full + (interval > former ? Math.ceil(sends) : sends) * (interval - former))
      const waitsUntil = full - (formerBurst - 1) * former
      return waitsUntil > now ? Math.max(changed, waitsUntil + (burst - 1) * interval) : changed
    }
    const full = convert(this.#full())
    this.#before = convert(this.#before)
    this.interval = interval
    this.burst = burst
    this.#mark(full)
  }

  forget (): void {
    this.#marks = []
  }

  /** An idle bucket equals a new one; a returned message is then ranked by its old ready time alone. */
  prune (now: number): void {
    if (this.#full() <= now) this.forget()
  }

  /** The moment at which it is idle again. */
  #full (): number {
    return this.#marks.reduce((full, mark) => Math.max(full, mark.value + (this.#sends - mark.at) * this.interval), 0)
  }

  /** One mark in place of all: idle again at `full`. */
  #mark (full: number): void {
    this.#marks = full > 0 ? [{ value: full, at: this.#sends }] : []
  }

  /** A mark below a later one can never decide again. */
  #add (mark: { value: number, at: number }): void {
    const level = (one: { value: number, at: number }): number => one.value - one.at * this.interval
    this.#marks = this.#marks.filter(other => level(other) > level(mark))
    this.#marks.push(mark)
  }
}
