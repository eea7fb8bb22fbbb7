/**
 * How the search for WhatsApp's limit does against limits of several kinds: `node --import=tsx test/property/ceilings.ts`. The limit changes
 * every three minutes; the figures are those from one minute after each change. The search is the observer's (rate-book.ts), which the limiter's
 * proof compares with the scripts.
 */
import { pathToFileURL } from 'node:url'
import { createRandom, type Random } from './random.js'
import { RateBook } from './rate-book.js'

/** Whether WhatsApp accepts a message at `now` (s) under a limit per second. */
type Provider = (now: number, limit: number) => boolean
/** What the sender does: a search, or a constant rate. */
interface Pace {
  bucket: [interval: number, burst: number]
  rejected: (now: number, grantedAt: number, coolUs: number) => number
  accepted: (now: number, grantedAt: number) => void
}

export interface Figures {
  limit: number
  /** Accepted messages per second, and rejected ones of all, from one minute after the change. */
  perSecond: number
  rejectedShare: number
  /** Rejected messages since the change. */
  rejected: number
}

const PHASE = 180
/** Odd numbers, for a median. */
const RUNS = 3
const MORE_RUNS = 15
const SETTLED = 60

/** A token bucket that holds the messages of so many seconds. */
const tokens = (seconds: number) => (): Provider => {
  let left = Infinity
  let last = 0
  return (now, limit) => {
    left = Math.min(Math.max(1, limit * seconds), left + (now - last) * limit)
    last = now
    if (left < 1) return false
    left--
    return true
  }
}

/** So many in each second of the clock. */
const fixedSecond = (): Provider => {
  let second = -1
  let count = 0
  return (now, limit) => {
    if (Math.floor(now) !== second) [second, count] = [Math.floor(now), 0]
    return ++count <= limit
  }
}

/** So many in any second. */
const slidingSecond = (): Provider => {
  let times: number[] = []
  return (now, limit) => {
    times = times.length > 3000 ? times.slice(-1500) : times
    const before = times.at(-limit)
    if (before !== undefined && before > now - 1) return false
    times.push(now)
    return true
  }
}

export const providers: Record<string, () => Provider> = {
  'bucket of 0.1 s': tokens(0.1),
  'bucket of 0.25 s': tokens(0.25),
  'bucket of 1 s': tokens(1),
  'bucket of 3 s': tokens(3),
  'seconds of the clock': fixedSecond,
  'any second': slidingSecond
}

/** Rules, and the limits that follow each other. */
export const histories: Array<{ rule: number, limits: number[] }> = [
  { rule: 80, limits: [80, 20, 80] },
  { rule: 1000, limits: [20, 80, 1000, 20, 1000, 80, 20] },
  { rule: 1000, limits: [1000, 20, 20, 20, 80, 80, 80] }
]

/** No sliding second may hold more than the rule. */
function bucketOf (perSecond: number): [interval: number, burst: number] {
  const burst = Math.max(1, Math.floor(perSecond / 40))
  return [Math.ceil(1e6 / (perSecond - burst + 1)), burst]
}

interface Event { at: number, grantedAt: number, accepted?: boolean }

/** Sends without a break. Each grant reaches WhatsApp after 30 to 45 ms, and the response comes 20 to 100 ms later. */
export function play (pace: Pace, limits: readonly number[], accepts: Provider, random: Random): Figures[] {
  const sums = limits.map(limit => ({ limit, sent: 0, late: 0, lateRejected: 0, rejected: 0 }))
  const requests: Event[] = []
  const responses: Event[] = []
  let tat = 0
  let now = 0
  while (now < limits.length * PHASE * 1e6) {
    const [interval, burst] = pace.bucket
    const [request, response] = [requests[0], responses[0]]
    const granted = Math.max(now, tat - (burst - 1) * interval)
    if (Math.min(request?.at ?? Infinity, response?.at ?? Infinity) > granted) {
      now = granted
      tat = Math.max(tat, now) + interval
      insert(requests, { at: now + 30_000 + random.int(0, 15_000), grantedAt: now })
    } else if (request !== undefined && request.at <= (response?.at ?? Infinity)) {
      now = request.at
      requests.shift()
      const phase = Math.min(limits.length - 1, Math.floor(now / 1e6 / PHASE))
      const accepted = accepts(now / 1e6, limits[phase] ?? 0)
      count(sums[phase], accepted, now / 1e6 - phase * PHASE)
      insert(responses, { ...request, at: now + random.int(20_000, 100_000), accepted })
    } else if (response !== undefined) {
      now = response.at
      responses.shift()
      if (response.accepted === true) pace.accepted(now, response.grantedAt)
      else {
        const coolUs = pace.rejected(now, response.grantedAt, 1_000_000)
        const [slower, fewer] = pace.bucket
        tat = Math.max(tat, now + coolUs + (fewer - 1) * slower)
      }
    }
  }
  return sums.map(({ limit, late, lateRejected, rejected }) => ({
    limit, rejected, perSecond: (late - lateRejected) / (PHASE - SETTLED), rejectedShare: lateRejected / late
  }))
}

