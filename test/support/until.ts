import { setTimeout as sleep } from 'node:timers/promises'

type Truthy<Value> = Exclude<Value, null | undefined | false | 0 | ''>

/**
 * Asks again and again until the answer is something, and returns it. The one place where a test waits by the clock: what
 * is waited for happens in another process or behind a timer of the gateway's own.
 */
export async function until<Value> (what: string, ask: () => Value | Promise<Value>, withinMs = 10_000): Promise<Truthy<Value>> {
  const deadline = performance.now() + withinMs
  for (let times = 0; ; times++) {
    const found = await ask()
    if (found !== null && found !== undefined && found !== false && found !== 0 && found !== '') return found as Truthy<Value>
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`)
    // What takes long may take a little longer: asking costs the same cores as what is waited for.
    await sleep(Math.min(50, 5 + times))
  }
}

/** Lets real time pass, where what is tested is a timetable or that something does not happen. */
export async function pass (ms: number): Promise<void> {
  await sleep(ms)
}

/** Runs `work` for each item, at most `atOnce` of them at a time; the answers in the order of the items. */
export async function each<Item, Result> (items: readonly Item[], atOnce: number, work: (item: Item, at: number) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  const entries = items.entries()
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, async () => {
    for (const [at, item] of entries) results[at] = await work(item, at)
  }))
  return results
}
