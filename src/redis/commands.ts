import { SluiceError } from '../errors.js'
import type { WaitingFor, State } from '../message.js'
import type { Client } from './client.js'
import { flush } from './cork-writes.js'
import { isOwnFault } from './unavailable.js'
import type { CallScript } from './script-call.js'
import { defineScript } from './script-call.js'
import { loadScripts } from './scripts.js'
import type { RunScript } from './batch-calls.js'
import { runAlone, runBatched } from './batch-calls.js'
import type { Waiting } from './waiting.js'
import { createWaiting } from './waiting.js'

/** Which sender's keys a script is to touch, and which idempotency record where it needs one. */
export interface At { sender: string, digest?: string }

type WakeHint = '' | 'call' | 'wake' | 'later'
type Value = string | number | boolean

/** A grant as claim.lua tells it: id, recipient, attempt, stops, lane, lateness in µs, body of the record, limits of the pair in a row. */
export type ClaimedGrant = [id: string, recipient: string, attempt: number, stops: number, lane: number, lateUs: number, body: string, pairHits: number]
/** A grant that recovery found: id, recipient, attempt, holder, record. */
export type FoundGrant = [id: string, recipient: string, attempt: number, holder: string, record: string]

/** An event to be told, as lend.lua hands it out: whose, until when, how often it was tried, and what it says. */
export type LeasedCallback = [subject: string, leaseEndMs: number, tries: number, event: string]

/** What each script answers; the headers in lua/ tell what the places mean. */
export interface Replies {
  admit:
    | ['granted', generation: string]
    | ['queued', generation: string, waitUs: number, waitingFor: WaitingFor, position: number, wakeHint: WakeHint]
    | ['scheduled', generation: string, waitUs: number]
    | ['duplicate' | 'reused', generation: string]
    | ['refused', code: 'BACKLOG_FULL' | 'RECIPIENT_QUEUE_FULL' | 'LIMITED' | 'WOULD_EXPIRE' | 'RECIPIENT_OPTED_OUT', waitUs: number]
    | ['unruled']
  claim:
    | ['attended'] | ['unruled'] | ['ended', WakeHint]
    | ['claimed', nowUs: number, nextUs: number, dropped: number, expired: string[], grants: ClaimedGrant[], unwanted: string[]]
  retake:
    | ['granted', recipient: string, attempt: number, stops: number, lane: number, body: string, pairHits: number]
    | ['queued', WakeHint] | ['expired'] | ['unwanted'] | ['gone'] | ['unruled']
  settle: ['settled', dueMs: number, wakeHint: WakeHint, reopened: number, stopped: number, verdict: 'sent' | 'failed' | 'retry' | 'unknown' | 'wait', gapUs?: number, leastUs?: number] | ['stale']
  receipt: ['sent'] | ['raised'] | ['known'] | ['double'] | ['bounced'] | ['early'] | ['tail', record: string] | ['gone']
  bounce: ['retry', dueMs: number, stopped: number] | ['failed', dueMs: 0, stopped: number] | ['beside'] | ['known'] | ['early'] | ['gone']
  park: ['parked', nextMs: number] | ['known'] | ['full']
  unpark: [nextMs: number, ...due: Array<[name: string, ageMs: number, status: string]>]
  cancel: ['done', WakeHint, hadFailed: number] | ['busy'] | ['alive'] | ['gone']
  'opt-out': [was: number, sinceMs: number, ...waiting: string[]]
  clear: ['cleared', had: number, wakeHint: WakeHint]
  pause: [before: 'active' | 'paused' | 'stopped', wakeHint: WakeHint]
  quota: ['written' | 'kept', version: number] | ['unruled']
  acknowledge: ['acknowledged'] | ['gone']
  relay: ['kept' | 'off' | 'full']
  lend: [nowMs: number, nextMs: number, left: number, dropped: number, lent: LeasedCallback[]]
  told: ['told' | 'dropped', leaseEndMs: number, event: string] | ['later', atMs: number] | ['stale']
  'erase-callbacks': [cursor: string, count: number]
  'find-recipient': string[]
  'erase-message': ['erased', hadResult: number, wasKept: number] | ['busy']
  'erase-pair': ['erased', count: number] | ['busy']
  recover: [wakeHint: '' | 'call', leases: FoundGrant[], lost: FoundGrant[], unknown: Array<[id: string, record: string]>, nextMs: number, parkedDue: number]
  tidy: [expired: string[], buckets: number, failures: number]
  'inspect-message':
    | [state: State, id: string, nowMs: number, result: string, record: string, momentMs: number, waitUs: number, waitingFor: WaitingFor | '', position: number]
    | ['gone']
  'inspect-recipient':
    | ['pair', nowMs: number, waitUs: number, waitingFor: WaitingFor, urgent: number, normal: number, bulk: number, held: number,
        tatUs: number, intervalUs: number, burst: number]
    | ['unruled']
  'inspect-lines': Array<[id: string, record: string, momentMs: number, position: number]>
  'inspect-sender':
    | ['sender', nowMs: number, state: 'active' | 'paused' | 'stopped', resumesMs: number, reason: string, queued: number, due: number,
        inFlight: number, scheduled: number, unknown: number, failures: number, resolved: number, failed: number,
        sentLast24h: number, activeRateLimits: number, unsettled: number, oldestDueUs: number, hasWorker: number,
        pairIntervalUs: number, pairBurst: number, perSecond: number, maxInFlight: number, version: number,
        unattendedUs: number, rejected: number, exhausted: number, expired: number, unknownOutcome: number,
        untold: number, untoldSinceMs: number]
    | ['unruled']
}

