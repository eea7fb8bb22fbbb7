import type { Lane, State, WaitingFor } from '../message.js'
import type { SenderCounts, SenderState } from '../sender-facts.js'

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
}

/** A grant that recovery found. `record` is empty where a receipt has settled the message while it was in flight. */
export interface FoundGrant { id: string, recipient: string, attempt: number, holder: string, record: string }
/** A callback that is leased until `leaseEndMs`. */
export interface LeasedCallback { subject: string, leaseEndMs: number, tries: number, event: string }

/** Reply of inspect-sender.lua. Times are since the epoch, 0 for none. */
export interface SenderReply extends SenderCounts {
  status: 'sender'
  nowMs: number
  state: SenderState
  resumesMs: number
  reason: string
  pairIntervalUs: number
  pairBurst: number
  perSecond: number
  maxInFlight: number
  version: number
  oldestDueUs: number
  unattendedUs: number
  /** Failures that wait for their next retry. */
  retrying: number
  /** These, and those whose retry has begun. */
  pending: number
  resolved: number
  failed: number
  rejected: number
  exhausted: number
  expired: number
  unknownOutcome: number
  callbacksWaiting: number
  callbacksSinceMs: number
}

type Pair = Record<Lane, number> & {
  status: 'pair'
  nowMs: number
  waitUs: number
  waitingFor: WaitingFor
  isGranted: boolean
  tatUs: number
  intervalUs: number
  burst: number
}
interface NoRules { status: 'no_rules' }
/** `faults`: names separated by spaces. */
interface Checked { status: 'checked', faults: string }
type Repaired = Bare<'repaired' | 'gone'> | { status: 'left', why: string }
interface Bare<Status extends string> { status: Status }

