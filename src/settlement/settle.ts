import type { Bus, Events } from '../events.js'
import type { Grant, Outcome } from '../message.js'
import type { Arguments, Replies } from '../redis/commands.js'
import { findTerm, indexEntry, indexLifeS } from '../redis/find-terms.js'
import { digestOf, publicId } from '../redis/keys.js'
import { retryWhileUnavailable } from '../redis/retry-while-unavailable.js'
import type { Store } from '../redis/store.js'
import type { Settlement, SettlementSettings } from './decide.js'
import { decide, decideUnknown } from './decide.js'
import type { StoredMessage, HistoryEntry } from './record.js'
import { optOutNote, resultTail } from './record.js'

/** With webhooks: how long the record of a sent message is kept for a failed status. */
const RECEIPT_WITHIN_MS = 15 * 60_000

/** The reply for an attempt that an earlier call settled as sent, if that call's reply was lost. */
const ALREADY_SENT = { dueMs: 0, stopped: false, settlement: 'sent' } as const

type Settled = Pick<Extract<Replies['settle'], { status: 'settled' }>, 'dueMs' | 'stopped' | 'settlement'> &
  { resumed?: boolean, gapUs?: number, leastUs?: number }

export interface SettlementDeps { store: Store, events: Bus, settlement: SettlementSettings }

export interface SettleResult {
  /** `stale`: the grant was no longer ours, and its end has been settled elsewhere. */
  status: Exclude<Settlement['status'], 'stop'> | 'stale'
  reason?: NonNullable<HistoryEntry['reason']>
  /** When the next attempt, or the decision on an unknown outcome, is due; ms since the epoch. */
  dueAt?: number
}

/** Writes the outcome of a grant, once. Retries without a limit while Redis is unavailable: only this process knows the outcome. */
export async function settle (deps: SettlementDeps, grant: Grant, outcome: Outcome): Promise<SettleResult> {
  const settlement = decide(outcome, grant, deps.settlement)
  const resultSuffix = resultTail(grant.payload, outcome.status === 'sent' ? outcome : undefined, deps.settlement.callbacksEnabled)
  const isRecorded = settlement.status !== 'wait' && (outcome.status !== 'sent' || grant.attempt > 1)
  const reply = await writeSettlement(deps, grant.sender, grant.id, {
    id: grant.id,
    recipient: grant.recipient,
    attempt: grant.attempt,
    holder: grant.holder,
    settlement: settlement.status,
    startedUs: outcome.startedAfterMs === null ? '' : Math.ceil(outcome.startedAfterMs * 1000),
    afterMs: settlement.afterMs,
    bucket: settlement.bucket,
    coolMs: settlement.coolMs,
    code: codeOf(outcome, settlement),
    resultSuffix,
    history: isRecorded ? historyEntry(grant.attempt, outcome, settlement) : '',
    reason: settlement.reason ?? '',
    term: outcome.status !== 'sent' || deps.settlement.findMs === 0 ? '' : indexEntry(findTerm('provider', outcome.providerMessageId), grant.id),
    // The same in all calls, so that batch-calls.ts can join them.
    findS: indexLifeS(deps.settlement.findMs),
    keepMs: deps.settlement.webhooksEnabledFor?.(grant.sender) === true ? RECEIPT_WITHIN_MS : 0
  })
  // The wake hint of a call that succeeded earlier may be lost with its reply. Recovery alone ends the hold of an unknown outcome.
  if (reply.status === 'stale' || settlement.status === 'unknown') deps.store.recoverySchedule.markDue(grant.sender)
  const settled: Settled | null = reply.status === 'settled' ? reply : await settleStale(deps, grant, outcome, settlement, resultSuffix)
  if (settled === null) return { status: 'stale' }
  const { dueMs, resumed = false, stopped, settlement: status, gapUs, leastUs } = settled
  const event: Events['attempt.settled'][0] = {
    sender: grant.sender,
    id: publicId(grant.sender, grant.id),
    recipient: grant.recipient,
    caller: grant.payload.caller,
    attempt: grant.attempt,
    lane: grant.lane,
    outcome: outcome.status,
    startedAfterMs: outcome.startedAfterMs,
    durationMs: outcome.durationMs,
    lateMs: grant.lateUs / 1000 + (outcome.startedAfterMs ?? 0),
    settlement: status
  }
  if ('code' in outcome) event.code = outcome.code
  if (dueMs > 0) event.nextRetryAt = dueMs
  if (status === 'double') reportStale(deps, grant, outcome, status)
  else deps.events.emit('attempt.settled', event)
  if (stopped && 'code' in outcome) deps.events.emit('sender.stopped', { sender: grant.sender, code: outcome.code, error: outcome.error })
  if (resumed) deps.events.emit('sender.resumed', { sender: grant.sender })
  if (gapUs !== undefined && leastUs !== undefined) {
    deps.events.emit('pair.violated', {
      sender: grant.sender, id: publicId(grant.sender, grant.id), gapMs: gapUs / 1000, intervalMs: leastUs / 1000
    })
  }
  return toResult(status, settlement.reason, dueMs)
}