/** What each script is told, by the names in its header. A boolean travels as 0 or 1. */
export interface Arguments {
  admit: Timed<'digest' | 'fingerprint' | 'recipient' | 'lane' | 'payload' | 'inline' | 'whenLimited' | 'lifeMs' | 'scheduledFor' |
  'windowMs' | 'holder' | 'leaseMs' | 'lineCap' | 'backlogCap'> & Findable<'terms'> & { marketing?: boolean }
  claim: Timed<'shift' | 'want' | 'mode' | 'holder' | 'leaseMs'>
  retake: Timed<'id' | 'force' | 'inline' | 'holder' | 'leaseMs' | 'lifeMs'> & { history?: string }
  settle: Timed<'id' | 'recipient' | 'attempt' | 'holder' | 'verdict' | 'startedUs' | 'afterMs' | 'bucket' | 'coolMs' | 'code' | 'tail' | 'history'> & Findable<'term'> & { reason?: string, keepMs?: number }
  receipt: Timed<'id' | 'attempt' | 'status' | 'atMs' | 'wamid' | 'tail' | 'history'>
  bounce: Timed<'id' | 'attempt' | 'afterMs' | 'bucket' | 'coolMs' | 'code' | 'reason' | 'wamid' | 'history'>
  park: Timed<'name' | 'status' | 'waitMs' | 'cap'>
  unpark: Timed<'done' | 'waitMs' | 'limit'>
  cancel: Timed<'id' | 'reason' | 'tail' | 'history'>
  'opt-out': Timed<'recipient' | 'wish' | 'note' | 'atMs'>
  clear: Timed<'recipient'>
  pause: Timed<'state' | 'forMs' | 'reason'>
  quota: Record<'operator' | 'settings' | 'pairIntervalUs' | 'pairBurst' | 'flowIntervalUs' | 'flowBurst' | 'maxInFlight' | 'perSecond', Value>
  acknowledge: Timed<'id' | 'history'>
  relay: Timed<'subject' | 'type' | 'data' | 'cap'>
  lend: Timed<'limit' | 'leaseMs' | 'take' | 'cap'>
  told: Timed<'subject' | 'leaseEnd' | 'told' | 'afterMs' | 'giveUpMs' | 'leaseMs' | 'cap' | 'keepMs'>
  'erase-callbacks': Record<'recipient' | 'names' | 'cursor' | 'limit', Value>
  'find-recipient': Record<'recipient' | 'which' | 'cursor' | 'limit', Value>
  'erase-message': Record<'id', Value>
  'erase-pair': Record<'recipient', Value>
  recover: Timed<'lost' | 'limit'>
  tidy: Timed<'retentionMs' | 'cap' | 'limit'>
  'inspect-message': Timed<'id'>
  'inspect-recipient': Timed<'recipient' | 'lane'>
  'inspect-lines': Timed<'which' | 'skip' | 'take' | 'limit'>
  'inspect-sender': Timed<'limit'>
}

