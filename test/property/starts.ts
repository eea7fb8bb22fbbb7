import type { Rules } from './history.js'

type PairRule = Pick<Rules, 'pairIntervalMs' | 'pairBurst'>

/** A difference of numbers of messages that is one of rounding. */
const ROUNDING = 1e-8

/**
 * The provider's limit: the starts of one pair. Of any starts in a row, a burst and one for each interval between the first and the last may
 * start. With burst 1 neighbours are an interval apart. Over a change of rules each part of the time counts by the interval in force in it,
 * and the largest burst of the time counts.
 */
export class Starts {
  readonly #rules: Array<PairRule & { from: number, intervals: number }>
  readonly #pairs = new Map<string, number[]>()

  constructor (rules: PairRule) {
    this.#rules = [{ ...rules, from: 1_800_000_000_000_000, intervals: 0 }]
  }

  change (rules: PairRule, at: number): void {
    this.#rules.push({ pairIntervalMs: rules.pairIntervalMs, pairBurst: rules.pairBurst, from: at, intervals: this.#intervals(at) })
  }

  /** By how many µs this start came too early; 0 for in time. */
  see (recipient: string, at: number): number {
    const starts = this.#pairs.get(recipient) ?? []
    this.#pairs.set(recipient, starts)
    starts.push(at)
    const [until, interval] = [this.#intervals(at), this.#at(at).pairIntervalMs * 1000]
    let early = 0
    starts.forEach((from, index) => {
      const missing = starts.length - index - this.#largestBurst(from) - (until - this.#intervals(from))
      if (missing > ROUNDING) early = Math.max(early, missing * interval)
    })
    return early
  }

  /** An operator exempted the pair: what went before does not count. */
  exempt (recipient: string): void {
    this.#pairs.delete(recipient)
  }

  #at (moment: number): PairRule & { from: number, intervals: number } {
    return this.#rules.findLast(({ from }) => from <= moment) as PairRule & { from: number, intervals: number }
  }

  /** How many intervals have passed since the beginning of the round. */
  #intervals (at: number): number {
    const { from, intervals, pairIntervalMs } = this.#at(at)
    return intervals + (at - from) / (pairIntervalMs * 1000)
  }

  #largestBurst (since: number): number {
    return Math.max(this.#at(since).pairBurst, ...this.#rules.filter(({ from }) => from > since).map(({ pairBurst }) => pairBurst))
  }
}

/** Grants of a sender in any sliding second. */
export class Seconds {
  #rate: number
  /** A rate that was in force until then. */
  #former: Array<{ rate: number, until: number }> = []
  readonly #grants: number[] = []
  #first = 0

  constructor (rate: number) {
    this.#rate = rate
  }

  change (rate: number, at: number): void {
    this.#former.push({ rate: this.#rate, until: at })
    this.#rate = rate
  }

  /** Whether this grant is one more within a second than the rate allows. */
  see (at: number): boolean {
    this.#grants.push(at)
    while ((this.#grants[this.#first] ?? at) <= at - 1_000_000) this.#first++
    this.#former = this.#former.filter(({ until }) => until > at - 1_000_000)
    return this.#grants.length - this.#first > Math.max(this.#rate, ...this.#former.map(({ rate }) => rate))
  }
}
