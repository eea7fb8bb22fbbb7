import type { Rules } from './history.js'

/**
 * The provider's limit: the starts of one pair. For burst `b` and interval `i`, the n-th start after a
 * start has to come at least `(n − (b − 1)) × i` after it, for every two starts; so any `b + 1` in a row span at least `i`,
 * and with `b` 1 neighbours are `i` apart. Written with `moment − number × i`, the latest of all former starts decides.
 */
export class Starts {
  readonly #rules: Rules
  readonly #pairs = new Map<string, { count: number, latest: number }>()

  constructor (rules: Rules) {
    this.#rules = rules
  }

  /** By how many µs this start came too early; 0 for in time. */
  see (recipient: string, at: number): number {
    const interval = this.#rules.pairIntervalMs * 1000
    const pair = this.#pairs.get(recipient) ?? { count: 0, latest: -Infinity }
    const number = pair.count++
    const early = pair.latest + (number - (this.#rules.pairBurst - 1)) * interval - at
    pair.latest = Math.max(pair.latest, at - number * interval)
    this.#pairs.set(recipient, pair)
    return Math.max(0, early)
  }

  /** An operator exempted the pair: what went before does not count. */
  exempt (recipient: string): void {
    this.#pairs.delete(recipient)
  }
}

/** Grants of a sender in any sliding second. */
export class Seconds {
  readonly #rate: number
  readonly #grants: number[] = []
  #first = 0

  constructor (rate: number) {
    this.#rate = rate
  }

  /** Whether this grant is one more within a second than the rate allows. */
  see (at: number): boolean {
    this.#grants.push(at)
    while ((this.#grants[this.#first] ?? at) <= at - 1_000_000) this.#first++
    return this.#grants.length - this.#first > this.#rate
  }
}
