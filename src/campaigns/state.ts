import type { CloseDeps } from '../drain/close.js'
import { forAll, inIsolation } from '../parallel.js'
import { releaseSuspended } from '../recovery/release-suspended.js'
import type { Store } from '../redis/store.js'
import { isUnavailable, reportError } from '../redis/unavailable.js'
import { areSame, noPlan, planArguments, planError, plannedEnd, readPlan, type Plan, type PlanChange, type WrongPlan } from './plan.js'
import { failuresOf, readEntry, sendersOf, sumsOf, type Entry, type Sums } from './counts.js'

/** What operators do with a campaign; `finished` follows from its counts. */
export type CampaignState = 'running' | 'paused' | 'cancelled' | 'finished'

/** The counts of a campaign over its senders. Times in ms since the epoch. */
export interface Campaign extends Sums, Plan {
  name: string
  state: CampaignState
  /** Those that have messages of it. */
  senders: string[]
  /** The failed ones by code, the largest first. */
  failures: Array<{ code: string, count: number }>
  /** Of each sender, where they differ. */
  plans?: Array<Plan & { sender: string }>
  /** Null where no end is known. */
  expectedEndAt: number | null
  startedAt: number
  lastAt: number
}

/** Senders that are asked at once. */
const CONCURRENCY = 50
/** Campaigns that one script call reads. */
const PAGE = 500

/**
 * Every campaign, the one with this name, or those whose names begin with `prefix`, the latest first. `unavailable`: senders whose server does not
 * respond, which are left out.
 */
export async function readCampaigns (
  store: Store, senders: readonly string[], { name = '', prefix = '' }: { name?: string | undefined, prefix?: string | undefined } = {}
): Promise<{ campaigns: Campaign[], unavailable: string[] }> {
  const unavailable: string[] = []
  const parts = await inIsolation(senders, CONCURRENCY, async sender => {
    // By name: a page may repeat what another had.
    const own = new Map<string, Part>()
    let cursor = ''
    do {
      const page = await store.run('inspect-campaigns', { sender }, { campaign: name, prefix, cursor, limit: PAGE })
      const { nowMs } = page
      for (const one of page.found) own.set(one.name, { name: one.name, nowMs, entry: readEntry(sender, one, nowMs), plan: readPlan(one.plan) })
      cursor = page.cursor
    } while (cursor !== '0')
    return [...own.values()]
  }, (error, sender) => {
    if (!isUnavailable(error)) throw error
    unavailable.push(sender)
  })
  const byName = new Map<string, Part[]>()
  for (const part of parts.flat()) byName.set(part.name, [...byName.get(part.name) ?? [], part])
  const campaigns = [...byName.values()].map(sumOf).sort((a, b) => b.lastAt - a.lastAt || (a.name < b.name ? -1 : 1))
  return { campaigns, unavailable: unavailable.sort() }
}

interface Part { name: string, nowMs: number, entry: Entry, plan: Plan }

function sumOf (parts: Part[]): Campaign {
  const [{ name } = { name: '' }] = parts
  const entries = parts.map(({ entry }) => entry)
  const sums = sumsOf(entries)
  const state = stateOf(entries, sums)
  const nowMs = Math.max(...parts.map(part => part.nowMs))
  const plans = parts.map(({ entry: { sender }, plan }) => ({ sender, ...plan })).sort((a, b) => a.sender < b.sender ? -1 : 1)
  const { sender: _, ...first } = plans.find(plan => !areSame([plan, noPlan])) ?? { sender: '', ...noPlan }
  return {
    name,
    state,
    senders: sendersOf(entries),
    ...sums,
    ...first,
    ...(areSame(plans) ? {} : { plans }),
    failures: failuresOf(entries),
    expectedEndAt: state === 'running' ? endOf(parts, sums, nowMs) : null,
    startedAt: Math.min(...entries.map(({ startedAt }) => startedAt)),
    lastAt: Math.max(...entries.map(({ lastAt }) => lastAt))
  }
}

/** At the rate of the last ten seconds, but not before its plan allows it, and not after the end of that. */
function endOf (parts: Part[], { waiting, inFlight, ratePerSecond }: Sums, nowMs: number): number | null {
  const left = waiting + inFlight
  if (left === 0) return null
  const open = parts.filter(({ entry }) => entry.waiting + entry.inFlight > 0)
  const ends = open.map(({ plan, entry }) => plannedEnd(plan, entry.waiting, nowMs)).filter(end => end !== null)
  if (ratePerSecond > 0) ends.push(nowMs + left / ratePerSecond * 1000)
  const last = Math.max(...open.map(({ plan }) => plan.endAt ?? Infinity))
  return ends.length === 0 ? null : Math.round(Math.min(last, Math.max(...ends)))
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

/**
 * Writes the change of the plan at these senders, at all of them even if one fails; or only checks whether it can be. Throws INVALID_REQUEST
 * for a plan that cannot be. Returns whether one of the plans has changed.
 */
async function writePlan (store: Store, senders: readonly string[], campaign: string, change: PlanChange, check = false): Promise<boolean> {
  let isPlanned = false
  const wrong: WrongPlan[] = []
  await forAll(senders, CONCURRENCY, async sender => {
    const reply = await store.run('set-campaign', { sender }, { campaign, state: '', ...planArguments(change), check })
    if (reply.status === 'wrong') wrong.push({ ...reply, sender })
    if (reply.status === 'written' && reply.isPlanned) isPlanned = true
  })
  if (wrong.length > 0) throw planError(wrong, senders.length > 1)
  return isPlanned
}

/** Senders whose messages are released at once. */
const RELEASED_AT_ONCE = 10

/** Resumes a paused campaign. Its messages return to their queues in the background; what a node leaves undone housekeeping finishes. */
export async function resumeCampaign (deps: CloseDeps, senders: readonly string[], campaign: string): Promise<void> {
  await writeCampaign(deps.store, senders, campaign, 'running')
  releaseCampaign(deps, senders, campaign)
}

/**
 * Creates a campaign at these senders, or changes its plan, and returns whether one has changed. What no plan holds any longer returns as after a
 * pause. The plans of senders may differ, and an end may come before a start at one of them only: nothing is written before all are checked.
 */
export async function planCampaign (deps: CloseDeps, senders: readonly string[], campaign: string, change: PlanChange): Promise<boolean> {
  if (senders.length > 1) await writePlan(deps.store, senders, campaign, change, true)
  const isPlanned = await writePlan(deps.store, senders, campaign, change)
  if (isPlanned) releaseCampaign(deps, senders, campaign)
  return isPlanned
}

function releaseCampaign (deps: CloseDeps, senders: readonly string[], campaign: string): void {
  forAll(senders, RELEASED_AT_ONCE, async sender => await releaseSuspended(deps, sender)).catch(error => {
    reportError(deps.events, `release of campaign ${campaign}`, error)
  })
}
