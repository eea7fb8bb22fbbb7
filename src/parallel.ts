/** Runs `work` for each item, at most `atOnce` at a time; the answers in the order of the items. Rejects with the first error. */
export async function inParallel<Item, Result> (items: readonly Item[], atOnce: number, work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  const entries = items.entries()
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, async () => {
    for (const [at, item] of entries) results[at] = await work(item)
  }))
  return results
}
