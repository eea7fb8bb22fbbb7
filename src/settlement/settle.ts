import type { Bus, Events } from '../events.js'
import type { Grant, Outcome, Payload, StopScope, TemplateProblem } from '../message.js'
import type { Arguments, Replies } from '../redis/commands.js'
import { indexLifeS, providerEntry } from '../redis/lookup-index.js'
import { digestOf, publicId } from '../redis/keys.js'
import { retryWhileUnavailable } from '../redis/unavailable.js'
import type { Store } from '../redis/store.js'
import { spellTemplate, templateOf } from '../template-name.js'
import type { Settlement, SettlementSettings } from './decide.js'
import { decide, decideUnknown } from './decide.js'
import type { StoredMessage, HistoryEntry } from './record.js'
import { optOutSource, resultTail } from './record.js'

/** With webhooks: how long the record of a sent message is kept for a failed status. */
const RECEIPT_WITHIN_MS = 15 * 60_000
/** The same of one that Meta holds until it has assessed its template, which takes an hour or more. It then fails with 132015, or is delivered. */
const ASSESSED_WITHIN_MS = 6 * 3_600_000

/** The reply for an attempt that an earlier call settled as sent, if that call's reply was lost. */
const ALREADY_SENT = { dueMs: 0, stopped: false, settlement: 'sent' } as const

type Settled = Pick<Extract<Replies['settle'], { status: 'settled' }>, 'dueMs' | 'stopped' | 'settlement'> &
  { resumed?: boolean, circuit?: CircuitChange, gapUs?: number, leastUs?: number }
type CircuitChange = Extract<Replies['settle'], { status: 'settled' }>['circuit']

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
  const sent = outcome.status !== 'sent' ? undefined : grant.isReplaced === true ? { ...outcome, isReplaced: true } : outcome
  const resultSuffix = resultTail(grant.payload, sent, deps.settlement.callbacksEnabled)
  const isRecorded = settlement.status !== 'wait' && (outcome.status !== 'sent' || grant.attempt > 1)
  const { reply, isRepeat } = await writeSettlement(deps, grant.sender, grant.id, {
    id: grant.id,
    recipient: grant.recipient,
    attempt: grant.attempt,
    holder: grant.holder,
    settlement: settlement.status,
    startedUs: outcome.startedAfterMs === null ? '' : Math.ceil(outcome.startedAfterMs * 1000),
    afterMs: settlement.afterMs,
    bucket: settlement.bucket,
    coolMs: settlement.coolMs,
    code: storedCode(outcome, settlement, grant.payload),
    resultSuffix,
    history: isRecorded ? historyEntry(grant.attempt, outcome, settlement) : '',
    reason: settlement.reason ?? '',
    term: outcome.status !== 'sent' || deps.settlement.findMs === 0 ? '' : providerEntry(outcome.providerMessageId, grant.id),
    // Equal in all calls, so that batch-calls.ts can join them.
    findS: indexLifeS(deps.settlement.findMs),
    keepMs: keepMs(deps.settlement, grant.sender, outcome)
  })
  // The wake hint of a call that succeeded earlier may be lost with its reply. Recovery alone ends the hold of an unknown outcome.
  if (reply.status === 'stale' || settlement.status === 'unknown') deps.store.recoverySchedule.markDue(grant.sender)
  const settled: Settled | null = reply.status === 'settled' ? reply : await settleStale(deps, grant, outcome, settlement, resultSuffix, isRepeat)
  if (settled === null) return { status: 'stale' }
  const { dueMs, resumed = false, stopped, settlement: status, circuit = '', gapUs, leastUs } = settled
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
  if (stopped && outcome.status === 'sender-stopped') reportStop(deps, grant.sender, outcome, grant.payload)
  if (resumed) deps.events.emit('sender.resumed', { sender: grant.sender })
  if (outcome.status === 'rejected' && outcome.template !== undefined) {
    reportTemplate(deps, grant.sender, outcome.code, outcome.template, grant.payload)
  }
  if (circuit !== '') {
    deps.events.emit('circuit.changed', { sender: grant.sender, state: circuit, ...('code' in outcome ? { code: outcome.code } : {}) })
  }
  if (gapUs !== undefined && leastUs !== undefined) {
    deps.events.emit('pair.violated', {
      sender: grant.sender, id: publicId(grant.sender, grant.id), gapMs: gapUs / 1000, intervalMs: leastUs / 1000
    })
  }
  return toResult(status, settlement.reason, dueMs)
}

