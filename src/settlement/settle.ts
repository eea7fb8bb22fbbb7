import type { Bus, Events } from '../events.js'
import type { Grant, Outcome } from '../message.js'
import type { Arguments, Replies } from '../redis/commands.js'
import { findTerm, indexLifeS } from '../redis/find-terms.js'
import { digestOf, publicId } from '../redis/keys.js'
import { retryWhileUnavailable } from '../redis/retry-while-unavailable.js'
import type { Store } from '../redis/store.js'
import type { SettlementSettings, Verdict } from './decide.js'
import { decide, decideUnknown } from './decide.js'
import type { StoredMessage, HistoryEntry } from './record.js'
import { optOutNote, resultTail } from './record.js'

/** How long a sent message's record is kept for a receipt that says otherwise, where receipts are heard at all. */
const RECEIPT_WITHIN_MS = 15 * 60_000

/** An earlier call of ours had settled it as sent, and its reply was lost. */
const ALREADY_SENT = { dueMs: 0, resumed: false, stopped: false, verdict: 'sent', gapUs: undefined, leastUs: undefined } as const

export interface SettlementDeps { store: Store, events: Bus, settlement: SettlementSettings }

export interface SettleResult {
  /** `stale`: the grant was no longer ours; whatever came of it has been settled elsewhere. */
  verdict: Exclude<Verdict['verdict'], 'stop'> | 'stale'
  reason?: NonNullable<HistoryEntry['reason']>
  /** When the next attempt, or the decision on an unknown outcome, is due; ms since the epoch. */
  dueAt?: number
}

/** Writes what a grant came to, once. Goes on trying while Redis is away: only this process knows the outcome. */
export async function settle (deps: SettlementDeps, grant: Grant, outcome: Outcome): Promise<SettleResult> {
  const verdict = decide(outcome, grant, deps.settlement)
  const resultSuffix = resultTail(grant.payload, outcome.status === 'sent' ? outcome : undefined, deps.settlement.callbacksEnabled)
  const told = verdict.verdict === 'wait' || (outcome.status === 'sent' && grant.attempt === 1) ? '' : history(grant.attempt, outcome, verdict)
  const reply = await write(deps, grant.sender, grant.id, {
    id: grant.id,
    recipient: grant.recipient,
    attempt: grant.attempt,
    holder: grant.holder,
    verdict: verdict.verdict,
    startedUs: outcome.startedAfterMs === null ? '' : Math.ceil(outcome.startedAfterMs * 1000),
    afterMs: verdict.afterMs,
    bucket: verdict.bucket,
    coolMs: verdict.coolMs,
    code: codeOf(outcome, verdict),
    resultSuffix,
    history: told,
    reason: verdict.reason ?? '',
    term: outcome.status !== 'sent' || deps.settlement.findMs === 0 ? '' : findTerm('provider', outcome.providerMessageId),
    // The same for all, so that those of one moment travel together.
    findS: indexLifeS(deps.settlement.findMs),
    keepMs: deps.settlement.webhooksEnabledFor?.(grant.sender) === true ? RECEIPT_WITHIN_MS : 0
  })
  // What it asked for in the first place may be lost with its reply; an unknown outcome waits for recovery alone.
  if (reply.status === 'stale' || verdict.verdict === 'unknown') deps.store.recoverySchedule.markDue(grant.sender)
  if (reply.status === 'stale' && !(await wasOurs(deps, grant, outcome, resultSuffix))) return { verdict: 'stale' }
  const { dueMs, resumed, stopped, verdict: made, gapUs, leastUs } = reply.status === 'settled' ? reply : ALREADY_SENT
  const facts: Events['attempt.settled'][0] = {
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
    verdict: made
  }
  if ('code' in outcome) facts.code = outcome.code
  if (dueMs > 0) facts.nextRetryAt = dueMs
  deps.events.emit('attempt.settled', facts)
  if (stopped && 'code' in outcome) deps.events.emit('sender.stopped', { sender: grant.sender, code: outcome.code, error: outcome.error })
  if (resumed) deps.events.emit('sender.resumed', { sender: grant.sender })
  if (gapUs !== undefined && leastUs !== undefined) { deps.events.emit('pair.violated', { sender: grant.sender, id: publicId(grant.sender, grant.id), gapMs: gapUs / 1000, intervalMs: leastUs / 1000 }) }
  return settled(made, verdict.reason, dueMs)
}

