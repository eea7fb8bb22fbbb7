import type { Outcome } from '../message.js'
import type { Replies } from '../redis/commands.js'
import { findTerm } from '../redis/find-terms.js'
import { digestOf, publicId } from '../redis/keys.js'
import { parseAttemptName } from '../attempt-name.js'
import { decideBounce } from './decide.js'
import { findMessages } from './find.js'
import type { SettlementDeps } from './settle.js'
import { optOutNote, parseRecord, parseResult, resultTail } from './record.js'
import type { HistoryEntry } from './record.js'
import { payloadOfResult } from './release-key.js'

/** A status that the provider reports of an attempt after it accepted it. */
export interface Status {
  /** The provider's id of the message. */
  wamid: string
  kind: 'sent' | 'delivered' | 'read' | 'failed'
  /** By the provider's clock, ms since the epoch; 0 if missing. */
  atMs: number
  /** `biz_opaque_callback_data`: the attempt's name (attempt-name.ts), if Meta returned it. */
  opaque?: string
  /** Of a failure: the code, and Meta's error text, unredacted. */
  code?: string
  error?: string
  /** One member of a group did not receive it. */
  isPartial?: boolean
}

/** Classifies the code of a failed status by the same table as the code of a response. The error text of the result is redacted. */
export type Judge = (code: string, error: string) => Judged
type Judged = WithoutTimes<Extract<Outcome, { code: string }>>
type WithoutTimes<T> = T extends unknown ? Omit<T, 'startedAfterMs' | 'durationMs'> : never

export interface ReceiptDeps extends SettlementDeps { judge: Judge }

/**
 * The effect of a status.
 *
 * - `sent`, `retry`, `failed`: the message is now settled so. `raised`: a sent message is now delivered or read.
 * - `known`: nothing new. `beside`: a failure after a delivery, or of one of two accepted attempts, kept with the message.
 * - `double`: WhatsApp accepted two attempts of the message.
 * - `bounced`: the attempt is known to have failed after it was accepted, so its acceptance changes nothing.
 * - `partial`: one member of a group did not receive it. Ignored, since a retry would send it to the whole group again.
 * - `early`, `unknown`: the attempt's own response is not settled, or no message matches; may match later.
 * - `gone`: Redis has nothing of the message any more.
 */
export type Receipt = 'sent' | 'raised' | 'known' | 'double' | 'bounced' | 'partial' | 'retry' | 'failed' | 'beside' | 'gone' | 'early' | 'unknown'

interface Attempt { id: string, attempt: number }

/**
 * Applies one status to its message. A status without our name of the attempt is matched by the provider's id among the messages of the last
 * hours; with `isThorough` among all that the index holds. Throws UNAVAILABLE while Redis is unavailable; the provider then repeats it.
 */
export async function takeStatus (deps: ReceiptDeps, sender: string, status: Status, isThorough = false): Promise<Receipt> {
  if (status.isPartial === true) return 'partial'
  const named = parseAttemptName(status.opaque ?? '') ?? await findAttempt(deps, sender, status.wamid, isThorough)
  if (named === null) return 'unknown'
  const receipt = status.kind === 'failed' ? await bounce(deps, sender, named, status) : await confirm(deps, sender, named, status)
  if (receipt !== 'early') {
    deps.events.emit('receipt.taken', {
      sender,
      id: publicId(sender, named.id),
      attempt: named.attempt,
      status: status.kind,
      result: receipt,
      ...(status.code === undefined ? {} : { code: status.code })
    })
  }
  return receipt
}

/** The attempt of a status without our name, by the provider's id. */
async function findAttempt (deps: ReceiptDeps, sender: string, wamid: string, isThorough: boolean): Promise<Attempt | null> {
  const { messages } = await findMessages(deps.store, sender, isThorough ? deps.settlement.findMs : 0, {
    terms: [],
    sentAs: findTerm('provider', wamid),
    digests: [],
    limit: 5
  })
  const view = messages.find(({ providerMessageId }) => providerMessageId === wamid)
  return view === undefined ? null : { id: view.id, attempt: view.attempts }
}

async function confirm (deps: ReceiptDeps, sender: string, { id, attempt }: Attempt, { wamid, kind, atMs }: Status): Promise<Receipt> {
  const history: Omit<HistoryEntry, 'at'> = { attempt, outcome: 'sent', providerMessageId: wamid, note: `reported by webhook: ${kind}` }
  const call = async (resultSuffix: string): Promise<Replies['receipt']> => await deps.store.run('receipt', { sender, digest: digestOf(id) }, {
    id, attempt, status: kind.slice(0, 1), atMs, wamid, resultSuffix, history: JSON.stringify(history)
  })
  const first = await call('')
  if (first.status !== 'needs_suffix') return first.status
  const second = await call(resultTail(parseRecord(first.record).payload, { providerMessageId: wamid }, deps.settlement.callbacksEnabled))
  return second.status === 'needs_suffix' ? 'early' : second.status
}

async function bounce (deps: ReceiptDeps, sender: string, { id, attempt }: Attempt, { wamid, code = '', error = '' }: Status): Promise<Receipt> {
  const outcome = deps.judge(code, error)
  const settlement = decideBounce(outcome, attempt, deps.settlement)
  const history: Omit<HistoryEntry, 'at'> = {
    attempt,
    outcome: outcome.status,
    code: outcome.code,
    error: outcome.error,
    providerMessageId: wamid,
    note: 'reported by webhook after it was accepted',
    ...(settlement.reason === undefined ? {} : { reason: settlement.reason }),
    ...('retryNotBeforeMs' in outcome && outcome.retryNotBeforeMs !== undefined ? { retryNotBeforeMs: outcome.retryNotBeforeMs } : {})
  }
  const args = {
    id,
    attempt,
    afterMs: settlement.status === 'retry' ? settlement.afterMs : '',
    bucket: settlement.bucket,
    coolMs: settlement.coolMs,
    code: outcome.code,
    optOut: settlement.bucket === 'marketing' ? optOutNote('whatsapp', outcome.code) : '',
    reason: settlement.reason ?? '',
    wamid,
    history: JSON.stringify(history)
  }
  const call = async (more: { payload?: string, resultSuffix?: string }): Promise<Replies['bounce']> =>
    await deps.store.run('bounce', { sender, digest: digestOf(id) }, { ...args, ...more })
  let reply = await call({})
  // Lua builds no JSON. If the record is gone, or has no result yet, the script returns what the missing argument is made of.
  if (reply.status === 'needs_payload') {
    const result = parseResult(reply.result)
    if (result === null) return 'early'
    reply = await call({ payload: payloadOfResult(result) })
  } else if (reply.status === 'needs_suffix') {
    const { payload } = parseRecord(reply.record)
    reply = await call({ resultSuffix: resultTail(payload, { providerMessageId: wamid }, deps.settlement.callbacksEnabled) })
  }
  if (reply.status === 'needs_payload' || reply.status === 'needs_suffix') return 'early'
  if ((reply.status === 'retry' || reply.status === 'failed') && reply.stopped) {
    deps.events.emit('sender.stopped', { sender, code: outcome.code, error: outcome.error })
  }
  return reply.status
}
