/** Until when a request without a conclusive response may still take effect. */
import { factsOf, type Fact } from './history.js'
import { WRITE_WITHIN_MS } from './model.js'

const calculated = new WeakMap<Fact[], (at: number) => number>()

/**
 * The latest moment at which something that a node was asked for until `at` takes effect: once every node has run, with Redis, for WRITE_WITHIN_MS.
 * A node that is frozen executes a request later, and a server that is frozen a command. What a node had when it ended never takes effect.
 */
export function effectiveBy (facts: Fact[]): (at: number) => number {
  const known = calculated.get(facts)
  if (known !== undefined) return known
  const troubles = factsOf(facts, 'trouble').filter(({ of }) => of === 'redis' || of === 'machine')
  const blocks = [...factsOf(facts, 'frozen'), ...troubles].sort((a, b) => a.from - b.from)
  const by = (at: number): number => {
    let from = at
    for (const block of blocks) {
      if (block.from - from >= WRITE_WITHIN_MS) break
      from = Math.max(from, block.to)
    }
    return from + WRITE_WITHIN_MS
  }
  calculated.set(facts, by)
  return by
}
