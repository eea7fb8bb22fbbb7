import type { WaitingFor, Lane } from '../message.js'
import { lanes } from '../message.js'
import type { SenderReply } from '../redis/commands.js'
import type { Store } from '../redis/store.js'
import { SluiceError } from '../errors.js'
import { inParallel } from '../parallel.js'

export interface PairView {
  rule: { intervalMs: number, burst: number }
  /** What a message posted now would wait, ms; null without a known end. */
  delayMs: number | null
  nextSlotAt: string | null
  waitingFor: WaitingFor
  waiting: Record<Lane, number>
  sending: boolean
  limited: boolean
}

/** One pair's bucket and line; takes nothing. */
export async function inspectRecipient (store: Store, sender: string, recipient: string, lane: Lane): Promise<PairView> {
  const reply = await store.run('inspect-recipient', { sender }, { recipient, lane: lanes.indexOf(lane) + 1 })
  if (reply.status === 'no_rules') throw noRules()
  const { nowMs, waitUs, waitingFor, urgent, normal, bulk, isGranted, tatUs, intervalUs, burst } = reply
  return {
    rule: { intervalMs: intervalUs / 1000, burst },
    delayMs: waitUs < 0 ? null : Math.floor(waitUs / 1000),
    nextSlotAt: waitUs < 0 ? null : new Date(nowMs + waitUs / 1000).toISOString(),
    waitingFor,
    waiting: { urgent, normal, bulk },
    sending: isGranted,
    limited: tatUs > nowMs * 1000
  }
}

/** The counts of one sender. */
export interface SenderView {
  id: string
  state: 'active' | 'paused' | 'stopped'
  reason: string | null
  resumesAt: string | null
  rules: { pairIntervalMs: number, pairBurst: number, perSecond: number, maxInFlight: number, version: number }
  queued: number
  due: number
  inFlight: number
  scheduled: number
  unknown: number
  failures: { pending: number, resolved: number, failed: number }
  sentLast24h: number
  activeRateLimits: number
  unsettled: number
  oldestDueSeconds: number
  hasWorker: boolean
}

/** What metrics tell of a sender besides. */
export interface SenderFacts extends SenderView {
  /** For how long due messages have had no shift, 0 where they have one or there are none. */
  unattendedSeconds: number
  /** FAILED in the last 24 h and not acknowledged, by reason. */
  unacknowledged: Record<'rejected' | 'exhausted' | 'expired' | 'unknown', number>
  /** Messages and the like with something to be told, and for how long the first of it has waited. */
  callbacks: { waiting: number, oldestSeconds: number }
}

/** Due turns that a count looks at one by one; the rest is estimated from them. */
const LOOK_AT = 1000
/** The same where all senders are looked at every few seconds. */
const MEASURE_AT = 20
const MEASURE_AT_ONCE = 20
const AT_ONCE = 50

/** Looks at all of them, some at a time, so that neither Redis nor a command's time-out is put to the test by a thousand. */
export async function inspectSenders (store: Store, senders: readonly string[]): Promise<SenderView[]> {
  return await inParallel([...senders], AT_ONCE, async sender => await inspectSender(store, sender))
}

/** The same with what metrics tell besides, of coarser counts and little cost. A sender without rules is left out. */
export async function measureSenders (store: Store, senders: readonly string[]): Promise<SenderFacts[]> {
  const found = await inParallel([...senders], MEASURE_AT_ONCE, async sender => {
    const reply = await store.run('inspect-sender', { sender }, { limit: MEASURE_AT })
    if (reply.status === 'no_rules') return []
    const { nowMs, unattendedUs, rejected, exhausted, expired, unknownOutcome, callbacksWaiting, callbacksSinceMs } = reply
    return [{
      ...toView(sender, reply),
      unattendedSeconds: ageOf(unattendedUs, nowMs),
      unacknowledged: { rejected, exhausted, expired, unknown: unknownOutcome },
      callbacks: { waiting: callbacksWaiting, oldestSeconds: ageOf(callbacksSinceMs * 1000, nowMs) }
    }]
  })
  return found.flat()
}

export async function inspectSender (store: Store, sender: string): Promise<SenderView> {
  const reply = await store.run('inspect-sender', { sender }, { limit: LOOK_AT })
  if (reply.status === 'no_rules') throw noRules()
  return toView(sender, reply)
}

function toView (sender: string, reply: SenderReply): SenderView {
  const { state, resumesMs, reason, pairIntervalUs, pairBurst, perSecond, maxInFlight, version } = reply
  return {
    id: sender,
    state,
    reason: state === 'active' || reason === '' ? null : reason,
    resumesAt: resumesMs === 0 ? null : new Date(resumesMs).toISOString(),
    rules: { pairIntervalMs: pairIntervalUs / 1000, pairBurst, perSecond, maxInFlight, version },
    queued: reply.queued,
    due: reply.due,
    inFlight: reply.inFlight,
    scheduled: reply.scheduled,
    unknown: reply.unknown,
    failures: { pending: reply.failures, resolved: reply.resolved, failed: reply.failed },
    sentLast24h: reply.sentLast24h,
    activeRateLimits: reply.activeRateLimits,
    unsettled: reply.unsettled,
    oldestDueSeconds: ageOf(reply.oldestDueUs, reply.nowMs),
    hasWorker: reply.hasWorker
  }
}

/** Seconds since a moment; 0 for none. */
function ageOf (us: number, nowMs: number): number {
  return us === 0 ? 0 : Math.max(0, nowMs / 1000 - us / 1e6)
}

/** The counts in Bull's words. What stands in line of a closed sender is paused, all of it; else what is due waits and the rest is delayed. */
export function queueOf (senders: SenderView[]): Record<'waiting' | 'active' | 'delayed' | 'completed' | 'failed' | 'paused', number> {
  const sum = (some: SenderView[], of: (sender: SenderView) => number): number => some.reduce((total, sender) => total + of(sender), 0)
  const open = senders.filter(sender => sender.state === 'active')
  const closed = senders.filter(sender => sender.state !== 'active')
  return {
    waiting: sum(open, sender => sender.due),
    active: sum(senders, sender => sender.inFlight),
    delayed: sum(open, sender => sender.queued - sender.due) + sum(senders, sender => sender.failures.pending + sender.unknown + sender.scheduled),
    completed: sum(senders, sender => sender.sentLast24h),
    failed: sum(senders, sender => sender.failures.failed),
    paused: sum(closed, sender => sender.queued)
  }
}

function noRules (): SluiceError {
  return new SluiceError('UNAVAILABLE', { detail: 'no rules are written for this sender yet', retryAfterMs: 1000 })
}
