/**
 * A bucket by its closed form. The n-th send after a send at `m` may come `(n − burst) × interval + interval` after it, for
 * every `m` there was: so the earliest next one is the largest of `m + (sends since and with m) × interval`, less what the burst
 * lets through. No arrival time is carried from send to send.
 */
export class Bucket {
  readonly interval: number
  readonly burst: number
  #sends = 0
  #marks: Array<{ value: number, at: number }> = []
  /** The marks of before the last send, and of that send, whatever is removed afterwards. */
  #kept: Array<{ value: number, at: number }> = []

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
    this.#add({ value: at, at: this.#sends })
    this.#sends++
    this.#kept = [...this.#marks]
  }

  /** The last send turned out to have started as late as `at`. */
  startedAt (at: number): void {
    for (const mark of this.#kept) {
      if (!this.#marks.includes(mark)) this.#marks.push(mark)
    }
    this.#add({ value: at, at: this.#sends - 1 })
  }

  coolDown (until: number): void {
    this.#add({ value: until + (this.burst - 1) * this.interval, at: this.#sends })
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

  /** A mark below a later one can never decide again. */
  #add (mark: { value: number, at: number }): void {
    const level = (one: { value: number, at: number }): number => one.value - one.at * this.interval
    this.#marks = this.#marks.filter(other => level(other) > level(mark))
    this.#marks.push(mark)
  }
}
