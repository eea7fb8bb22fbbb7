/** Runs `work` for each item, at most `concurrency` at a time. Results are in the order of the items. Rejects with the first error. */
export async function inParallel<Item, Result> (
  items: readonly Item[], concurrency: number, work: (item: Item) => Promise<Result>
): Promise<Result[]> {
  const results: Result[] = []
  const entries = items.entries()
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, async () => {
    for (const [index, item] of entries) results[index] = await work(item)
  }))
  return results
}

/** Runs work as soon as the limit allows. */
export type Gate = <Result>(work: () => Promise<Result>) => Promise<Result>

/** A semaphore: at most `concurrency` pieces of work run at once, over all callers, first in, first out. */
export function createGate (concurrency: number): Gate {
  const waiting: Array<() => void> = []
  let free = concurrency
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