/** The reply of each script. The headers in lua/ declare the same fields and say what they mean; the loader reads the fields from there. */
export interface Replies {
  admit:
    | { status: 'granted', generation: string }
    | { status: 'queued', generation: string, waitUs: number, waitingFor: WaitingFor, position: number, wakeHint: WakeHint }
    | { status: 'scheduled', generation: string, waitUs: number }
    | { status: 'duplicate' | 'reused', generation: string }
    | { status: 'lapsed', result: string }
    | { status: 'refused', code: 'BACKLOG_FULL' | 'RECIPIENT_QUEUE_FULL' | 'LIMITED' | 'WOULD_EXPIRE' | 'RECIPIENT_OPTED_OUT', waitUs: number }
    | NoRules
  claim:
    | Bare<'leased'> | NoRules | { status: 'ended', wakeHint: WakeHint }
    | { status: 'claimed', nowUs: number, nextUs: number, dropped: number, expired: string[], grants: ClaimedGrant[], unwanted: string[] }
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
    gapUs?: number
    leastUs?: number
  }
  'settle-late': Bare<'noted' | 'stale'> |
    { status: 'settled', dueMs: number, wakeHint: WakeHint, stopped: boolean, settlement: 'failed' | 'retry' | 'wait' }
  receipt: Bare<'sent' | 'raised' | 'known' | 'double' | 'bounced' | 'early' | 'gone'> | { status: 'needs_suffix', record: string }
  bounce:
    | { status: 'retry' | 'failed', dueMs: number, stopped: boolean } | Bare<'beside' | 'known' | 'early' | 'gone'>
    | { status: 'needs_payload', result: string } | { status: 'needs_suffix', record: string }
  'release-key': Bare<'released' | 'kept'>
  park: { status: 'parked', nextMs: number, dropped: string } | Bare<'known'>
  unpark: { status: 'unparked', nextMs: number, due: Array<{ name: string, ageMs: number, status: string }> }
  cancel: { status: 'done', wakeHint: WakeHint, hadFailed: boolean } | Bare<'busy' | 'alive' | 'gone'>
  'opt-out': { status: 'written', was: boolean, sinceMs: number, waiting: string[] }
  clear: { status: 'cleared', had: boolean, wakeHint: WakeHint }
  pause: { status: 'done', before: 'active' | 'paused' | 'stopped', wakeHint: WakeHint }
  'cool-sender': { status: 'cooling', untilUs: number } | NoRules
  quota: { status: 'written' | 'kept', version: number } | NoRules
  acknowledge: Bare<'acknowledged' | 'gone'>
  relay: Bare<'kept' | 'off'>
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
  'erase-message': { status: 'erased', hadResult: boolean, wasKept: boolean } | Bare<'busy'>
  'erase-pair': { status: 'erased', count: number } | Bare<'busy'>
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
  'repair-message': Repaired
  'repair-pair': Repaired
  'repair-body': Repaired
  'repair-schedule': Bare<'repaired' | 'gone'>
  prune: { status: 'pruned', expired: string[], buckets: number, failures: number, cutFailed: number, cutResolved: number }
  forget: Bare<'forgotten' | 'kept'>
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
  'windowMs' | 'holder' | 'leaseMs' | 'queueCap' | 'backlogCap'> & Findable<'terms'> & { marketing?: boolean }
  claim: Timed<'drainRun' | 'want' | 'mode' | 'holder' | 'leaseMs'>
  retry: Timed<'id' | 'force' | 'inline' | 'holder' | 'leaseMs' | 'lifeMs'> & { history?: string }
  settle: Timed<'id' | 'recipient' | 'attempt' | 'holder' | 'settlement' | 'startedUs' | 'afterMs' | 'bucket' | 'coolMs' | 'code' | 'resultSuffix' |
  'history'> & Findable<'term'> & { reason?: string, keepMs?: number }
  'settle-late': Timed<'id' | 'attempt' | 'holder' | 'settlement' | 'afterMs' | 'bucket' | 'coolMs' | 'code' | 'pairHits' | 'resultSuffix' |
  'history' | 'reason'>
  receipt: Timed<'id' | 'attempt' | 'status' | 'atMs' | 'wamid' | 'resultSuffix' | 'history'>
  bounce: Timed<'id' | 'attempt' | 'afterMs' | 'bucket' | 'coolMs' | 'code' | 'reason' | 'wamid' | 'history'> &
    { optOut?: string, payload?: string, resultSuffix?: string }
  'release-key': Timed<'id' | 'payload' | 'history'>
  park: Timed<'name' | 'status' | 'waitMs' | 'cap'>
  unpark: Timed<'done' | 'waitMs' | 'limit'>
  cancel: Timed<'id' | 'reason' | 'resultSuffix' | 'history'>
  'opt-out': Timed<'recipient' | 'preference' | 'note' | 'atMs'>
  clear: Timed<'recipient'>
  pause: Timed<'state' | 'forMs' | 'reason'>
  'cool-sender': Timed<'startingMs'>
  quota: Record<'operator' | 'settings' | 'pairIntervalUs' | 'pairBurst' | 'senderIntervalUs' | 'senderBurst' | 'maxInFlight' | 'perSecond', Value>
  acknowledge: Timed<'id' | 'history'>
  relay: Timed<'subject' | 'type' | 'data'>
  'lease-callbacks': Timed<'limit' | 'retryLimit' | 'probe' | 'leaseMs' | 'take'>
  'settle-callback': Timed<'subject' | 'leaseEnd' | 'delivered' | 'afterMs' | 'giveUpMs' | 'leaseMs' | 'cap' | 'keepMs'>
  'erase-callbacks': Record<'recipient' | 'names' | 'cursor' | 'limit', Value>
  'find-recipient': Record<'recipient' | 'which' | 'cursor' | 'limit', Value>
  'erase-message': Record<'id', Value>
  'erase-pair': Record<'recipient', Value>
  recover: Timed<'lost' | 'limit'> & { graceMs?: number }
  'check-messages': Timed<'rememberMs' | 'id' | 'lane' | 'member'>
  'check-pairs': Timed<'recipient'>
  'check-bodies': Record<'name', Value>
  'repair-message': Timed<'id' | 'lane' | 'member' | 'fault' | 'rememberMs' | 'history'>
  'repair-pair': Timed<'recipient' | 'fault'>
  'repair-body': Timed<'name' | 'fault'>
  'repair-schedule': Record<'name', Value>
  prune: Timed<'retentionMs' | 'cap' | 'limit'>
  forget: Timed<'afterMs'>
  'inspect-message': Timed<'id'>
  'inspect-recipient': Timed<'recipient' | 'lane'>
  'inspect-queue': Timed<'which' | 'skip' | 'take' | 'limit'>
  'inspect-sender': Timed<'limit'>
}

/** Terms of the look-up index; without them a message cannot be found. */
type Findable<Name extends string> = Partial<Record<Name, string> & { findS: number }>

/** `now` and `runId` are left out in production: Redis's own clock and replication id count. A test passes µs and a word. */
type Timed<Names extends string> = Record<Names, Value> & { now?: number, runId?: string }

export type ScriptName = keyof Replies
