/** Seeded randomness: a round is repeated exactly by its seed. */
export interface Random {
  /** In [0, 1). */
  next: () => number
  /** A whole number from `low` to `high`, both included. */
  int: (low: number, high: number) => number
  /** As `int`, but as often between 1 and 10 as between 100 and 1,000. */
  logInt: (low: number, high: number) => number
  chance: (share: number) => boolean
  pick: <Item>(items: readonly Item[]) => Item
  /** A whole number, exponentially distributed: the gap of a Poisson process. */
  gap: (mean: number) => number
  /** A new generator, seeded by this one. */
  fork: () => Random
}

/** mulberry32: small, fast and good enough to shuffle events. */
export function createRandom (seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6D2B79F5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1))
  return {
    next,
    int,
    logInt: (low, high) => Math.min(high, Math.floor(low * ((high + 1) / low) ** next())),
    chance: share => next() < share,
    pick: items => {
      const item = items[int(0, items.length - 1)]
      if (item === undefined) throw new RangeError('nothing to pick from')
      return item
    },
    gap: mean => Math.round(-Math.log(1 - next()) * mean),
    fork: () => createRandom(next() * 2 ** 32)
  }
}

/** Picks 0 to `count - 1`, the first most often: weight of the n-th is 1 / n^skew. */
export function createZipf (count: number, skew: number): { draw: (random: Random) => number, largestShare: number } {
  const sums: number[] = []
  let sum = 0
  for (let rank = 1; rank <= count; rank++) sums.push(sum += rank ** -skew)
  return {
    largestShare: 1 / sum,
    draw (random) {
      const aim = random.next() * sum
      let low = 0
      let high = count - 1
      while (low < high) {
        const middle = (low + high) >> 1
        if ((sums[middle] ?? 0) > aim) high = middle
        else low = middle + 1
      }
      return low
    }
  }
}