/** Decides an unknown outcome whose hold is over, by the message's own policy, the sender's or the gateway's. */
export async function settleUnknown (deps: SettlementDeps, sender: string, id: string, kept: StoredMessage): Promise<SettleResult> {
  const { unknownOf, unknownOutcome } = deps.settlement
  const verdict = decideUnknown(kept.attempts, kept.payload.onUnknown ?? unknownOf?.(sender) ?? unknownOutcome, deps.settlement)
  const line = { outcome: 'unknown', note: 'no receipt came', ...(verdict.reason === undefined ? {} : { reason: verdict.reason }) }
  const reply = await write(deps, sender, id, {
    id,
    recipient: kept.recipient,
    attempt: kept.attempts,
    holder: '',
    verdict: verdict.verdict,
    startedUs: '',
    afterMs: verdict.afterMs,
    bucket: '',
    coolMs: 0,
    code: '',
    resultSuffix: resultTail(kept.payload, undefined, deps.settlement.callbacksEnabled),
    history: JSON.stringify(line),
    reason: verdict.reason ?? '',
    findS: indexLifeS(deps.settlement.findMs)
  })
  if (reply.status === 'stale') return { verdict: 'stale' }
  if (reply.verdict === 'failed') deps.events.emit('message.closed', { sender, id: publicId(sender, id), state: 'failed' })
  return settled(reply.verdict, verdict.reason, reply.dueMs)
}

/**
 * The token is stale: an earlier call of ours wrote it and its reply was lost, or the grant was taken away. Either way a
 * success is a fact: it is recorded, so that the message does not go out again if that can be helped. True where this very
 * success is what stands.
 */
async function wasOurs (deps: SettlementDeps, grant: Grant, outcome: Outcome, resultSuffix: string): Promise<boolean> {
  let result = 'ignored'
  if (outcome.status === 'sent') {
    const line = history(grant.attempt, outcome, { verdict: 'sent', afterMs: 0, bucket: '', coolMs: 0 })
    const at = { sender: grant.sender, digest: digestOf(grant.id) }
    const told = { id: grant.id, attempt: 0, status: 's', atMs: 0, wamid: outcome.providerMessageId, resultSuffix, history: line }
    result = (await persist(async () => await deps.store.run('receipt', at, told))).status
  }
  if (result === 'known') return true
  deps.events.emit('attempt.stale', {
    sender: grant.sender,
    id: publicId(grant.sender, grant.id),
    attempt: grant.attempt,
    outcome: outcome.status,
    ...('code' in outcome ? { code: outcome.code } : {}),
    result
  })
  return false
}

/** Why the sender stops; of an opt-out what is kept of it, as JSON. */
function codeOf (outcome: Outcome, verdict: Verdict): string {
  if (!('code' in outcome)) return ''
  return verdict.bucket === 'marketing' ? optOutNote('whatsapp', outcome.code) : outcome.code
}

function history (attempt: number, outcome: Outcome, verdict: Verdict): string {
  const line: Omit<HistoryEntry, 'at'> = {
    attempt,
    outcome: outcome.status,
    durationMs: Math.round(outcome.durationMs),
    ...('code' in outcome ? { code: outcome.code, error: outcome.error } : {}),
    ...(outcome.status === 'sent' ? { providerMessageId: outcome.providerMessageId } : {}),
    ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
    ...(outcome.status === 'rejected' && outcome.retryNotBeforeMs !== undefined ? { retryNotBeforeMs: outcome.retryNotBeforeMs } : {})
  }
  return JSON.stringify(line)
}

function settled (verdict: Exclude<SettleResult['verdict'], 'stale'>, reason: Verdict['reason'], dueMs: number): SettleResult {
  const told: SettleResult = { verdict }
  if (reason !== undefined && verdict === 'failed') told.reason = reason
  if (dueMs > 0) told.dueAt = dueMs
  return told
}

async function write (deps: SettlementDeps, sender: string, id: string, args: Arguments['settle']): Promise<Replies['settle']> {
  let reply: Replies['settle'] = { status: 'stale' }
  return await persist(async () => {
    const latest = await deps.store.run('settle', { sender, digest: digestOf(id) }, args)
    // A repeat finds what an unconfirmed call has written; or, after a failover, what it had lost.
    if (latest.status !== 'stale') reply = latest
    await deps.store.hold(sender)
    return reply
  })
}

/** Without a time limit: only this process knows the outcome. Safe to repeat, since a script that ran already finds its token stale. */
async function persist<Reply> (call: () => Promise<Reply>): Promise<Reply> {
  return await retryWhileUnavailable(call, { withinMs: Infinity })
}
