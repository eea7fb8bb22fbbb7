import type { Lane, State, WaitingFor } from '../message.js'
import type { CircuitState, SenderState } from '../sender-facts.js'
import type { SenderReply } from './sender-reply.js'

/** Who has to react to a new ready time: see lua/include/wake_hint.lua. */
export type WakeHint = '' | 'enqueue' | 'notify' | 'defer'

/** A message that claim.lua granted. `lane`: from 1; `body`: payload and history; `pairHits`: consecutive attempts that met the pair limit. */
export interface ClaimedGrant {
  id: string
  recipient: string
  attempt: number
  stops: number
  lane: number
  lateUs: number
  body: string
  pairHits: number
  /** Its window is closed, and its other template is to be sent. */
  replaced?: boolean
}

/** A grant that recovery found. `record` is empty where a receipt has settled the message while it was in flight. */
export interface FoundGrant { id: string, recipient: string, attempt: number, holder: string, record: string }
/** A callback that is leased until `leaseEndMs`. */
export interface LeasedCallback { subject: string, leaseEndMs: number, tries: number, event: string }

/** Why admit.lua accepts no message. */
export type RejectionCode =
  'BACKLOG_FULL' | 'RECIPIENT_QUEUE_FULL' | 'LIMITED' | 'WOULD_EXPIRE' | 'RECIPIENT_OPTED_OUT' | 'TEMPLATE_REJECTED' | 'WINDOW_CLOSED' |
  'CAMPAIGN_CANCELLED' | 'CALLER_BACKLOG_FULL'

type Pair = Record<Lane, number> & {
  status: 'pair'
  nowMs: number
  waitUs: number
  waitingFor: WaitingFor
  isGranted: boolean
  tatUs: number
  intervalUs: number
  burst: number
  window: 'open' | 'closed' | 'unknown'
  actMs: number
}
interface NoRules { status: 'no_rules' }
/** Of other messages, which this call has put into their queues. */
interface Hinted { wakeHint?: WakeHint }
/** `kinds`: names separated by spaces. */
interface Checked { status: 'checked', kinds: string }
type Repaired = Bare<'repaired' | 'gone'> | { status: 'left', why: string }
interface Bare<Status extends string> { status: Status }

