import type { CloseDeps } from '../drain/close.js'
import { forAll, inIsolation } from '../parallel.js'
import { releaseSuspended } from '../recovery/release-suspended.js'
import type { Store } from '../redis/store.js'
import { isUnavailable, reportError } from '../redis/unavailable.js'
import { failuresOf, readEntry, sendersOf, sumsOf, type Entry, type Sums } from './counts.js'

/** What operators do with a campaign; `finished` follows from its counts. */
export type CampaignState = 'running' | 'paused' | 'cancelled' | 'finished'

/** The counts of a campaign over its senders. Times in ms since the epoch. */
export interface Campaign extends Sums {
  name: string
  state: CampaignState
  /** Those that have messages of it. */
  senders: string[]
  /** The failed ones by code, the largest first. */
  failures: Array<{ code: string, count: number }>
  /** Null where no end is known. */
  expectedEndAt: number | null
  startedAt: number
  lastAt: number
}

/** Senders that are asked at once. */
const CONCURRENCY = 50

/** Every campaign, or the one with this name, the latest first. `unavailable`: senders whose server does not respond, which are left out. */
export async function readCampaigns (
  store: Store, senders: readonly string[], name = ''
): Promise<{ campaigns: Campaign[], unavailable: string[] }> {
  const unavailable: string[] = []
  const parts = await inIsolation(senders, CONCURRENCY, async sender => {
    const { nowMs, found } = await store.run('inspect-campaigns', { sender }, { campaign: name })
    return found.map((one): Part => ({ name: one.name, nowMs, entry: readEntry(sender, one, nowMs) }))
  }, (error, sender) => {
    if (!isUnavailable(error)) throw error
    unavailable.push(sender)
  })
  const byName = new Map<string, Part[]>()
  for (const part of parts.flat()) byName.set(part.name, [...byName.get(part.name) ?? [], part])
  const campaigns = [...byName.values()].map(sumOf).sort((a, b) => b.lastAt - a.lastAt || (a.name < b.name ? -1 : 1))
  return { campaigns, unavailable: unavailable.sort() }
}

interface Part { name: string, nowMs: number, entry: Entry }

function sumOf (parts: Part[]): Campaign {
  const [{ name } = { name: '' }] = parts
  const entries = parts.map(({ entry }) => entry)
  const sums = sumsOf(entries)
  const state = stateOf(entries, sums)
  const { waiting, inFlight, ratePerSecond } = sums
  const leftMs = state === 'running' && waiting + inFlight > 0 && ratePerSecond > 0 ? (waiting + inFlight) / ratePerSecond * 1000 : null
  const nowMs = Math.max(...parts.map(part => part.nowMs))
  return {
    name,
    state,
    senders: sendersOf(entries),
    ...sums,
    failures: failuresOf(entries),
    expectedEndAt: leftMs === null ? null : Math.round(nowMs + leftMs),
    startedAt: Math.min(...entries.map(({ startedAt }) => startedAt)),
    lastAt: Math.max(...entries.map(({ lastAt }) => lastAt))
  }
}

function stateOf (parts: Entry[], { accepted, waiting, inFlight }: Sums): CampaignState {
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