/** Settles an unknown outcome whose hold is over, by the message's own policy, else the sender's, else the gateway's. */
export async function settleUnknown (deps: SettlementDeps, sender: string, id: string, kept: StoredMessage): Promise<SettleResult> {
  const { unknownOf, unknownOutcome } = deps.settlement
  const settlement = decideUnknown(kept.attempts, kept.payload.onUnknown ?? unknownOf?.(sender) ?? unknownOutcome, deps.settlement)
  const entry = { outcome: 'unknown', note: 'no receipt came', ...(settlement.reason === undefined ? {} : { reason: settlement.reason }) }
  const reply = await writeSettlement(deps, sender, id, {
    id,
    recipient: kept.recipient,
    attempt: kept.attempts,
    holder: '',
    settlement: settlement.status,
    startedUs: '',
    afterMs: settlement.afterMs,
    bucket: '',
    coolMs: 0,
    code: '',
    resultSuffix: resultTail(kept.payload, undefined, deps.settlement.callbacksEnabled),
    history: JSON.stringify(entry),
    reason: settlement.reason ?? '',
    findS: indexLifeS(deps.settlement.findMs)
  })
  if (reply.status === 'stale') return { status: 'stale' }
  if (reply.settlement === 'failed') deps.events.emit('message.closed', { sender, id: publicId(sender, id), state: 'failed' })
  return toResult(reply.settlement, settlement.reason, reply.dueMs)
}

/**
 * Handles a stale token: either an earlier call of ours settled the attempt and its reply was lost, or recovery took the grant over, since this
 * process was out of reach for longer than the lease. What it knows for certain counts in both cases: a success, so that the message is not sent
 * again if that can still be avoided; and a refusal or a send that never started, so that its outcome is not left unknown. Null: it changes nothing.
 */
async function settleStale (
  deps: SettlementDeps, grant: Grant, outcome: Outcome, settlement: Settlement, resultSuffix: string
): Promise<Settled | null> {
  let result: string
  if (outcome.status === 'sent') {
    const entry = historyEntry(grant.attempt, outcome, { status: 'sent', afterMs: 0, bucket: '', coolMs: 0 })
    const at = { sender: grant.sender, digest: digestOf(grant.id) }
    const args = { id: grant.id, attempt: 0, status: 's', atMs: 0, wamid: outcome.providerMessageId, resultSuffix, history: entry }
    result = (await persist(async () => await deps.store.run('receipt', at, args))).status
    if (result === 'known') return ALREADY_SENT
  } else {
    const late = outcome.status === 'unknown' ? { status: 'stale' } as const : await settleLate(deps, grant, outcome, settlement, resultSuffix)
    if (late.status === 'settled') return late
    result = late.status === 'noted' ? 'noted' : 'ignored'
  }
  reportStale(deps, grant, outcome, result)
  return null
}