/** The reply of each script. The headers in lua/ declare the same fields and say what they mean; the loader reads the fields from there. */
export interface Replies {
  admit:
    | ({ status: 'granted', generation: string, lane: number, replaced?: boolean } & Hinted)
    | ({ status: 'queued', generation: string, lane: number, waitUs: number, waitingFor: WaitingFor, position: number } & Hinted)
    | ({ status: 'scheduled', generation: string, lane: number, waitUs: number } & Hinted)
    | ({ status: 'duplicate' | 'reused', generation: string } & Hinted)
    | ({ status: 'lapsed', result: string } & Hinted)
    | ({ status: 'rejected', code: RejectionCode, waitUs: number } & Hinted)
    | NoRules
  claim:
    | Bare<'leased'> | NoRules | { status: 'ended', wakeHint: WakeHint }
    | ({ status: 'claimed', nowUs: number, nextUs: number, dropped: number } &
      { expired: string[], grants: ClaimedGrant[], unwanted: string[], isProbe?: boolean, closed?: string[] })
  retry:
    | { status: 'granted', recipient: string, attempt: number, stops: number, lane: number, body: string, pairHits: number, nowMs: number }
    | { status: 'queued', wakeHint: WakeHint } | Bare<'expired' | 'unwanted' | 'gone'> | NoRules
  settle: Bare<'stale'> | {
    status: 'settled'
    dueMs: number
    wakeHint: WakeHint
    resumed: boolean
    stopped: boolean
    settlement: 'sent' | 'failed' | 'retry' | 'unknown' | 'wait' | 'superseded' | 'double'
    circuit: '' | 'opened' | 'half-open' | 'closed'
    gapUs?: number
    leastUs?: number
  }
  'settle-late': Bare<'explained' | 'stale'> |
    { status: 'settled', dueMs: number, wakeHint: WakeHint, stopped: boolean, settlement: 'failed' | 'retry' | 'wait' }
  receipt: Bare<'sent' | 'advanced' | 'known' | 'double' | 'bounced' | 'in-flight' | 'gone'> | { status: 'needs_suffix', record: string }
  bounce:
    | { status: 'retry' | 'failed', dueMs: number, stopped: boolean } | Bare<'failure-ignored' | 'known' | 'in-flight' | 'gone'>
    | { status: 'needs_payload', result: string } | { status: 'needs_suffix', record: string }
  'release-key': Bare<'released' | 'unchanged'>
  park: { status: 'parked', nextMs: number, dropped: string } | Bare<'known'>
  unpark: { status: 'unparked', nextMs: number, due: Array<{ name: string, ageMs: number, status: string }> }
  cancel: { status: 'done', wakeHint: WakeHint, hadFailed: boolean } | Bare<'busy' | 'alive' | 'gone'>
  move: { status: 'moved', isScheduled: boolean, wakeHint: WakeHint } | Bare<'unchanged' | 'expires' | 'retrying' | 'busy' | 'gone'>
  'record-windows': { status: 'recorded', released: number, isGap: boolean, wakeHint: WakeHint } | Bare<'off'>
  'set-window-check': Bare<'written'>
  'watch-statuses': { status: 'off', change: '' | 'ended' } | NoRules |
    { status: 'watched', change: '' | 'begun' | 'ended', percent: number, accepted: number, wakeHint: WakeHint }
  'set-ceiling': { status: 'written', wasLower: boolean, isLower: boolean } | Bare<'rejected'> | NoRules
  'set-daily-limit': { status: 'written', portfolio: string, was: number, limit: number } | Bare<'unchanged'>
  'set-share': { status: 'share', share: number, used: number, people: number, limit: number } | { status: 'other', used: number } | Bare<'stale'>
  'lease-shares': { status: 'leased', round: number, shares: string } | Bare<'stale'>
  'opt-out': { status: 'written', was: boolean, sinceMs: number, waiting: string[] }
  'set-health': { status: 'written', stopped: '' | 'sender' | 'templates', ended: '' | 'sender' | 'templates', wakeHint: WakeHint }
  'set-template': { status: 'written', had: boolean } | Bare<'unchanged'>
  'schedule-read': Bare<'begun' | 'later'> | { status: 'scheduled', dueMs: number }
  'limit-caller': { status: 'taken', accepted: number, left: number, waitUs: number }
  'release-suspended':
    | NoRules | { status: 'released', count: number, rejected: string[], isDone: boolean, wakeHint: WakeHint, cancelled: string[], ended: string[] }
  'set-campaign':
    | { status: 'written', had: boolean, isPlanned: boolean, wakeHint: WakeHint }
    | { status: 'wrong', field: 'startAt' | 'endAt', reason: 'past' | 'order', startAt: number, endAt: number }
    | Bare<'cancelled' | 'possible'>
  'set-rate': { status: 'written', wakeHint: WakeHint } | Bare<'unchanged' | 'full'>
  'inspect-campaigns': {
    status: 'campaigns'
    nowMs: number
    cursor: string
    found: Array<{ name: string, entry: string, inFlight: number, plan: string, isOverdue: boolean }>
  }
  'inspect-callers': {
    status: 'callers', nowMs: number, found: Array<{ name: string, entry: string, inFlight: number, readyUs: number }>
  }
  'find-messages': { status: 'page', cursor: string, scanned: number, messages: Array<{ id: string, record: string, state: string }> }
  clear: { status: 'cleared', had: boolean, wakeHint: WakeHint }
  pause: { status: 'done', before: SenderState, wakeHint: WakeHint, circuit: CircuitState, hadHold?: boolean }
  'cool-sender': { status: 'cooling', untilUs: number } | NoRules
  quota: { status: 'written' | 'unchanged', version: number } | NoRules
  acknowledge: Bare<'acknowledged' | 'gone'>
  'count-activity': Bare<'counted'>
  relay: Bare<'queued' | 'off'>
  'lease-callbacks': {
    status: 'leased'
    nowMs: number
    dueMs: number
    retryMs: number
    left: number
    dropped: number
    callbacks: LeasedCallback[]
  }
  'settle-callback':
    | { status: 'delivered' | 'dead-lettered', leaseEndMs: number, event: string } | { status: 'retry-scheduled', atMs: number } | Bare<'stale'>
  'erase-callbacks': { status: 'page', cursor: string, count: number }
  'find-recipient': { status: 'page', cursor: string, messages: Array<{ id: string, record: string }> }
  'erase-message': { status: 'erased', hadResult: boolean, wasFailure: boolean } | Bare<'busy'>
  'erase-pair': { status: 'erased', count: number } | Bare<'busy'>
  'erase-entries': { status: 'erased', count: number }
  recover: {
    status: 'recovered'
    wakeHint: '' | 'enqueue'
    leases: FoundGrant[]
    lost: FoundGrant[]
    unknown: Array<{ id: string, record: string }>
    nextMs: number
    parkedDue: boolean
  }
  'check-messages': Checked
  'check-pairs': Checked
  'check-bodies': Checked
  'check-holds': Checked
  'repair-message': Repaired
  'repair-pair': Repaired
  'repair-body': Repaired
  'repair-hold': Repaired
  'repair-count': Bare<'repaired' | 'gone'>
  'repair-schedule': Bare<'repaired' | 'gone'>
  prune: { status: 'pruned', expired: string[], buckets: number, failures: number, cutFailed: number, cutResolved: number }
  forget: Bare<'forgotten' | 'in-use'>
  'inspect-message': Bare<'gone'> | {
    status: 'found'
    state: State
    id: string
    nowMs: number
    result: string
    record: string
    momentMs: number
    waitUs: number
    waitingFor: WaitingFor | ''
    position: number
  }
  'inspect-recipient': Pair | NoRules
  'inspect-queue': { status: 'page', messages: Array<{ id: string, record: string, momentMs: number, position: number }> }
  'inspect-sender': SenderReply | NoRules
}