function count (sum: { late: number, lateRejected: number, rejected: number } | undefined, accepted: boolean, second: number): void {
  if (sum === undefined) return
  if (!accepted) sum.rejected++
  if (second < SETTLED) return
  sum.late++
  if (!accepted) sum.lateRejected++
}

function insert (events: Event[], event: Event): void {
  let at = events.length
  while (at > 0 && (events[at - 1]?.at ?? 0) > event.at) at--
  events.splice(at, 0, event)
}

/** What a sender gets that knows the limit: the highest of the constant rates, in steps of 1 %, of which fewer than 1 message in 200 is rejected. */
export function bestRate (rule: number, limit: number, create: () => Provider): number {
  const [interval, burst] = bucketOf(rule)
  for (let percent = 101; percent > 80; percent--) {
    const slower = Math.max(interval, Math.ceil(1e8 / limit / percent))
    const bucket: [number, number] = [slower, Math.floor((burst - 1) * interval / slower) + 1]
    const pace = { bucket, rejected: () => 0, accepted: () => {} }
    const [figures] = play(pace, [limit], create(), createRandom(3))
    if (figures !== undefined && figures.rejectedShare < 1 / 200) return figures.perSecond
  }
  throw new TypeError('every rate is rejected')
}

/** What the sender does at a limit of a history: the figures of each run, and the medians. */
export interface Judged { limit: number, shares: number[], rejectedShares: number[], share: number, rejectedShare: number, rejected: number }

/** The goal: within 5 % of the best rate, and fewer than 1 in 200 rejected. */
const isReached = (share: number, rejectedShare: number): boolean => share >= 0.95 && rejectedShare < 1 / 200

/**
 * The share of the best rate, and the share of rejected messages, for each limit of a history. A limit that is met a dozen times in one run gives no
 * figure to the half of a percent: where a run misses the goal, there are as many more as the median needs to say whether most of them do.
 */
export function judgeHistory (
  name: string, { rule, limits }: { rule: number, limits: number[] }, seed: number, best: (limit: number) => number
): Judged[] {
  const create = providers[name]
  if (create === undefined) throw new TypeError(`no provider ${name}`)
  const playAll = (from: number, to: number): Figures[][] =>
    Array.from({ length: to - from }, (_, run) => play(new RateBook(bucketOf(rule)), limits, create(), createRandom(seed + from + run)))
  const few = playAll(0, RUNS)
  const isClear = few.every(run => run.every(({ limit, perSecond, rejectedShare }) => isReached(perSecond / best(limit), rejectedShare)))
  const runs = isClear ? few : [...few, ...playAll(RUNS, MORE_RUNS)]
  return limits.map((limit, i) => {
    const of = (name: 'perSecond' | 'rejectedShare' | 'rejected'): number[] => runs.map(run => run[i]?.[name] ?? 0)
    const [shares, rejectedShares] = [of('perSecond').map(perSecond => perSecond / best(limit)), of('rejectedShare')]
    return { limit, shares, rejectedShares, share: median(shares), rejectedShare: median(rejectedShares), rejected: median(of('rejected')) }
  })
}

function median (values: number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
}

export function * judgeAll (seed: number): Generator<{ name: string, rule: number, figures: ReturnType<typeof judgeHistory> }> {
  for (const [name, create] of Object.entries(providers)) {
    const known = new Map<string, number>()
    for (const history of histories) {
      const best = (limit: number): number => {
        const key = `${history.rule} ${limit}`
        const rate = known.get(key) ?? bestRate(history.rule, limit, create)
        known.set(key, rate)
        return rate
      }
      yield { name, rule: history.rule, figures: judgeHistory(name, history, seed, best) }
    }
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const { name, rule, figures } of judgeAll(Number(process.argv[2] ?? 1))) {
    const cells = figures.map(({ limit, share, rejectedShare, rejected }) =>
      `${limit}: ${(100 * share).toFixed(1)} %, ${rejectedShare === 0 ? 'none' : `1 in ${Math.round(1 / rejectedShare)}`} (${Math.round(rejected)})`)
    process.stdout.write(`${name.padEnd(20)} rule ${String(rule).padEnd(4)} ${cells.join('; ')}\n`)
  }
}