/** Emits that a code is about the template of a message, where the statuses of templates are read. */
export function reportTemplate (
  { settlement, events }: SettlementDeps, sender: string, code: string, problem: TemplateProblem, { type, message }: Pick<Payload, 'type' | 'message'>
): void {
  const template = templateOf(type, message)
  const account = settlement.accountOf?.(sender) ?? null
  if (template !== null && account !== null) events.emit('template.failed', { sender, account, code, problem, template: spellTemplate(template) })
}

/** Emits what a code has stopped: the whole sender, or all templates. Only where the account is known, messages of templates can be held. */
export function reportStop (
  { settlement, events }: SettlementDeps, sender: string, { code, error, scope }: { code: string, error: string, scope?: StopScope },
  payload: Pick<Payload, 'type' | 'message'> | null
): void {
  const account = settlement.accountOf?.(sender) ?? null
  const isOfTemplate = scope !== undefined && account !== null && payload !== null && templateOf(payload.type, payload.message) !== null
  if (isOfTemplate) events.emit('templates.stopped', { sender, account, code, isOfAccount: scope === 'account-templates' })
  else events.emit('sender.stopped', { sender, code, error })
}

/** Settles an unknown outcome whose hold is over, by the message's own policy, else the sender's, else the gateway's. */
export async function settleUnknown (deps: SettlementDeps, sender: string, id: string, stored: StoredMessage): Promise<SettleResult> {
  const { unknownOf, unknownOutcome } = deps.settlement
  const policy = stored.payload.onUnknown ?? unknownOf?.(sender) ?? unknownOutcome
  return await endHold(deps, sender, id, stored, decideUnknown({ sender, attempt: stored.attempts, spared: stored.spared }, policy, deps.settlement))
}

/** Fails an unknown outcome at once, whatever its policy, also while the circuit is open. `stale`: the message is not on hold. */
export async function failUnknown (deps: SettlementDeps, sender: string, id: string, stored: StoredMessage): Promise<SettleResult> {
  return await endHold(deps, sender, id, stored, { status: 'failed', reason: 'unknown', afterMs: 0, bucket: '', coolMs: 0 })
}

