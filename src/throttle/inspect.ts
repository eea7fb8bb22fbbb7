import type { WaitingFor, Lane } from '../message.js'
import { lanes } from '../message.js'
import type { SenderReply } from '../redis/commands.js'
import { findReachable, knownSenders } from '../redis/known-senders.js'
import { globalKey } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import { SluiceError } from '../errors.js'
import { inIsolation, inParallel } from '../parallel.js'
import { isUnavailable } from '../redis/unavailable.js'
import type { SenderFacts, SenderView } from '../sender-facts.js'
import type { SenderRegistry } from '../sender-registry.js'
import { formatTime } from '../values/time.js'
import { readBulkHold } from './bulk-hold.js'
import { readDaily } from './daily.js'
import { healthView } from './health.js'
import { readRate } from './rate.js'

export interface PairView {
  rule: { intervalMs: number, burst: number }
  /** How long a message posted now would wait, ms; null if no end is known. */
  delayMs: number | null
  nextSlotAt: string | null
  waitingFor: WaitingFor
  waiting: Record<Lane, number>
  sending: boolean
  limited: boolean
  window: { state: 'open' | 'closed' | 'unknown', lastActAt: string | null, closesAt: string | null }
}

/** The pair rate and the queue of one pair; changes nothing. Throws UNAVAILABLE if no rules are written. */
export async function inspectRecipient (store: Store, sender: string, recipient: string, lane: Lane): Promise<PairView> {
  const reply = await store.run('inspect-recipient', { sender }, { recipient, lane: lanes.indexOf(lane) + 1 })
  if (reply.status === 'no_rules') throw noRules()
  const { nowMs, waitUs, waitingFor, urgent, normal, bulk, isGranted, tatUs, intervalUs, burst, window, actMs } = reply
  return {
    rule: { intervalMs: intervalUs / 1000, burst },
    delayMs: waitUs < 0 ? null : Math.floor(waitUs / 1000),
    nextSlotAt: waitUs < 0 ? null : formatTime(nowMs + waitUs / 1000),
    waitingFor,
    waiting: { urgent, normal, bulk },
    sending: isGranted,
    limited: tatUs > nowMs * 1000,
    window: {
      state: window,
      lastActAt: actMs === 0 ? null : formatTime(actMs),
      closesAt: window === 'unknown' || actMs === 0 ? null : formatTime(actMs + WINDOW_MS)
    }
  }
}

/** How long a person's message keeps the window open. */
const WINDOW_MS = 24 * 3_600_000
/** For how much longer it may be open: clocks differ, and webhooks take time. As in lua/include/window.lua. */
const MARGIN_MS = 300_000
/** A status follows within this time, or webhooks are missing. */
const STATUS_MS = 600_000

/** Due pairs whose queues are counted one by one; the count of further ones is estimated from these. */
const SAMPLE = 1000
/** The sample for metrics, which read all senders every few seconds. */
const METRICS_SAMPLE = 20
const METRICS_CONCURRENCY = 20
/** Fewer accepted messages say nothing of the share without a status. */
const LEAST_ACCEPTED = 20
const CONCURRENCY = 50

/**
 * Counts of several senders, except those whose server is down. Limited concurrency, so that a thousand calls do not run into the command timeout.
 */
export async function inspectSenders (store: Store, senders: readonly string[]): Promise<{ senders: SenderView[], unavailable: string[] }> {
  const reachable = await findReachable(store, senders)
  const views = await inParallel(reachable.senders, CONCURRENCY, async sender => await inspectSender(store, sender))
  return { senders: views, unavailable: reachable.unavailable }
}

/**
 * Counts for metrics, estimated from smaller samples. Senders without rules are left out, and those whose server in the cluster is down. Throws
 * if no sender could be read.
 */
async function measureSenders (store: Store, senders: readonly string[]): Promise<SenderFacts[]> {
  const errors: unknown[] = []
  const found = await inIsolation(senders, METRICS_CONCURRENCY, async sender => {
    const reply = await store.run('inspect-sender', { sender }, { limit: METRICS_SAMPLE })
    if (reply.status === 'no_rules') return []
    const { nowMs, unattendedUs, rejected, exhausted, expired, unknownOutcome, callbacksWaiting, callbacksSinceMs, accepted, unconfirmed } = reply
    return [{
      ...toView(sender, reply),
      templateReadFailures: 0,
      unattendedSeconds: ageOf(unattendedUs, nowMs),
      unacknowledged: { rejected, exhausted, expired, unknown: unknownOutcome },
      statusesMissing: accepted < LEAST_ACCEPTED ? 0 : Math.min(1, unconfirmed / accepted),
      callbacks: { waiting: callbacksWaiting, oldestSeconds: ageOf(callbacksSinceMs * 1000, nowMs) }
    }]
  }, error => errors.push(error))
  const unexpected = errors.find(error => errors.length === senders.length || !isUnavailable(error))
  if (unexpected !== undefined) throw unexpected
  return found.flat()
}

