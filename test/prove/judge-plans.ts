/** Sentences 45 to 47: the plan of a campaign holds its messages back, and a moved message waits for its new time. */
import {
  factsOf, groupBy, isInconclusive, isLost, type Fact, type LostWrites, type Message, type Operated, type Plan, type Rules
} from './history.js'
import { isEndedLate, isGrantedIn } from './judge-operators.js'
import { effectiveBy } from './late-requests.js'
import { CLOCKS_MS, type Report } from './model.js'
import type { Send, Sends } from './sends.js'

/** What surely holds of a plan from the response to one request until the next one. */
interface Period { from: number, to: number, plan: Plan }

/** Where starts are closer than this, a drain run that is late makes up for as much. */
const MAKES_UP_MS = 20

/** Whether the request removes all that holds messages back. */
export function isPlanRemoved ({ plan }: Operated): boolean {
  return plan?.perSecond === null && plan.startAt === null && plan.endAt === null
}

/** Nothing of a campaign is granted against its plan; what a request leaves out, and an unsure one before it may have changed, is not judged. */
export function judgePlans (rules: Rules, messages: Map<string, Message>, sends: Sends, facts: Fact[], report: Report): void {
  const losses = factsOf(facts, 'lost-writes')
  const byCampaign = groupBy([...messages.values()].filter(({ posted }) => posted.campaign !== undefined), ({ posted }) => posted.campaign ?? '')
  const requests = factsOf(facts, 'operated').filter(({ action }) => action === 'plan-campaign').sort((a, b) => a.askedAt - b.askedAt)
  for (const [campaign, list] of groupBy(requests, ({ campaign = '' }) => campaign)) {
    const all = (byCampaign.get(campaign) ?? []).flatMap(({ posted }) => sends.of(posted.key))
    for (const { from, to, plan } of periodsOf(list, losses, effectiveBy(facts))) {
      const [startAt, endAt] = [plan.startAt ?? -Infinity, plan.endAt ?? Infinity]
      const early = all.find(send => isGrantedIn(send, from, Math.min(to, startAt - CLOCKS_MS), rules))
      if (early !== undefined) report(45, `${early.opaque} was granted before campaign ${campaign} starts`)
      const late = all.find(send => isGrantedIn(send, Math.max(from, endAt), to, rules))
      if (late !== undefined) report(45, `${late.opaque} was granted after campaign ${campaign} ends`)
      const during = all.filter(send => isGrantedIn(send, from, to, rules))
      if (typeof plan.perSecond !== 'number') continue
      const isForgotten = (from: number, to: number): boolean =>
        losses.some(one => one.from <= to && one.at >= from && one.campaigns?.includes(campaign) === true)
      judgeRate(46, `of campaign ${campaign}`, plan.perSecond, during, isForgotten, report)
    }
  }
}

function periodsOf (list: Operated[], losses: LostWrites[], byWhen: (at: number) => number): Period[] {
  let known: Plan = {}
  return list.flatMap((one, i): Period[] => {
    const isSure = one.http >= 200 && one.http < 300 && !isLost(one, losses) && !isEndedLate(one, list.slice(0, i), 'plan-campaign', byWhen)
    if (!isSure) {
      // A request that was rejected changes nothing.
      if (one.http < 300 || one.http >= 500) known = {}
      return []
    }
    known = { ...known, ...one.plan }
    return [{ from: one.at, to: list[i + 1]?.askedAt ?? Infinity, plan: known }]
  })
}

/** Two starts are at least 1/`perSecond` apart, by their grants. `isForgotten`: Redis lost the first one. */
export function judgeRate (
  sentence: 46 | 53, what: string, perSecond: number, during: Send[], isForgotten: (from: number, to: number) => boolean, report: Report
): void {
  const intervalMs = 1000 / perSecond
  const leastMs = intervalMs - (intervalMs < MAKES_UP_MS ? MAKES_UP_MS : 0) - CLOCKS_MS
  const granted = during.flatMap(({ opaque, granted }) => granted === null ? [] : [{ opaque, at: granted.at }]).sort((a, b) => a.at - b.at)
  granted.forEach(({ opaque, at }, i) => {
    const before = granted[i - 1]
    if (before === undefined || at - before.at >= leastMs) return
    if (!isForgotten(before.at, at)) report(sentence, `${opaque} was granted ${(at - before.at).toFixed(0)} ms after ${before.opaque} ${what}`)
  })
}

/** A request that may have moved the message. */
export function mayBeMoved ({ operations }: Message): boolean {
  return operations.some(({ action, http }) => action === 'move' && (http < 300 || http >= 500))
}

/** Between the response to a move and the next request to move it, a message that was never attempted is not granted before its new time. */
export function judgeMoves (rules: Rules, messages: Map<string, Message>, sends: Sends, facts: Fact[], report: Report): void {
  const byWhen = effectiveBy(facts)
  for (const { posted, operations } of messages.values()) {
    const moves = operations.filter(({ action }) => action === 'move').sort((a, b) => a.askedAt - b.askedAt)
    moves.forEach((one, i) => {
      const isSure = one.http === 200 && !moves.slice(0, i).some(other => isInconclusive(other) && one.askedAt < byWhen(other.at))
      const to = Math.min(Number(one.movedTo ?? 0) - CLOCKS_MS, moves[i + 1]?.askedAt ?? Infinity)
      const early = isSure ? sends.of(posted.key).find(send => isGrantedIn(send, one.at, to, rules)) : undefined
      if (early !== undefined) report(47, `${early.opaque} was granted before the time that it was moved to`)
    })
  }
}
