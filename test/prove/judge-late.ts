/** Sentences 26 to 28: what is due does not wait while nothing prevents it. */
import { attemptOf, factsOf, groupBy, senderOf, type Fact, type Granted, type Message, type Rules } from './history.js'
import { CLOCKS_MS, EXPIRY_EVERY_MS, LATE_MS, LATE_RETRY_MS, LATE_TEMPLATE_MS, type Report, type Sentence } from './model.js'
import type { Suspended } from './judge-campaigns.js'
import { mayBeMoved } from './judge-plans.js'
import { PAUSED } from './judge-templates.js'
import { pausesOf } from './judge-operators.js'
import type { Outages } from './outages.js'
import { RateBook } from './rate-book.js'
import { rulesInForce, type RulesInForce } from './rules-in-force.js'
import { outcomeOf, uncovered, type Send, type Sends } from './sends.js'

interface Interval { from: number, to: number }

/** Meta's throughput limit, and an unreachable provider, cool a sender down for one second. */
const SENDER_COOL_DOWN_MS = 1500
/** Its pair limit cools a pair down for six seconds, and for four times as long each time that the same message meets it again. */
const PAIR_LIMIT = { code: 131056, firstMs: 6000, growth: 4, mostMs: 384_000, tailMs: 1000 }
/** A sender that sends this share of its rate is busy. */
const BUSY_SHARE = 0.8

export function judgeLateness (
  rules: Rules, messages: Map<string, Message>, sends: Sends, outages: Outages, suspended: Suspended, facts: Fact[], report: Report
): void {
  const { leaseMs } = rules
  if (leaseMs === undefined || rules.isLatenessJudged === false) return
  const inForce = rulesInForce(rules, facts)
  const pauses = groupBy(pausesOf(facts, true), ({ sender }) => sender)
  const general = factsOf(facts, 'trouble').filter(({ of, node }) =>
    of === 'provider' || of === 'machine' || of === 'workers' || (of === 'redis' && node === null))
  const grants = factsOf(facts, 'granted')
  const grantsOf = groupBy(grants, ({ opaque }) => opaque)
  const blocks = [...sends.all.map(send => blockedBy(send, sends.of(send.key), leaseMs, inForce)), ...grants.map(grantBlocks)]
  const byPair = groupBy(blocks, ({ pair }) => pair)
  const bySender = groupBy(sends.all, ({ pair }) => senderOf(pair))
  const ofSender = groupBy(grants, ({ pair }) => senderOf(pair))
  const busy = new Map([...bySender].map(([sender, list]) => [sender, busyTimes(sender, list, ofSender.get(sender) ?? [], inForce)]))

  function judge (
    sentence: Sentence, what: string, pair: string, from: number, to: number, boundMs: number, holds: Interval[] = []
  ): void {
    if (to - from < boundMs) return
    const sender = senderOf(pair)
    const own = [...pauses.get(sender) ?? [], ...busy.get(sender) ?? [], ...outages.possible(sender)]
    const waits = [...general, ...holds, ...own, ...byPair.get(pair) ?? []]
    const quietMs = uncovered(from, to, waits)
    const seconds = (ms: number): number => Math.round(ms / 1000)
    if (quietMs > boundMs) report(sentence, `${what} ${seconds(to - from)} s late, ${seconds(quietMs)} s of that without a reason`)
  }

  /** The first grant after it was due: one that cannot start in time is given back, and granted again. */
  function takenUpAt (send: Send, due: number): number {
    const first = (grantsOf.get(send.opaque) ?? []).map(({ at }) => at).filter(at => at >= due - CLOCKS_MS)
    return Math.min(send.checked.at, ...first)
  }

  for (const message of messages.values()) {
    const { posted, ended, responses } = message
    const list = sends.of(posted.key)
    list.forEach((send, i) => {
      const before = list[i - 1]
      if (before === undefined) return
      const due = dueAt(rules, before, send, message)
      if (due === null) return
      judge(26, `${send.opaque} was`, posted.pair, due, takenUpAt(send, due), LATE_RETRY_MS, suspended.holds({ posted }))
    })
    for (const { latest } of suspended.pauses({ posted })) {
      const [before, next] = [list.findLast(({ checked }) => checked.at <= latest), list.find(({ checked }) => checked.at > latest)]
      const isWaiting = posted.at < latest && (before === undefined || before.arrived?.code === PAUSED)
      const later = suspended.holds({ posted }).filter(({ from }) => from > latest)
      if (next !== undefined && isWaiting) judge(42, `${next.opaque} was`, posted.pair, latest, takenUpAt(next, latest), LATE_TEMPLATE_MS, later)
    }
    for (const at of suspended.resumes({ posted })) {
      const [first] = list
      if (first === undefined || first.checked.at < at || posted.at > at || posted.scheduledFor !== undefined || mayBeMoved(message)) continue
      const later = suspended.holds({ posted }).filter(({ from }) => from > at)
      judge(42, `${first.opaque} was`, posted.pair, at, takenUpAt(first, at), LATE_TEMPLATE_MS, later)
    }
    const acceptedAt = responses.find(({ status }) => status >= 200 && status < 300)?.at
    if (mayBeMoved(message)) continue
    if (posted.scheduledFor !== undefined && acceptedAt !== undefined && list[0] !== undefined) {
      const due = Math.max(posted.scheduledFor, acceptedAt)
      judge(27, `${posted.key} was`, posted.pair, due, takenUpAt(list[0], due), LATE_MS, suspended.holds({ posted }))
    }
    if (ended?.state !== 'expired' || ended.settledAt === undefined || acceptedAt === undefined) continue
    const expiresAt = Math.max(acceptedAt, posted.scheduledFor ?? 0) + (posted.expiresInMs ?? rules.lifeMs ?? 86_400_000)
    const lateMs = uncovered(expiresAt, ended.settledAt, general)
    // One in flight, or of unknown outcome, is looked at again a minute later.
    if (lateMs > 2 * EXPIRY_EVERY_MS + LATE_MS) report(28, `${posted.key} expired ${Math.round(lateMs / 1000)} s late`)
  }
}

