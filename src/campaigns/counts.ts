/** Counts of messages by name, of campaigns and callers: an entry for each sender, and their sums. */

const names = ['accepted', 'waiting', 'inFlight', 'sent', 'delivered', 'read', 'failed', 'cancelled', 'expired', 'ratePerSecond'] as const
/** `ratePerSecond`: messages that attempts ended, over the last ten seconds. */
export type Sums = Record<typeof names[number], number>

/** The counts of a name at one sender. Times in ms since the epoch. */
export interface Entry extends Sums {
  sender: string
  /** The state of a campaign. */
  state: string
  /** The failed ones by code. */
  codes: Array<[code: string, count: number]>
  startedAt: number
  lastAt: number
  /** When the last one was accepted; 0 for none. */
  acceptedAt: number
}

const SPAN_MS = 10_000

/** Reads an entry of `campaigns`; lua/include/counts.lua writes it. */
export function readEntry (sender: string, { entry, inFlight }: { entry: string, inFlight: number }, nowMs: number): Entry {
  const [state = '', ...words] = entry.split(' ')
  const numbers = words.slice(0, 13).map(Number)
  const [startedAt = 0, lastAt = 0, accepted = 0, sent = 0, delivered = 0, read = 0, failed = 0, cancelled = 0, expired = 0] = numbers
  const codes = words.slice(13).map((word): [string, number] => {
    const at = word.lastIndexOf('=')
    return [word.slice(0, at), Number(word.slice(at + 1))]
  })
  const unsettled = accepted - sent - failed - cancelled - expired
  return {
    sender,
    state,
    accepted,
    waiting: unsettled - inFlight,
    inFlight,
    sent,
    delivered,
    read,
    failed,
    cancelled,
    expired,
    codes,
    ratePerSecond: rateOf(numbers.slice(9, 12), nowMs),
    startedAt,
    lastAt,
    acceptedAt: numbers[12] ?? 0
  }
}

/** Of the last ten seconds: all of this span, and of the one before it the part that is not older. */
function rateOf ([span = 0, count = 0, former = 0]: number[], nowMs: number): number {
  const now = Math.floor(nowMs / SPAN_MS)
  const left = 1 - (nowMs % SPAN_MS) / SPAN_MS
  const counted = span >= now ? count + former * left : span === now - 1 ? count * left : 0
  return Math.round(counted / (SPAN_MS / 1000) * 10) / 10
}

export function sumsOf (entries: readonly Entry[]): Sums {
  return Object.fromEntries(names.map(name => [name, entries.reduce((sum, entry) => sum + entry[name], 0)])) as Sums
}

/** The failed ones by code, the largest first. */
export function failuresOf (entries: readonly Entry[]): Array<{ code: string, count: number }> {
  const codes = new Map<string, number>()
  for (const [code, count] of entries.flatMap(({ codes }) => codes)) codes.set(code, (codes.get(code) ?? 0) + count)
  return [...codes].map(([code, count]) => ({ code, count })).sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1))
}

/** Senders with messages under this name. */
export function sendersOf (entries: readonly Entry[]): string[] {
  return entries.flatMap(({ sender, accepted }) => accepted > 0 ? [sender] : []).sort()
}