/** What a message can be found by; left out, it can't be. */
type Findable<Name extends string> = Partial<Record<Name, string> & { findS: number }>

/** `now` and `runId` are left out in production: Redis's own clock and replication id count. A test hands in µs and a word. */
type Timed<Names extends string> = Record<Names, Value> & { now?: number, runId?: string }

export type ScriptName = keyof Replies
export type Run = <Name extends ScriptName>(name: Name, at: At, args: Arguments[Name]) => Promise<Replies[Name]>

/** Hears of every script that has run, or has failed. On the way of each message twice or more, so it has to be quick. */
export type ScriptWatch = (script: ScriptName, durationMs: number, isFailed: boolean) => void

export interface RunOptions { watch?: ScriptWatch | undefined, waiting?: Waiting, replyWithinMs?: number | undefined }

/** Defines every script on the connection; the answer runs one by name, its keys and arguments put in the header's order. */
export function createRun (redis: Client, prefix: string, { watch = () => undefined, waiting = createWaiting(), replyWithinMs }: RunOptions = {}): Run {
  const plans = new Map<string, { run: RunScript, names: string[], own: string[] }>()
  for (const script of loadScripts()) {
    const call = watched(script.name as ScriptName, defineScript(redis, prefix, script, replyWithinMs), watch)
    plans.set(script.name, { run: script.own === undefined ? runAlone(call) : runBatched(call), names: script.args, own: script.own?.args ?? [] })
  }
  return async <Name extends ScriptName>(name: Name, at: At, args: Arguments[Name]) => {
    const plan = plans.get(name)
    if (plan === undefined) throw new SluiceError('SCRIPT_INVALID', { detail: `lua/${name}.lua is missing` })
    const values = args as Record<string, Value | undefined>
    const part = { digest: at.digest, recipient: text(values['recipient']), args: words(plan.own, values) }
    // From now on, and not from when the call leaves: what a long turn has taken in is work that waits, too.
    const place = waiting.begin()
    try {
      const answer = plan.run(at.sender, words(plan.names, values), part)
      // A claim is latency-critical: it does not wait for the end of this tick.
      if (name === 'claim') flush(redis)
      return await answer as Replies[Name]
    } catch (error) {
      throw translate(name, error)
    } finally {
      waiting.end(place)
    }
  }
}

function watched (name: ScriptName, call: CallScript, watch: ScriptWatch): CallScript {
  return async (sender, args, parts) => {
    const calledAt = performance.now()
    let isFailed = true
    try {
      const reply = await call(sender, args, parts)
      isFailed = false
      return reply
    } finally {
      watch(name, performance.now() - calledAt, isFailed)
    }
  }
}

function words (names: string[], values: Record<string, Value | undefined>): string[] {
  const list: string[] = []
  for (const name of names) list.push(text(values[name]))
  return list
}

function text (value: Value | undefined): string {
  if (value === undefined) return ''
  if (typeof value === 'boolean') return value ? '1' : '0'
  return String(value)
}

/**
 * A script's own fault is INTERNAL; everything else that Redis or the connection refuses is UNAVAILABLE. Only the sentence
 * is kept: the client's error carries the command, and so the text and the recipient of a message.
 */
function translate (name: string, cause: unknown): SluiceError {
  if (cause instanceof SluiceError) return new SluiceError(cause.code, { ...cause.facts, detail: `lua/${name}.lua: ${cause.facts.detail ?? ''}` })
  const message = cause instanceof Error ? cause.message : String(cause)
  if (isOwnFault(message)) return new SluiceError('INTERNAL', { detail: `lua/${name}.lua: ${message}` })
  return new SluiceError('UNAVAILABLE', { retryAfterMs: 1000, cause: message })
}
