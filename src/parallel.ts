/** Runs `work` for each item, at most `atOnce` at a time; the answers in the order of the items. Rejects with the first error. */
export async function inParallel<Item, Result> (items: readonly Item[], atOnce: number, work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  const entries = items.entries()
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, async () => {
    for (const [at, item] of entries) results[at] = await work(item)
  }))
  return results
}

/** Runs a piece of work when its turn has come. */
export type Gate = <Result>(work: () => Promise<Result>) => Promise<Result>

/** Lets at most so many pieces of work run at once, whoever asks, first come first served. */
export function createGate (atOnce: number): Gate {
  const waiting: Array<() => void> = []
  let free = atOnce
  return async work => {
    if (free > 0) free--
    else await new Promise<void>(resolve => { waiting.push(resolve) })
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free++
      else next()
    }
  }
}
