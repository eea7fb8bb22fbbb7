import type { WaitingFor, Lane } from '../message.js'
import { lanes } from '../message.js'
import type { SenderReply } from '../redis/commands.js'
import type { Store } from '../redis/store.js'
import { SluiceError } from '../errors.js'
import { inIsolation, inParallel } from '../parallel.js'
import { isUnavailable } from '../redis/unavailable.js'
import type { SenderFacts, SenderView } from '../sender-facts.js'

export interface PairView {
  rule: { intervalMs: number, burst: number }
  /** How long a message posted now would wait, ms; null if no end is known. */
  delayMs: number | null
  nextSlotAt: string | null
  waitingFor: WaitingFor
  waiting: Record<Lane, number>
  sending: boolean
  limited: boolean
}

/** The pair rate and the queue of one pair; changes nothing. Throws UNAVAILABLE if no rules are written. */
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

/** Due pairs whose queues are counted one by one; the count of further ones is estimated from these. */
const SAMPLE = 1000
/** The same for metrics, which read all senders every few seconds. */
const METRICS_SAMPLE = 20
const METRICS_CONCURRENCY = 20
const CONCURRENCY = 50

/** Counts of several senders. Limited concurrency, so that a thousand calls do not run into the command timeout. */
export async function inspectSenders (store: Store, senders: readonly string[]): Promise<SenderView[]> {
  return await inParallel([...senders], CONCURRENCY, async sender => await inspectSender(store, sender))
}

/**
 * Counts for metrics, estimated from smaller samples. Senders without rules are left out, and those whose server in the cluster is down. Throws
 * if no sender could be read.
 */
export async function measureSenders (store: Store, senders: readonly string[]): Promise<SenderFacts[]> {
  const errors: unknown[] = []
  const found = await inIsolation(senders, METRICS_CONCURRENCY, async sender => {
    const reply = await store.run('inspect-sender', { sender }, { limit: METRICS_SAMPLE })
    if (reply.status === 'no_rules') return []
    const { nowMs, unattendedUs, rejected, exhausted, expired, unknownOutcome, callbacksWaiting, callbacksSinceMs } = reply
    return [{
      ...toView(sender, reply),
      unattendedSeconds: ageOf(unattendedUs, nowMs),
      unacknowledged: { rejected, exhausted, expired, unknown: unknownOutcome },
      callbacks: { waiting: callbacksWaiting, oldestSeconds: ageOf(callbacksSinceMs * 1000, nowMs) }
    }]
  }, error => errors.push(error))
  const unexpected = errors.find(error => errors.length === senders.length || !isUnavailable(error))
  if (unexpected !== undefined) throw unexpected
  return found.flat()
}

/** The counts of one sender. Throws UNAVAILABLE if no rules are written. */
export async function inspectSender (store: Store, sender: string): Promise<SenderView> {
  const reply = await store.run('inspect-sender', { sender }, { limit: SAMPLE })
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
    retrying: reply.retrying,
    failures: { pending: reply.pending, resolved: reply.resolved, failed: reply.failed },
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

/** The counts as states of a Bull queue. Queued messages are paused if their sender is not active, else waiting if due, else delayed. */
export function queueOf (senders: SenderView[]): Record<'waiting' | 'active' | 'delayed' | 'completed' | 'failed' | 'paused', number> {
  const sum = (some: SenderView[], of: (sender: SenderView) => number): number => some.reduce((total, sender) => total + of(sender), 0)
  const active = senders.filter(sender => sender.state === 'active')
  const inactive = senders.filter(sender => sender.state !== 'active')
  return {
    waiting: sum(active, sender => sender.due),
    active: sum(senders, sender => sender.inFlight),
    delayed: sum(active, sender => sender.queued - sender.due) + sum(senders, sender => sender.retrying + sender.unknown + sender.scheduled),
    completed: sum(senders, sender => sender.sentLast24h),
    failed: sum(senders, sender => sender.failures.failed),
    paused: sum(inactive, sender => sender.queued)
  }
}

function noRules (): SluiceError {
  return new SluiceError('UNAVAILABLE', { detail: 'no rules are written for this sender yet', retryAfterMs: 1000 })
}
