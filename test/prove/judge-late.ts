/** Sentences 26 to 28: what is due does not wait while nothing prevents it. */
import { attemptOf, factsOf, groupBy, senderOf, type Fact, type Granted, type Message, type Rules } from './history.js'
import { CLOCKS_MS, EXPIRY_EVERY_MS, LATE_MS, LATE_RETRY_MS, type Note, type Sentence } from './model.js'
import { pausesOf } from './judge-operators.js'
import { rulesInForce, type RulesInForce } from './rules-in-force.js'
import { outcomeOf, uncovered, type Send, type Sends } from './sends.js'

interface Interval { from: number, to: number }

/** Meta's pair limit rests a pair for six seconds; its throughput limit, and an unreachable provider, a sender for one. */
const COOL_DOWN_MS = { pair: 7000, sender: 1500 }
/** A sender that sends this share of its rate is busy. */
const BUSY_SHARE = 0.8

export function judgeLateness (rules: Rules, messages: Map<string, Message>, sends: Sends, facts: Fact[], note: Note): void {
  const { leaseMs } = rules
  if (leaseMs === undefined) return
  const inForce = rulesInForce(rules, facts)
  const pauses = groupBy(pausesOf(facts, true), ({ sender }) => sender)
  const general = factsOf(facts, 'trouble').filter(({ of, node }) =>
    of === 'provider' || of === 'machine' || of === 'workers' || (of === 'redis' && node === null))
  const grants = factsOf(facts, 'granted')
  const grantsOf = groupBy(grants, ({ opaque }) => opaque)
  const byPair = groupBy([...sends.all.map(send => blockedBy(send, leaseMs, inForce)), ...grants.map(grantBlocks)], ({ pair }) => pair)
  const bySender = groupBy(sends.all, ({ pair }) => senderOf(pair))
  const busy = new Map([...bySender].map(([sender, list]) => [sender, busyTimes(sender, list, inForce)]))

  function judge (sentence: Sentence, what: string, pair: string, from: number, to: number, boundMs: number): void {
    if (to - from < boundMs) return
    const sender = senderOf(pair)
    const waits = [...general, ...pauses.get(sender) ?? [], ...busy.get(sender) ?? [], ...byPair.get(pair) ?? []]
    const quietMs = uncovered(from, to, waits)
    const seconds = (ms: number): number => Math.round(ms / 1000)
    if (quietMs > boundMs) note(sentence, `${what} ${seconds(to - from)} s late, ${seconds(quietMs)} s of that without a reason`)
  }

  /** The first grant after it was due: one that cannot start in time is given back, and granted again. */
  function takenUpAt (send: Send, due: number): number {
    const first = (grantsOf.get(send.opaque) ?? []).map(({ at }) => at).filter(at => at >= due - CLOCKS_MS)
    return Math.min(send.checked.at, ...first)
  }

  for (const { posted, ended, responses } of messages.values()) {
    const list = sends.of(posted.key)
    list.forEach((send, at) => {
      const before = list[at - 1]
      if (before === undefined) return
      const due = dueAt(rules, before)
      judge(26, `${send.opaque} was`, posted.pair, due, takenUpAt(send, due), LATE_RETRY_MS)
    })
    const acceptedAt = responses.find(({ status }) => status >= 200 && status < 300)?.at
    if (posted.scheduledFor !== undefined && acceptedAt !== undefined && list[0] !== undefined) {
      const due = Math.max(posted.scheduledFor, acceptedAt)
      judge(27, `${posted.key} was`, posted.pair, due, takenUpAt(list[0], due), LATE_MS)
    }
    if (ended?.state !== 'expired' || ended.settledAt === undefined || acceptedAt === undefined) continue
    const expiresAt = Math.max(acceptedAt, posted.scheduledFor ?? 0) + (posted.expiresInMs ?? rules.lifeMs ?? 86_400_000)
    const lateMs = uncovered(expiresAt, ended.settledAt, general)
    // One in flight, or of unknown outcome, is looked at again a minute later.
    if (lateMs > 2 * EXPIRY_EVERY_MS + LATE_MS) note(28, `${posted.key} expired ${Math.round(lateMs / 1000)} s late`)
  }
}

/** When the next attempt is due after this one. An unknown outcome is known as such at the end of the lease at the latest, and is then held. */
function dueAt (rules: Rules, before: Send): number {
  const delayMs = rules.retriesMs?.[attemptOf(before.opaque) - 1] ?? 0
  const end = before.answered?.at ?? before.checked.at + 2 * (rules.leaseMs ?? 0)
  return outcomeOf(before) === 'refused' ? end + delayMs : end + 2 * (rules.leaseMs ?? 0)
}

/** A pair waits while one of its messages is in flight, for the interval after it, and in a cool-down. */
function blockedBy (send: Send, leaseMs: number, inForce: RulesInForce): Interval & { pair: string } {
  const from = send.checked.at
  const end = send.answered?.at ?? from + leaseMs
  const intervalMs = Math.max(...inForce.during(senderOf(send.pair), from, end).map(one => one.intervalMs))
  return { pair: send.pair, from, to: Math.max(from + intervalMs, end + (outcomeOf(send) === 'limited' ? COOL_DOWN_MS.pair : 0)) }
}

/** So does one that is given back: a slot is not refunded. */
function grantBlocks ({ pair, at }: Granted): Interval & { pair: string } {
  return { pair, from: at, to: at + COOL_DOWN_MS.sender }
}

/** Seconds in which a sender used its rate, and its cool-downs. */
function busyTimes (sender: string, list: Send[], inForce: RulesInForce): Interval[] {
  const cools = list.filter(send => send.arrived?.code === 130429).map(({ checked }) => ({ from: checked.at, to: checked.at + COOL_DOWN_MS.sender }))
  const seconds = groupBy(list, ({ checked }) => String(Math.floor(checked.at / 1000)))
  const busy = [...seconds].map(([second, { length }]) => ({ from: Number(second) * 1000, to: Number(second) * 1000 + 1000, length }))
    .filter(({ from, to, length }) => length >= BUSY_SHARE * Math.min(...inForce.during(sender, from, to).map(({ perSecond }) => perSecond)))
  return [...cools, ...busy]
}