async function endHold (deps: SettlementDeps, sender: string, id: string, stored: StoredMessage, settlement: Settlement): Promise<SettleResult> {
  const entry = { outcome: 'unknown', note: 'no receipt came', ...(settlement.reason === undefined ? {} : { reason: settlement.reason }) }
  const { reply } = await writeSettlement(deps, sender, id, {
    id,
    recipient: stored.recipient,
    attempt: stored.attempts,
    holder: '',
    settlement: settlement.status,
    startedUs: '',
    afterMs: settlement.afterMs,
    bucket: '',
    coolMs: 0,
    code: '',
    resultSuffix: resultTail(stored.payload, undefined, deps.settlement.callbacksEnabled),
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
 * again if that can still be avoided; and a rejection or a send that never started, so that its outcome is not left unknown. Null: no change.
 * `isRepeat`: a call before the stale one may have run.
 */
async function settleStale (
  deps: SettlementDeps, grant: Grant, outcome: Outcome, settlement: Settlement, resultSuffix: string, isRepeat: boolean
): Promise<Settled | null> {
  let result: string
  if (outcome.status === 'sent') {
    const entry = historyEntry(grant.attempt, outcome, { status: 'sent', afterMs: 0, bucket: '', coolMs: 0 })
    const scope = { sender: grant.sender, digest: digestOf(grant.id) }
    const args = { id: grant.id, attempt: 0, status: 's', atMs: 0, wamid: outcome.providerMessageId, resultSuffix, history: entry }
    result = (await persist(async () => await deps.store.run('receipt', scope, args))).status
    // Without a repeat it was a receipt that settled the message, and it was counted.
    if (result === 'known' && isRepeat) return ALREADY_SENT
  } else {
    const late = outcome.status === 'unknown' ? { status: 'stale' } as const : await settleLate(deps, grant, outcome, settlement, resultSuffix)
    if (late.status === 'settled') return late
    result = late.status === 'explained' ? 'explained' : 'ignored'
  }
  reportStale(deps, grant, outcome, result)
  return null
}

/** Settles an attempt that recovery has taken for lost by its definite outcome. */
async function settleLate (
  deps: SettlementDeps, { sender, id, attempt, holder, pairHits, payload }: Grant, outcome: Outcome, settlement: Settlement, resultSuffix: string
): Promise<Replies['settle-late']> {
  const { status, afterMs, bucket, coolMs, reason = '' } = settlement
  const { reply } = await write(deps, sender, async () => await deps.store.run('settle-late', { sender, digest: digestOf(id) }, {
    id,
    attempt,
    holder,
    settlement: status,
    afterMs,
    bucket,
    coolMs,
    code: storedCode(outcome, settlement, payload),
    pairHits,
    resultSuffix,
    history: historyEntry(attempt, outcome, settlement, 'reported after its lease had expired'),
    reason
  }))
  return reply
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

function keepMs ({ webhooksEnabledFor }: SettlementSettings, sender: string, outcome: Outcome): number {
  if (webhooksEnabledFor?.(sender) !== true) return 0
  return outcome.status === 'sent' && outcome.messageStatus === 'held_for_quality_assessment' ? ASSESSED_WITHIN_MS : RECEIPT_WITHIN_MS
}

/** Argument `code` of settle.lua: why the sender stops, the code and its template, or who opted out and why (JSON). */
function storedCode (outcome: Outcome, settlement: Settlement, { type, message }: Pick<Payload, 'type' | 'message'>): string {
  if (!('code' in outcome)) return ''
  const template = settlement.bucket === 'template' ? templateOf(type, message) : null
  if (template !== null) return `${outcome.code} ${spellTemplate(template)}`
  return settlement.bucket === 'marketing' ? optOutSource('whatsapp', outcome.code) : outcome.code
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

/** `isRepeat`: an earlier call failed, and may have run. */
interface Written<Reply> { reply: Reply, isRepeat: boolean }

async function writeSettlement (
  deps: SettlementDeps, sender: string, id: string, args: Arguments['settle']
): Promise<Written<Replies['settle']>> {
  return await write(deps, sender, async () => await deps.store.run('settle', { sender, digest: digestOf(id) }, args))
}

async function write<Reply extends { status: string }> (
  deps: SettlementDeps, sender: string, call: () => Promise<Reply>
): Promise<Written<Reply>> {
  let reply: Reply | undefined
  let calls = 0
  return await persist(async () => {
    calls++
    const latest = await call()
    // A repeat is stale where an unconfirmed call has written; after a failover it may find that this write was lost, and writes again.
    if (reply === undefined || latest.status !== 'stale') reply = latest
    await deps.store.confirmReplicas(sender)
    return { reply, isRepeat: calls > 1 }
  })
}

/** Retries without a time limit: only this process knows the outcome. Safe to repeat, since a script that has run finds its token stale. */
async function persist<Reply> (call: () => Promise<Reply>): Promise<Reply> {
  return await retryWhileUnavailable(call, { withinMs: Infinity })
}