type Value = string | number | boolean

/** The arguments of each script, by the names in its header. A boolean is sent as 0 or 1. */
export interface Arguments {
  admit: Timed<'digest' | 'fingerprint' | 'recipient' | 'lane' | 'payload' | 'inline' | 'whenLimited' | 'lifeMs' | 'scheduledFor' |
  'windowMs' | 'holder' | 'leaseMs' | 'queueCap' | 'backlogCap'> & Findable<'terms'> &
    { laneDefault?: boolean, marketing?: boolean, template?: string, caller?: string }
  claim: Timed<'drainRun' | 'want' | 'mode' | 'holder' | 'leaseMs'>
  retry: Timed<'id' | 'force' | 'inline' | 'holder' | 'leaseMs' | 'lifeMs'> & { history?: string }
  settle: Timed<'id' | 'recipient' | 'attempt' | 'holder' | 'settlement' | 'startedUs' | 'afterMs' | 'bucket' | 'coolMs' | 'code' | 'resultSuffix' |
  'history'> & Findable<'term'> & { reason?: string, keepMs?: number }
  'settle-late': Timed<'id' | 'attempt' | 'holder' | 'settlement' | 'afterMs' | 'bucket' | 'coolMs' | 'code' | 'pairHits' | 'resultSuffix' |
  'history' | 'reason'>
  receipt: Timed<'id' | 'attempt' | 'status' | 'atMs' | 'wamid' | 'resultSuffix' | 'history'>
  bounce: Timed<'id' | 'attempt' | 'afterMs' | 'bucket' | 'coolMs' | 'code' | 'reason' | 'wamid' | 'history'> &
    { optOut?: string, template?: string, payload?: string, resultSuffix?: string }
  'release-key': Timed<'id' | 'payload' | 'history'>
  park: Timed<'name' | 'status' | 'waitMs' | 'cap'>
  unpark: Timed<'done' | 'waitMs' | 'limit'>
  cancel: Timed<'id' | 'reason' | 'resultSuffix' | 'history'>
  move: Timed<'id' | 'lane' | 'scheduledFor' | 'expiresAt' | 'history'>
  'opt-out': Timed<'recipient' | 'preference' | 'source' | 'atMs'>
  'record-windows': Timed<'acts'>
  'set-window-check': Record<'gapMs', Value>
  'watch-statuses': Timed<'mostMs'>
  'set-ceiling': Timed<'step' | 'level' | 'perSecond' | 'intervalUs' | 'burst' | 'number'>
  'set-health': Timed<'facts' | 'scope' | 'cause'>
  'set-template': Timed<'template' | 'state' | 'atMs' | 'untilMs' | 'code' | 'name'>
  'limit-caller': Timed<'caller' | 'intervalUs' | 'burst' | 'want'>
  'set-daily-limit': Timed<'step' | 'limit' | 'portfolio' | 'portfolioLimit' | 'ramp'>
  'set-share': Timed<'portfolio' | 'round' | 'step' | 'share'>
  'lease-shares': Timed<'portfolio' | 'round' | 'step' | 'limit' | 'shares'>
  'schedule-read': Timed<'account' | 'step' | 'afterMs' | 'code'>
  'release-suspended': Timed<'limit'>
  'set-campaign': Timed<'campaign' | 'state'> & Partial<Record<'lane' | 'perSecond' | 'startAt' | 'endAt' | 'check', Value>>
  'set-rate': Timed<'template' | 'language' | 'category' | 'perSecond' | 'most'>
  'inspect-campaigns': Timed<'campaign'> & Partial<Record<'prefix' | 'cursor' | 'limit', Value>>
  'inspect-callers': Timed<'limit'>
  'find-messages': Record<'which' | 'campaign' | 'cursor' | 'limit', Value>
  clear: Timed<'recipient'>
  pause: Timed<'state' | 'forMs' | 'reason'>
  'cool-sender': Timed<'startingMs'>
  quota: Timed<'operator' | 'settings' | 'pairIntervalUs' | 'pairBurst' | 'senderIntervalUs' | 'senderBurst' | 'maxInFlight' | 'perSecond'>
  acknowledge: Timed<'id' | 'history'>
  'count-activity': Timed<'counts' | 'ids' | 'most' | 'countsLifeS' | 'idsLifeS'>
  relay: Timed<'subject' | 'type' | 'data'>
  'lease-callbacks': Timed<'limit' | 'retryLimit' | 'probe' | 'leaseMs' | 'moveLimit'>
  'settle-callback': Timed<'subject' | 'leaseEnd' | 'delivered' | 'afterMs' | 'giveUpMs' | 'leaseMs' | 'cap' | 'keepMs'>
  'erase-callbacks': Record<'recipient' | 'names' | 'cursor' | 'limit', Value>
  'find-recipient': Record<'recipient' | 'which' | 'cursor' | 'limit', Value>
  'erase-message': Record<'id', Value>
  'erase-pair': Record<'recipient', Value>
  'erase-entries': Record<'term' | 'reference', Value>
  recover: Timed<'lost' | 'limit'> & { graceMs?: number }
  'check-messages': Timed<'rememberMs' | 'id' | 'lane' | 'member'>
  'check-pairs': Timed<'recipient'>
  'check-bodies': Record<'name', Value>
  'check-holds': Timed<'group'>
  'repair-message': Timed<'id' | 'lane' | 'member' | 'kind' | 'rememberMs' | 'history'>
  'repair-pair': Timed<'recipient' | 'kind'>
  'repair-body': Timed<'name' | 'kind'>
  'repair-hold': Timed<'group' | 'kind'>
  'repair-count': Timed<'name' | 'entry' | 'unsettled'>
  'repair-schedule': Record<'name', Value>
  prune: Timed<'retentionMs' | 'cap' | 'limit'>
  forget: Timed<'afterMs'>
  'inspect-message': Timed<'id'>
  'inspect-recipient': Timed<'recipient' | 'lane'>
  'inspect-queue': Timed<'which' | 'skip' | 'size' | 'limit'>
  'inspect-sender': Timed<'limit'>
}

/** Terms of the look-up index; without them a message cannot be found. */
type Findable<Name extends string> = Partial<Record<Name, string> & { findS: number }>

/** `now` and `runId` are left out in production: Redis's own clock and replication id count. A test passes µs and a word. */
type Timed<Names extends string> = Record<Names, Value> & { now?: number, runId?: string }

export type ScriptName = keyof Replies