/**
 * When the next attempt was due after this one. An unknown outcome is known as such at the end of the lease at the latest, and is then held. What
 * has FAILED is due when an operator retries it; null without such a request, which is another sentence's violation.
 */
function dueAt (rules: Rules, before: Send, next: Send, { posted, operations }: Message): number | null {
  const [outcome, attempt] = [outcomeOf(before), attemptOf(before.opaque)]
  const retries = operations.filter(({ action, askedAt }) => action === 'retry' && askedAt > before.checked.at && askedAt < next.checked.at)
  // A job may take its time.
  if (retries.at(-1)?.isByJob === true) return null
  const asked = retries.at(-1)?.askedAt ?? null
  if (outcome === 'rejected' || (outcome === 'unknown' && posted.policy === 'fail')) return asked
  const delayMs = rules.retriesMs?.[attempt - 1] ?? 0
  // Attempts of an outage are more than the schedule has, and need no operator.
  if (outcome === 'retryable' && asked !== null && attempt > (rules.retriesMs?.length ?? Infinity)) return asked
  const end = before.answered?.at ?? before.checked.at + 2 * (rules.leaseMs ?? 0)
  return outcome === 'retryable' ? end + delayMs : end + 2 * (rules.leaseMs ?? 0)
}

/** A pair waits while one of its messages is in flight, for the interval after it, and in a cool-down. */
function blockedBy (send: Send, ofMessage: Send[], leaseMs: number, inForce: RulesInForce): Interval & { pair: string } {
  const from = send.checked.at
  const end = send.answered?.at ?? from + leaseMs
  const intervalMs = Math.max(...inForce.during(senderOf(send.pair), from, end).map(one => one.intervalMs))
  return { pair: send.pair, from, to: Math.max(from + intervalMs, end + (outcomeOf(send) === 'limited' ? coolDownMs(send, ofMessage) : 0)) }
}

