/** Rates are in messages per 1000 s, times in µs. */
interface Search {
  phase: 'climb' | 'hold' | 'probe'
  rate: number
  /** When the rate changed last, or its step began again. */
  since: number
  /** Attempts that were accepted since. */
  accepted: number
  /** The last rejection that counted, and whether it came after a quiet time. */
  cutAt: number
  mild: boolean
  /** How long the rate is held before it is probed. */
  holdUs: number
  /** Where a climb begins, and the rate that it ends with. */
  from: number
  rest: number
  /** The rates of this probe, the resting one first. */
  steps: number[]
}

const S = 1_000_000
const HOLD = 30 * S
const STEP = 1.5 * S
/** How long the rule has to hold until the search ends. */
const SURE = 120 * S
const LEAST = 1000

/**
 * The sender rate that WhatsApp's rejections leave of the rule, by its description in decision 0099: what the observer expects, from the outcomes
 * that it saw.
 */
export class RateBook {
  #rule: [interval: number, burst: number]
  #search: Search | null = null

  constructor (rule: [interval: number, burst: number]) {
    this.#rule = rule
  }

  /** Interval and burst in force: the burst of a reduced rate spans no more time than the rule's. */
  get bucket (): [interval: number, burst: number] {
    const [interval, burst] = this.#rule
    if (this.#search === null || this.#search.rate >= this.#most) return this.#rule
    const slower = Math.ceil(1e9 / this.#search.rate)
    return [slower, Math.floor((burst - 1) * interval / slower) + 1]
  }

  get isReduced (): boolean { return this.#search !== null }

  change (rule: [interval: number, burst: number]): void {
    this.#rule = rule
    const search = this.#search
    if (search === null) return
    if (search.rate >= this.#most) this.#search = null
    else Object.assign(search, { rest: Math.min(search.rest, this.#most), steps: search.steps.map(step => Math.min(step, this.#most)) })
  }

  forget (): void { this.#search = null }

  /** A rejection for the rate, of an attempt granted at `grantedAt`. Returns how long the sender rate cools down. */
  rejected (now: number, grantedAt: number, coolUs: number): number {
    const last = this.#search
    const shortened = coolUs <= S ? 0.25 * S : coolUs
    if (last !== null && grantedAt <= last.cutAt) return last.mild ? shortened : coolUs
    if (now - grantedAt > 60 * S) return coolUs
    const mild = last !== null && now - last.cutAt > 10 * S
    const rate = last?.rate ?? this.#most
    const next = { since: now, accepted: 0, cutAt: now, mild, holdUs: HOLD, from: 0, steps: [] }
    if (mild && last.phase === 'probe') {
      const resting = last.steps[0] ?? 0
      const gained = last.steps.at(-3) ?? resting
      const rest = Math.max(resting, gained)
      this.#search = { ...next, phase: 'hold', rate: rest, rest, holdUs: gained > resting * 1.05 ? 2 * S : HOLD }
      return shortened
    }
    const least = Math.min(LEAST, this.#most)
    const rest = Math.max(least, Math.floor(rate * 0.97))
    const half = Math.max(least, Math.floor(rate * 0.5))
    this.#search = mild ? { ...next, phase: 'hold', rate: rest, rest } : { ...next, phase: 'climb', rate: half, from: half, rest }
    return mild ? shortened : coolUs
  }

  accepted (now: number, grantedAt: number): void {
    const search = this.#search
    if (search === null || grantedAt < search.since) return
    search.accepted++
    const took = now - search.since
    const isUsed = (us: number): boolean => search.accepted * 1e9 >= 0.7 * search.rate * us
    if (search.phase === 'climb') {
      const left = 1 - Math.min(1, Math.max(0, took - S) / (4 * S))
      search.rate = Math.floor(search.rest - (search.rest - search.from) * left ** 2)
      if (left === 0) Object.assign(search, { phase: 'hold', since: now, accepted: 0 })
    } else if (search.phase === 'hold') {
      if (took >= search.holdUs && isUsed(search.holdUs)) this.#step({ ...search, phase: 'probe', steps: [search.rate] }, now)
    } else if (search.rate >= this.#most) {
      if (took >= SURE && isUsed(SURE)) this.#search = null
    } else if (took >= STEP) {
      if (isUsed(STEP)) this.#step(search, now)
      else Object.assign(search, { since: now, accepted: 0 })
    }
  }

  /** The first step is 2 %, each other one twice as many as the last, and at most 50 %. */
  #step (search: Search, now: number): void {
    const growth = Math.min(0.5, 0.02 * 2 ** (search.steps.length - 1))
    const rate = Math.min(this.#most, Math.floor(search.rate * (1 + growth)))
    this.#search = { ...search, rate, since: now, accepted: 0, steps: [...search.steps, rate] }
  }

  get #most (): number { return Math.floor(1e9 / this.#rule[0]) }
}
