/** Sentences 53 to 55: rates of templates and categories, the hold of the lane `bulk`, and the daily limit; and who waits for them. */
import {
  factsOf, groupBy, isInconclusive, senderOf, type BulkHeld, type Fact, type LostWrites, type Message, type Operated, type Rules
} from './history.js'
import { isEndedLate, isGrantedIn } from './judge-operators.js'
import { judgeRate } from './judge-plans.js'
import { effectiveBy } from './late-requests.js'
import { CLOCKS_MS, type Report } from './model.js'
import type { Send, Sends } from './sends.js'

interface Span { from: number, to: number }

/** How long what waited takes to return to its queues: a node does it at once, or the housekeeping of the next minute. */
const RELEASE_MS = 75_000
/** In a hold one message of the lane is sent in so long. */
const PROBE_MS = 10_000
const BULK = 3

export type Holds = ReturnType<typeof holdsOf>

/** What an operator limits by a request: a template, or a category. */
const ratedBy = ({ sender, rated = '' }: Pick<Operated, 'sender' | 'rated'>): string => `${sender} ${rated}`

/** What may limit a message. */
function ratedOf ({ posted: { pair, template, isMarketing } }: Pick<Message, 'posted'>): string[] {
  const sender = senderOf(pair)
  return [...(template === undefined ? [] : [`${sender} ${template}`]), ...(isMarketing === true ? [`${sender} marketing`] : [])]
}

/** When messages may wait for their rate, for the end of the hold of their lane, or for the daily limit of their sender. */
export function holdsOf ({ daily }: Rules, facts: Fact[]) {
  const requests = factsOf(facts, 'operated').filter(({ action }) => action === 'rate').sort((a, b) => a.askedAt - b.askedAt)
  const byRated = groupBy(requests, ratedBy)
  const byWhen = effectiveBy(facts)
  const held = groupBy(factsOf(facts, 'bulk-held'), ({ sender }) => sender)

  function rateHolds (message: Pick<Message, 'posted'>): Span[] {
    return ratedOf(message).flatMap(rated => {
      const list = byRated.get(rated) ?? []
      return list.filter(({ http, perSecond }) => typeof perSecond === 'number' && (http < 300 || http >= 500)).map(one => {
        const from = isInconclusive(one) ? byWhen(one.at) : one.at
        const end = list.find(({ perSecond, http, askedAt }) => perSecond === null && http === 200 && askedAt >= from)
        return { from: one.askedAt, to: end === undefined ? Infinity : end.at + RELEASE_MS }
      })
    })
  }

  return {
    requests: byRated,
    of (message: Pick<Message, 'posted'>): Span[] {
      const { pair, lane } = message.posted
      const bulk = lane === BULK ? held.get(senderOf(pair)) ?? [] : []
      const isCounted = daily !== undefined && senderOf(pair) === daily.sender
      return [
        ...rateHolds(message), ...bulk.map(({ from, to }) => ({ from, to: to + RELEASE_MS })), ...(isCounted ? [{ from: 0, to: Infinity }] : [])
      ]
    }
  }
}

export function judgeHolds (rules: Rules, messages: Map<string, Message>, sends: Sends, holds: Holds, facts: Fact[], report: Report): void {
  const losses = factsOf(facts, 'lost-writes')
  const byRated = new Map<string, Send[]>()
  for (const message of messages.values()) {
    for (const rated of ratedOf(message)) byRated.set(rated, [...byRated.get(rated) ?? [], ...sends.of(message.posted.key)])
  }
  for (const [rated, list] of holds.requests) judgeRates(rules, rated, list, byRated.get(rated) ?? [], losses, facts, report)
  const bulk = groupBy([...messages.values()].filter(({ posted }) => posted.lane === BULK), ({ posted }) => senderOf(posted.pair))
  for (const held of factsOf(facts, 'bulk-held')) {
    judgeHeld(rules, held, (bulk.get(held.sender) ?? []).flatMap(({ posted }) => sends.of(posted.key)), losses, report)
  }
  judgeDays(rules, sends, losses, facts, report)
}

/** From the response to a rate until the request for the next one; what Redis may have lost of it is not judged. */
function judgeRates (
  rules: Rules, rated: string, list: Operated[], all: Send[], losses: LostWrites[], facts: Fact[], report: Report
): void {
  const byWhen = effectiveBy(facts)
  list.forEach((one, i) => {
    const to = list[i + 1]?.askedAt ?? Infinity
    const isLost = losses.some(({ from, at }) => from < to && at > one.askedAt)
    if (typeof one.perSecond !== 'number' || one.http !== 200 || isLost || isEndedLate(one, list.slice(0, i), 'rate', byWhen)) return
    judgeRate(53, `of ${rated}`, one.perSecond, all.filter(send => isGrantedIn(send, one.at, to, rules)), () => false, report)
  })
}

/** Each grant that is known counts; one that no node started cannot be seen here. */
function judgeHeld (rules: Rules, held: BulkHeld, all: Send[], losses: LostWrites[], report: Report): void {
  if (losses.some(({ from, at }) => from < held.until && at > held.from)) return
  const granted = all.filter(send => isGrantedIn(send, held.at, held.until, rules)).map(({ opaque, granted, checked }) =>
    ({ opaque, earliest: granted?.at ?? checked.at - rules.startWithinMs, latest: granted?.at ?? checked.at })).sort((a, b) => a.latest - b.latest)
  granted.forEach(({ opaque, latest }, i) => {
    const before = granted[i - 1]
    if (before === undefined || latest - before.earliest >= PROBE_MS - CLOCKS_MS) return
    report(54, `${opaque} was granted ${Math.round(latest - before.earliest)} ms after ${before.opaque}, while the lane was on hold`)
  })
}

/**
 * By what arrived, on the day of its grant: a node may write the request after its lease has ended and the grant was taken from it. A day begins
 * while nothing is in flight.
 */
function judgeDays ({ daily }: Rules, sends: Sends, losses: LostWrites[], facts: Fact[], report: Report): void {
  if (daily === undefined) return
  const passes = factsOf(facts, 'day-passed')
  const days = passes.map(({ at }) => at).sort((a, b) => a - b)
  const people = new Map<number, Set<string>>()
  for (const { pair, granted, arrived } of sends.all) {
    if (senderOf(pair) !== daily.sender || arrived === null) continue
    const at = granted?.at ?? arrived.at
    if (passes.some(one => one.from - CLOCKS_MS < at && at < one.at + CLOCKS_MS)) continue
    const day = days.filter(begin => begin <= at).length
    people.set(day, (people.get(day) ?? new Set()).add(pair))
  }
  for (const [day, { size }] of people) {
    const [from, to] = [days[day - 1] ?? -Infinity, days[day] ?? Infinity]
    if (size <= daily.people || losses.some(one => one.from < to && one.at > from)) continue
    report(55, `${daily.sender}: ${size} people on day ${day}, ${daily.people} are allowed`)
  }
}