/** How long the pair limit cools its pair down after this send of a message. */
function coolDownMs (send: Send, ofMessage: Send[]): number {
  const before = ofMessage.slice(0, ofMessage.indexOf(send))
  const hits = before.length - 1 - before.findLastIndex(({ arrived }) => arrived?.code !== PAIR_LIMIT.code)
  return Math.min(PAIR_LIMIT.firstMs * PAIR_LIMIT.growth ** hits, PAIR_LIMIT.mostMs) + PAIR_LIMIT.tailMs
}

/** So does one that is given back: a slot is not refunded. */
function grantBlocks ({ pair, at }: Granted): Interval & { pair: string } {
  return { pair, from: at, to: at + SENDER_COOL_DOWN_MS }
}

/** Seconds in which a sender used its rate, and its cool-downs. A grant uses the rate whether it starts or not, and then cools the sender down. */
function busyTimes (sender: string, list: Send[], grants: Granted[], inForce: RulesInForce): Interval[] {
  const cools = list.filter(send => send.arrived?.code === 130429).map(({ checked }) => ({ from: checked.at, to: checked.at + SENDER_COOL_DOWN_MS }))
  const started = new Set(list.map(({ granted }) => granted))
  const shares = sharesOf(sender, list, inForce)
  const unsent = grants.filter(one => !started.has(one)).map(({ at }) => ({ from: at, to: at + SENDER_COOL_DOWN_MS }))
  const times = grants.length > 0 ? grants.map(({ at }) => at) : list.map(({ checked }) => checked.at)
  const seconds = groupBy(times, at => String(Math.floor(at / 1000)))
  const busy = [...seconds].map(([second, { length }]) => ({ from: Number(second) * 1000, to: Number(second) * 1000 + 1000, length }))
    .filter(({ from, to, length }) => {
      const least = Math.min(...inForce.during(sender, from, to).map(({ perSecond }) => perSecond))
      return length >= BUSY_SHARE * least * leastShare(shares, from, to)
    })
  return [...cools, ...unsent, ...busy]
}

/** From when on rejections for the rate leave which share of the rule: the search for the limit, from what the provider said. */
function sharesOf (sender: string, list: Send[], inForce: RulesInForce): Array<{ at: number, share: number }> {
  const shares: Array<{ at: number, share: number }> = []
  let book: RateBook | undefined
  const responses = list.flatMap(send => send.answered === null ? [] : [{ send, at: send.answered.at }]).sort((a, b) => a.at - b.at)
  for (const { send, at } of responses) {
    const rule = bucketOf(Math.min(...inForce.during(sender, at, at + 1).map(({ perSecond }) => perSecond)))
    book ??= new RateBook(rule)
    book.change(rule)
    const grantedUs = (send.granted?.at ?? send.checked.at) * 1000
    if (send.arrived?.code === 130429) book.rejected(at * 1000, grantedUs, 1_000_000)
    else if (outcomeOf(send) === 'accepted') book.accepted(at * 1000, grantedUs)
    else continue
    const share = rule[0] / book.bucket[0]
    if (share !== (shares.at(-1)?.share ?? 1)) shares.push({ at, share })
  }
  return shares
}

/** The least share in force at some moment of an interval. */
function leastShare (shares: Array<{ at: number, share: number }>, from: number, to: number): number {
  const before = shares.findLast(({ at }) => at <= from)?.share ?? 1
  return Math.min(before, ...shares.filter(({ at }) => at > from && at < to).map(({ share }) => share))
}

/** Interval in µs and burst: no sliding second holds more than the rate. */
function bucketOf (perSecond: number): [interval: number, burst: number] {
  const burst = Math.max(1, Math.floor(perSecond / 40))
  return [Math.ceil(1e6 / (perSecond - burst + 1)), burst]
}
