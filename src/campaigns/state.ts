import type { CloseDeps } from '../drain/close.js'
import { forAll, inIsolation } from '../parallel.js'
import { releaseSuspended } from '../recovery/release-suspended.js'
import type { Store } from '../redis/store.js'
import { isUnavailable, reportError } from '../redis/unavailable.js'

/** What operators do with a campaign; `finished` follows from its counts. */
export type CampaignState = 'running' | 'paused' | 'cancelled' | 'finished'

/** The counts of a campaign over its senders. Times in ms since the epoch. */
export interface Campaign {
  name: string
  state: CampaignState
  /** Those that have messages of it. */
  senders: string[]
  accepted: number
  waiting: number
  inFlight: number
  sent: number
  delivered: number
  read: number
  failed: number
  cancelled: number
  expired: number
  /** The failed ones by code, the largest first. */
  failures: Array<{ code: string, count: number }>
  /** Messages that attempts ended, over the last ten seconds. */
  ratePerSecond: number
  /** Null where no end is known. */
  expectedEndAt: number | null
  startedAt: number
  lastAt: number
}

/** Senders that are asked at once. */
const CONCURRENCY = 50
const SPAN_MS = 10_000

/** Every campaign, or the one with this name, the latest first. `unavailable`: senders whose server does not respond, which are left out. */
export async function readCampaigns (
  store: Store, senders: readonly string[], name = ''
): Promise<{ campaigns: Campaign[], unavailable: string[] }> {
  const unavailable: string[] = []
  const parts = await inIsolation(senders, CONCURRENCY, async sender => {
    const { nowMs, found } = await store.run('inspect-campaigns', { sender }, { campaign: name })
    return found.map(({ name, entry, inFlight }) => partOf(sender, { name, entry, inFlight, nowMs }))
  }, (error, sender) => {
    if (!isUnavailable(error)) throw error
    unavailable.push(sender)
  })
  const byName = new Map<string, Part[]>()
  for (const part of parts.flat()) byName.set(part.name, [...byName.get(part.name) ?? [], part])
  const campaigns = [...byName.values()].map(sumOf).sort((a, b) => b.lastAt - a.lastAt || (a.name < b.name ? -1 : 1))
  return { campaigns, unavailable: unavailable.sort() }
}

type Part = Omit<Campaign, 'state' | 'failures' | 'expectedEndAt'> & { state: string, codes: Array<[code: string, count: number]>, nowMs: number }

/** Reads an entry of `campaigns`; lua/include/campaign.lua writes it. */
function partOf (sender: string, { name, entry, inFlight, nowMs }: { name: string, entry: string, inFlight: number, nowMs: number }): Part {
  const [state = '', ...words] = entry.split(' ')
  const numbers = words.slice(0, 12).map(Number)
  const [startedAt = 0, lastAt = 0, accepted = 0, sent = 0, delivered = 0, read = 0, failed = 0, cancelled = 0, expired = 0, ...recent] = numbers
  const codes = words.slice(12).map((word): [string, number] => {
    const at = word.lastIndexOf('=')
    return [word.slice(0, at), Number(word.slice(at + 1))]
  })
  const unsettled = accepted - sent - failed - cancelled - expired
  return {
    name,
    state,
    senders: [sender],
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
    ratePerSecond: rateOf(recent, nowMs),
    startedAt,
    lastAt,
    nowMs
  }
}

/** Of the last ten seconds: all of this span, and of the one before it the part that is not older. */
function rateOf ([span = 0, count = 0, former = 0]: number[], nowMs: number): number {
  const now = Math.floor(nowMs / SPAN_MS)
  const left = 1 - (nowMs % SPAN_MS) / SPAN_MS
  const counted = span >= now ? count + former * left : span === now - 1 ? count * left : 0
  return Math.round(counted / (SPAN_MS / 1000) * 10) / 10
}

const counts = ['accepted', 'waiting', 'inFlight', 'sent', 'delivered', 'read', 'failed', 'cancelled', 'expired', 'ratePerSecond'] as const
type Sums = Record<typeof counts[number], number>

function sumOf (parts: Part[]): Campaign {
  const [{ name } = { name: '' }] = parts
  const sums = Object.fromEntries(counts.map(count => [count, parts.reduce((sum, part) => sum + part[count], 0)])) as Sums
  const codes = new Map<string, number>()
  for (const [code, count] of parts.flatMap(part => part.codes)) codes.set(code, (codes.get(code) ?? 0) + count)
  const state = stateOf(parts, sums)
  const { waiting, inFlight, ratePerSecond } = sums
  const leftMs = state === 'running' && waiting + inFlight > 0 && ratePerSecond > 0 ? (waiting + inFlight) / ratePerSecond * 1000 : null
  const nowMs = Math.max(...parts.map(part => part.nowMs))
  return {
    name,
    state,
    senders: parts.flatMap(({ senders, accepted }) => accepted > 0 ? senders : []).sort(),
    ...sums,
    failures: [...codes].map(([code, count]) => ({ code, count })).sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1)),
    expectedEndAt: leftMs === null ? null : Math.round(nowMs + leftMs),
    startedAt: Math.min(...parts.map(part => part.startedAt)),
    lastAt: Math.max(...parts.map(part => part.lastAt))
  }
}

function stateOf (parts: Part[], { accepted, waiting, inFlight }: Sums): CampaignState {
  if (parts.some(({ state }) => state === 'cancelled')) return 'cancelled'
  if (parts.some(({ state }) => state === 'paused')) return 'paused'
  return accepted > 0 && waiting + inFlight === 0 ? 'finished' : 'running'
}

/** Writes the state at these senders, at all of them even if one fails. A cancelled campaign stays so. */
export async function writeCampaign (
  store: Store, senders: readonly string[], campaign: string, state: 'running' | 'paused' | 'cancelled'
): Promise<void> {
  await forAll(senders, CONCURRENCY, async sender => await store.run('set-campaign', { sender }, { campaign, state }))
}

/** Senders whose messages are released at once. */
const RELEASED_AT_ONCE = 10

/** Resumes a paused campaign. Its messages return to their queues in the background; what a node leaves undone housekeeping finishes. */
export async function resumeCampaign (deps: CloseDeps, senders: readonly string[], campaign: string): Promise<void> {
  await writeCampaign(deps.store, senders, campaign, 'running')
  forAll(senders, RELEASED_AT_ONCE, async sender => await releaseSuspended(deps, sender)).catch(error => {
    reportError(deps.events, `release of campaign ${campaign}`, error)
  })
}
