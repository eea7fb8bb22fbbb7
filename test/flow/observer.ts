/** Measures the gateway's promises from the arrivals at the provider, independently of the implementation. */
import type { Seen } from '../sandbox/support.js'

export interface Observed {
  sends: number
  /** Least time between two sends to one recipient, ms. */
  leastSpacing: number
  /** Most sends in any second. */
  mostPerSecond: number
  /** Longest time without any send, ms. */
  longestSilence: number
  /** Texts that arrived more than once. */
  doubled: string[]
  /** First attempts that arrived before an older first attempt of the same recipient. */
  outOfOrder: string[]
  seconds: number
}

/** `arrivals` oldest first; a text is `<recipient>/<number>`, numbered in the order in which it was posted. */
export function observe (arrivals: Seen[]): Observed {
  const starts = arrivals.map(arrival => arrival.headersAt).sort((a, b) => a - b)
  const last = new Map<string, { at: number, number: number }>()
  const times = new Map<string, number>()
  const observed: Observed = {
    sends: arrivals.length,
    leastSpacing: Infinity,
    mostPerSecond: 0,
    longestSilence: 0,
    doubled: [],
    outOfOrder: [],
    seconds: ((starts.at(-1) ?? 0) - (starts[0] ?? 0)) / 1000
  }
  for (const arrival of [...arrivals].sort((a, b) => a.headersAt - b.headersAt)) {
    const text = arrival.body?.text?.body ?? ''
    const [recipient = '', number = ''] = text.split('/')
    const before = last.get(recipient)
    if (before !== undefined) observed.leastSpacing = Math.min(observed.leastSpacing, arrival.headersAt - before.at)
    const isFirstAttempt = arrival.opaque?.endsWith('.1') === true
    if (isFirstAttempt && Number(number) < (before?.number ?? 0)) observed.outOfOrder.push(text)
    last.set(recipient, { at: arrival.headersAt, number: isFirstAttempt ? Number(number) : before?.number ?? 0 })
    times.set(text, (times.get(text) ?? 0) + 1)
  }
  for (let from = 0, to = 0; to < starts.length; to++) {
    while ((starts[to] ?? 0) - (starts[from] ?? 0) >= 1000) from++
    observed.mostPerSecond = Math.max(observed.mostPerSecond, to - from + 1)
    if (to > 0) observed.longestSilence = Math.max(observed.longestSilence, (starts[to] ?? 0) - (starts[to - 1] ?? 0))
  }
  observed.doubled = [...times].filter(([, count]) => count > 1).map(([text]) => text)
  return observed
}
