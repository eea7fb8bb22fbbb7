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

/**
 * Like `inParallel`, but an error of one item stops no other: `onError` gets it, and the results do not include that item. For work on many
 * senders: in a cluster some of them may be on a server that is down.
 */
export async function inIsolation<Item, Result> (
  items: readonly Item[], concurrency: number, work: (item: Item) => Promise<Result>, onError: (error: unknown, item: Item) => void
): Promise<Result[]> {
  const results = await inParallel(items, concurrency, async item => {
    try {
      return [await work(item)]
    } catch (error) {
      onError(error, item)
      return []
    }
  })
  return results.flat(1) as Result[]
}

/** Runs `work` for every item, and then throws the first error, if there was one. */
export async function forAll<Item> (items: readonly Item[], concurrency: number, work: (item: Item) => Promise<unknown>): Promise<void> {
  const errors: unknown[] = []
  await inIsolation(items, concurrency, work, error => errors.push(error))
  if (errors.length > 0) throw errors[0]
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

/** The value of the promise, or null if it takes longer than `ms`. */
export async function within<Value> (ms: number, promise: Promise<Value>): Promise<Value | null> {
  let timer
  const timeout = new Promise<null>(resolve => { timer = setTimeout(resolve, ms, null).unref() })
  try {
    return await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
  }
}
