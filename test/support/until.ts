import { setTimeout as sleep } from 'node:timers/promises'

type Truthy<Value> = Exclude<Value, null | undefined | false | 0 | ''>

/**
 * Calls `ask` repeatedly until it returns something truthy, and returns that. Tests wait by the clock only here, because what
 * they wait for happens in another process or behind a timer of the gateway.
 */
export async function until<Value> (what: string, ask: () => Value | Promise<Value>, withinMs = 10_000): Promise<Truthy<Value>> {
  const deadline = performance.now() + withinMs
  for (let times = 0; ; times++) {
    const found = await ask()
    if (found !== null && found !== undefined && found !== false && found !== 0 && found !== '') return found as Truthy<Value>
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`)
    // The interval grows, because polling uses the same cores as what is waited for.
    await sleep(Math.min(50, 5 + times))
  }
}

/** Lets real time pass, for tests of a schedule or of something that must not happen. */
export async function pass (ms: number): Promise<void> {
  await sleep(ms)
}

/** Runs `work` for each item, at most `atOnce` at a time; returns the results in the order of the items. */
export async function each<Item, Result> (
  items: readonly Item[],
  atOnce: number,
  work: (item: Item, i: number) => Promise<Result>
): Promise<Result[]> {
  const results: Result[] = []
  const entries = items.entries()
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, async () => {
    for (const [i, item] of entries) results[i] = await work(item, i)
  }))
  return results
}