/** Senders that this node serves, and senders with unsettled messages that it does not serve: another node should. */
export async function measureSystem (store: Store, senders: Pick<SenderRegistry, 'ids' | 'has' | 'settingsOf'>): Promise<SenderFacts[]> {
  const found = await measureSenders(store, [...new Set([...senders.ids(), ...await knownSenders(store)])])
  const failures = await readFailures(store)
  return found.filter(({ id, unsettled }) => senders.has(id) || unsettled > 0)
    .map(one => ({ ...one, templateReadFailures: failures.get(senders.settingsOf(one.id)?.accountId ?? '') ?? 0 }))
}

/** By account, how many reads of its templates have failed since the last successful one. */
async function readFailures ({ redis, prefix }: Store): Promise<Map<string, number>> {
  const reads = Object.entries(await redis.hgetall(globalKey(prefix, 'accounts')))
  return new Map(reads.map(([account, text]) => [account, Number(text.split(' ')[2])]))
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
    resumesAt: resumesMs === 0 ? null : formatTime(resumesMs),
    circuit: readCircuit(reply.circuit),
    templates: readTemplateStop(reply),
    health: healthView(reply),
    windows: readWindows(reply),
    bulk: readBulkHold(reply),
    rate: readRate(reply),
    daily: readDaily(reply),
    rules: { pairIntervalMs: pairIntervalUs / 1000, pairBurst, perSecond, maxInFlight, version },
    queued: reply.queued,
    due: reply.due,
    inFlight: reply.inFlight,
    scheduled: reply.scheduled,
    suspended: reply.suspended,
    awaiting: reply.awaiting,
    rates: { count: reply.rates, templateWaiting: reply.templateRated, categoryWaiting: reply.categoryRated },
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

/** The entry of all templates, as lua/include/template_stop.lua writes it. While one is a probe, the others wait for it. */
function readTemplateStop ({ templateStop, stopped: waiting }: SenderReply): SenderView['templates'] {
  const [state = '', sinceUs, untilUs, , reason = null] = templateStop.split(' ')
  if (state === '') return { state: 'active', reason: null, since: null, until: null, waiting }
  const isEnding = state === 'releasing'
  const until = isEnding || untilUs === '0' ? null : formatTime(Number(untilUs) / 1000)
  return { state: isEnding ? 'ending' : 'stopped', reason, since: formatTime(Number(sinceUs) / 1000), until, waiting }
}

/** By the same rule as lua/include/window.lua. */
function readWindows ({ windows, people, nowMs }: SenderReply): SenderView['windows'] {
  if (windows === '') return { state: 'off', since: null, lastWebhookAt: null, people }
  const [since = 0, last = 0, due = 0, gap = 0] = windows.split(' ').map(Number)
  if (last === 0) return { state: 'collecting', since: null, lastWebhookAt: null, people }
  const isSilent = nowMs - last > gap || (due > 0 && nowMs - due > STATUS_MS)
  const state = isSilent || since > nowMs - WINDOW_MS - MARGIN_MS ? 'collecting' : 'known'
  return { state, since: isSilent ? null : formatTime(since), lastWebhookAt: formatTime(last), people }
}

/** The field `circuit` of :sender, as lua/include/circuit.lua writes it. While failures are only counted, the circuit is closed. */
function readCircuit (text: string): SenderView['circuit'] {
  const [state, atUs, , , sinceUs] = text.split(' ')
  if (state !== 'open' && state !== 'half-open') return { state: 'closed', since: null, nextProbeAt: null, code: null }
  const timestamp = (us: string | undefined): string => formatTime(Number(us) / 1000)
  return { state, since: timestamp(sinceUs), nextProbeAt: state === 'open' ? timestamp(atUs) : null, code: text.split(' ').at(-1) ?? null }
}

/** Seconds since a moment; 0 for none. */
function ageOf (us: number, nowMs: number): number {
  return us === 0 ? 0 : Math.max(0, nowMs / 1000 - us / 1e6)
}

/** The counts as states of a Bull queue. Queued messages are paused if their sender is not active, else waiting if due, else delayed. */
export function queueOf (senders: SenderView[]): Record<'waiting' | 'active' | 'delayed' | 'completed' | 'failed' | 'paused', number> {
  const active = senders.filter(sender => sender.state === 'active')
  const inactive = senders.filter(sender => sender.state !== 'active')
  return {
    waiting: sumOf(active, sender => sender.due),
    active: sumOf(senders, sender => sender.inFlight),
    delayed: sumOf(active, sender => sender.queued - sender.due) + sumOf(senders, sender => sender.retrying + sender.unknown + sender.scheduled),
    completed: sumOf(senders, sender => sender.sentLast24h),
    failed: sumOf(senders, sender => sender.failures.failed),
    paused: sumOf(inactive, sender => sender.queued)
  }
}

/** No node has written the rules of this sender yet. */
export function noRules (): SluiceError {
  return new SluiceError('UNAVAILABLE', { detail: 'no rules are written for this sender yet', retryAfterMs: 1000 })
}

export function sumOf (senders: readonly SenderView[], of: (sender: SenderView) => number): number {
  return senders.reduce((total, sender) => total + of(sender), 0)
}
