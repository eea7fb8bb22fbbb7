/** What operators do with campaigns, and sentences 43 and 44: nothing of a stopped campaign is sent, and its counts are right. */
import { factsOf, groupBy, isInconclusive, isLost, type Fact, type Message, type Operated, type Rules } from './history.js'
import { isEndedLate, isGrantedIn } from './judge-operators.js'
import type { Holds } from './judge-holds.js'
import { isPlanRemoved } from './judge-plans.js'
import type { Templates } from './judge-templates.js'
import { effectiveBy } from './late-requests.js'
import type { Report } from './model.js'
import type { Sends } from './sends.js'

/** Ends what holds messages back. */
const isEnd = (one: Operated): boolean => one.action === 'resume-campaign' || (one.action === 'plan-campaign' && isPlanRemoved(one))
const isEndOf = (hold: Operated, one: Operated): boolean => isEnd(one) && (hold.action === 'plan-campaign') === (one.action === 'plan-campaign')
const stopping = new Set<Operated['action']>(['pause-campaign', 'cancel-campaign'])

interface Span { from: number, to: number }

/** How long what waited takes to return to its queues: by the node that resumed it; if it could not, by the housekeeping of the next minute. */
const RELEASE_MS = 5000
const HOUSEKEEPING_MS = 75_000
const GOOD = new Set(['sent', 'delivered', 'read'])

export type Campaigns = ReturnType<typeof campaignsOf>
export type Suspended = ReturnType<typeof suspendedOf>

/** When messages may wait outside of their queues, or with their lane: for their template, their campaign, a rate or a limit. */
export function suspendedOf (templates: Templates, campaigns: Campaigns, others: Holds) {
  const holds = (message: Pick<Message, 'posted'>): Span[] => [...templates.holds(message), ...campaigns.holds(message), ...others.of(message)]
  return { holds, pauses: templates.pauses, resumes: campaigns.resumes }
}

export function campaignsOf (facts: Fact[]) {
  const operations = factsOf(facts, 'operated').filter(({ campaign }) => campaign !== undefined).sort((a, b) => a.askedAt - b.askedAt)
  const byCampaign = groupBy(operations, ({ campaign = '' }) => campaign)
  const losses = factsOf(facts, 'lost-writes')
  const byWhen = effectiveBy(facts)
  const of = (campaign: string | undefined): Operated[] => campaign === undefined ? [] : byCampaign.get(campaign) ?? []
  const troubles = [...factsOf(facts, 'trouble').filter(({ of }) => of !== 'provider' && of !== 'receiver'), ...factsOf(facts, 'frozen')]
  const releasedBy = ({ askedAt, at }: Operated): number =>
    at + (troubles.some(({ from, to }) => from < at + RELEASE_MS && to > askedAt) ? HOUSEKEEPING_MS : RELEASE_MS)
  const isPossible = ({ http }: Operated): boolean => http < 300 || http >= 500

  return {
    /** Times in which its messages may wait. A cancellation may be lost with Redis's writes, and is for good otherwise. */
    holds ({ posted: { campaign } }: Pick<Message, 'posted'>): Span[] {
      return of(campaign).filter(one => !isEnd(one) && isPossible(one)).map(one => {
        const end = of(campaign).find(other => isEndOf(one, other) && other.http === 200 &&
          other.askedAt >= (isInconclusive(one) ? byWhen(one.at) : one.at))
        return { from: one.askedAt, to: end === undefined ? Infinity : releasedBy(end) }
      })
    },
    /** Times in which nothing of it is granted: from the response to a pause until the request to resume it, and after its cancellation. */
    stops (campaign: string): Span[] {
      const list = of(campaign)
      return list.flatMap((one, i) => {
        if (one.http >= 300 || one.http === 0 || !stopping.has(one.action) || isLost(one, losses)) return []
        if (one.action === 'cancel-campaign') return [{ from: one.at, to: Infinity }]
        if (isEndedLate(one, list.slice(0, i), 'resume-campaign', byWhen)) return []
        return [{ from: one.at, to: list.slice(i + 1).find(({ action }) => action === 'resume-campaign')?.askedAt ?? Infinity }]
      })
    },
    /** When a campaign was resumed, or its plan removed. */
    resumes: ({ posted: { campaign } }: Pick<Message, 'posted'>): number[] =>
      of(campaign).filter(one => isEnd(one) && one.http === 200 && !isLost(one, losses)).map(({ at }) => at),
    names: (): string[] => [...byCampaign.keys()],
    /** Whether a request asked to cancel it; a request without a response may have worked. */
    isCancelled: ({ posted: { campaign } }: Pick<Message, 'posted'>): boolean =>
      of(campaign).some(one => one.action === 'cancel-campaign' && isPossible(one)),
    /** The earliest end that a plan may have set: then its messages expire. */
    endsAt: ({ posted: { campaign } }: Pick<Message, 'posted'>): number =>
      Math.min(...of(campaign).filter(isPossible).map(({ plan }) => plan?.endAt ?? Infinity))
  }
}

/** `uncertain`: messages of which Redis lost writes. */
export function judgeCampaigns (
  rules: Rules, messages: Map<string, Message>, sends: Sends, campaigns: Campaigns, uncertain: number, facts: Fact[], report: Report
): void {
  const byCampaign = groupBy([...messages.values()].filter(({ posted }) => posted.campaign !== undefined), ({ posted }) => posted.campaign ?? '')
  for (const campaign of campaigns.names()) {
    const all = (byCampaign.get(campaign) ?? []).flatMap(({ posted }) => sends.of(posted.key))
    for (const { from, to } of campaigns.stops(campaign)) {
      const during = all.find(send => isGrantedIn(send, from, to, rules))
      if (during !== undefined) report(43, `${during.opaque} was granted while campaign ${campaign} was stopped`)
    }
  }
  for (const { campaign, counts } of factsOf(facts, 'campaign-counted')) {
    judgeCounts(`campaign ${campaign}`, counts, byCampaign.get(campaign) ?? [], uncertain, report)
  }
}

/** Sentence 44, of a campaign or a caller. */
export function judgeCounts (what: string, counts: Record<string, number>, all: Message[], uncertain: number, report: Report): void {
  const states = all.flatMap(({ ended }) => ended?.state ?? [])
  const expected: Record<string, number> = {
    accepted: states.length,
    waiting: 0,
    inFlight: 0,
    sent: states.filter(state => GOOD.has(state)).length,
    delivered: states.filter(state => state === 'delivered' || state === 'read').length,
    ...Object.fromEntries(['read', 'failed', 'cancelled', 'expired'].map(name => [name, states.filter(state => state === name).length]))
  }
  for (const [name, target] of Object.entries(expected)) {
    const value = counts[name] ?? 0
    if (Math.abs(value - target) > uncertain) report(44, `${what}: ${value} ${name}, ${target} by the history`)
  }
}
