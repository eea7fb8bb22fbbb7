/**
 * When gateway processes started their requests, by their own records (`test/crash/preload.mjs`). A sandbox process that was delayed
 * sees the requests of that time arrive together; the record of a start does not depend on the observer.
 */
import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import type { ObservedSend } from '../prove/history.js'
import type { Seen } from '../sandbox/support.js'

export interface Written {
  /** Environment variables for the gateways. */
  env: Record<string, string>
  /** The least time between two starts of a pair, ms, and the most starts in any second, of all arrivals. */
  read: (arrivals: Seen[]) => { leastSpacing: number, mostPerSecond: number }
}

export function watchWritten (t: Pick<Test, 'testdir'>): Written {
  const file = `${t.testdir({ watch: '' })}/watch`
  return {
    env: { WATCH_FILE: file, NODE_OPTIONS: `--import=${new URL('../crash/preload.mjs', import.meta.url).href}` },
    read (arrivals) {
      const recipients = new Map(arrivals.map(({ opaque, recipient }) => [opaque, recipient]))
      const starts = readFileSync(file, 'utf8').split('\n').filter(line => line !== '').map(line => JSON.parse(line) as ObservedSend)
        .flatMap(one => one.fact === 'checked' ? [one] : []).sort((a, b) => a.at - b.at)
      const last = new Map<string, number>()
      let [leastSpacing, mostPerSecond, from] = [Infinity, 0, 0]
      for (const [to, { opaque, at, from: earliest = at }] of starts.entries()) {
        const recipient = recipients.get(opaque) ?? opaque
        leastSpacing = Math.min(leastSpacing, at - (last.get(recipient) ?? -Infinity))
        last.set(recipient, earliest)
        while (at - (starts[from]?.from ?? at) >= 1000) from++
        mostPerSecond = Math.max(mostPerSecond, to - from + 1)
      }
      return { leastSpacing, mostPerSecond }
    }
  }
}