/** Settles an attempt that recovery has taken for lost by its definite outcome. */
async function settleLate (
  deps: SettlementDeps, { sender, id, attempt, holder, pairHits }: Grant, outcome: Outcome, settlement: Settlement, resultSuffix: string
): Promise<Replies['settle-late']> {
  const { status, afterMs, bucket, coolMs, reason = '' } = settlement
  return await write(deps, sender, async () => await deps.store.run('settle-late', { sender, digest: digestOf(id) }, {
    id,
    attempt,
    holder,
    settlement: status,
    afterMs,
    bucket,
    coolMs,
    code: codeOf(outcome, settlement),
    pairHits,
    resultSuffix,
    history: historyEntry(attempt, outcome, settlement, 'reported after its lease had expired'),
    reason
  }))
}

function reportStale (deps: SettlementDeps, grant: Grant, outcome: Outcome, result: string): void {
  deps.events.emit('attempt.stale', {
    sender: grant.sender,
    id: publicId(grant.sender, grant.id),
    attempt: grant.attempt,
    outcome: outcome.status,
    ...('code' in outcome ? { code: outcome.code } : {}),
    result
  })
}

/** Argument `code` of settle.lua: why the sender stops, or the note that is kept with an opt-out (JSON). */
function codeOf (outcome: Outcome, settlement: Settlement): string {
  if (!('code' in outcome)) return ''
  return settlement.bucket === 'marketing' ? optOutNote('whatsapp', outcome.code) : outcome.code
}

function historyEntry (attempt: number, outcome: Outcome, settlement: Settlement, note?: string): string {
  const entry: Omit<HistoryEntry, 'at'> = {
    attempt,
    outcome: outcome.status,
    durationMs: Math.round(outcome.durationMs),
    ...('code' in outcome ? { code: outcome.code, error: outcome.error } : {}),
    ...(outcome.status === 'sent' ? { providerMessageId: outcome.providerMessageId } : {}),
    ...(settlement.reason === undefined ? {} : { reason: settlement.reason }),
    ...(outcome.status === 'rejected' && outcome.retryNotBeforeMs !== undefined ? { retryNotBeforeMs: outcome.retryNotBeforeMs } : {}),
    ...(note === undefined ? {} : { note })
  }
  return JSON.stringify(entry)
}

type FinalStatus = Extract<Replies['settle'], { status: 'settled' }>['settlement']

/** `superseded` and `double`: the message had been settled as sent already. */
function toResult (settled: FinalStatus, reason: Settlement['reason'], dueMs: number): SettleResult {
  const status = settled === 'superseded' || settled === 'double' ? 'sent' : settled
  const result: SettleResult = { status }
  if (reason !== undefined && status === 'failed') result.reason = reason
  if (dueMs > 0) result.dueAt = dueMs
  return result
}

async function writeSettlement (deps: SettlementDeps, sender: string, id: string, args: Arguments['settle']): Promise<Replies['settle']> {
  return await write(deps, sender, async () => await deps.store.run('settle', { sender, digest: digestOf(id) }, args))
}

async function write<Reply extends { status: string }> (deps: SettlementDeps, sender: string, call: () => Promise<Reply>): Promise<Reply> {
  let reply: Reply | undefined
  return await persist(async () => {
    const latest = await call()
    // A repeat is stale where an unconfirmed call has written; after a failover it may find that this write was lost, and writes again.
    if (reply === undefined || latest.status !== 'stale') reply = latest
    await deps.store.hold(sender)
    return reply
  })
}

/** Retries without a time limit: only this process knows the outcome. Safe to repeat, since a script that has run finds its token stale. */
async function persist<Reply> (call: () => Promise<Reply>): Promise<Reply> {
  return await retryWhileUnavailable(call, { withinMs: Infinity })
}
