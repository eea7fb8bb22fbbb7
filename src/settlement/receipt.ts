import type { Outcome } from '../message.js'
import type { Replies } from '../redis/commands.js'
import { findTerm } from '../redis/find-terms.js'
import { digestOf, publicId } from '../redis/keys.js'
import { parseAttemptName } from '../attempt-name.js'
import { writePayload } from '../redis/payload.js'
import { decideBounce } from './decide.js'
import { findMessages } from './find.js'
import type { SettlementDeps } from './settle.js'
import { optOutNote, parseRecord, parseResult, resultTail } from './record.js'
import type { HistoryEntry } from './record.js'

/** What the provider tells of one attempt after it accepted it. */
export interface Status {
  /** The provider's id of the message. */
  wamid: string
  kind: 'sent' | 'delivered' | 'read' | 'failed'
  /** By the provider's clock, ms since the epoch; 0 where it did not say. */
  atMs: number
  /** `biz_opaque_callback_data`: our name of the attempt, if it came back. */
  opaque?: string
  /** Of a failure: the code, and what it says in its own words, unredacted. */
  code?: string
  error?: string
  /** One member of a group did not get it. */
  isPartial?: boolean
}

/** What a code that comes by status means, by the same table as one that comes in an answer; the text is fit to be kept. */
export type Judge = (code: string, error: string) => Judged
type Judged = WithoutTimes<Extract<Outcome, { code: string }>>
type WithoutTimes<T> = T extends unknown ? Omit<T, 'startedAfterMs' | 'durationMs'> : never

export interface ReceiptDeps extends SettlementDeps { judge: Judge }

/**
 * `bounced`: it had failed after it was accepted, which that it was accepted does not undo. `partial`: to all of a group it would
 * go out again for the one who did not get it, so nothing comes of it. `early` and `unknown` may be matched later: the attempt's own answer has not been settled yet. `gone`: the message is
 * forgotten. `other`: it is settled otherwise.
 */
export type Receipt = 'sent' | 'raised' | 'known' | 'double' | 'bounced' | 'partial' | 'retry' | 'failed' | 'beside' | 'gone' | 'early' | 'unknown'

interface Attempt { id: string, attempt: number }

/**
 * Takes one status to the message that it is about. Where it doesn't bring our own name of the attempt, messages sent in the
 * last hours are looked at; with `isThorough` all that can be found. Throws UNAVAILABLE while Redis is away: then it is to
 * be told again.
 */
export async function takeStatus (deps: ReceiptDeps, sender: string, status: Status, isThorough = false): Promise<Receipt> {
  if (status.isPartial === true) return 'partial'
  const named = parseAttemptName(status.opaque ?? '') ?? await attemptBehind(deps, sender, status.wamid, isThorough)
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

/** Not every status brings our name back; then the provider's own id is all there is. */
async function attemptBehind (deps: ReceiptDeps, sender: string, wamid: string, isThorough: boolean): Promise<Attempt | null> {
  const views = await findMessages(deps.store, sender, isThorough ? deps.settlement.findMs : 0, {
    terms: [findTerm('provider', wamid)],
    digests: [],
    limit: 5
  })
  const view = views.find(({ providerMessageId }) => providerMessageId === wamid)
  return view === undefined ? null : { id: view.id, attempt: view.attempts }
}

async function confirm (deps: ReceiptDeps, sender: string, { id, attempt }: Attempt, { wamid, kind, atMs }: Status): Promise<Receipt> {
  const history: Omit<HistoryEntry, 'at'> = { attempt, outcome: 'sent', providerMessageId: wamid, note: `told by webhook: ${kind}` }
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
  const verdict = decideBounce(outcome, attempt, deps.settlement)
  const history: Omit<HistoryEntry, 'at'> = {
    attempt,
    outcome: outcome.status,
    code: outcome.code,
    error: outcome.error,
    providerMessageId: wamid,
    note: 'told by webhook after it was accepted',
    ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
    ...('retryNotBeforeMs' in outcome && outcome.retryNotBeforeMs !== undefined ? { retryNotBeforeMs: outcome.retryNotBeforeMs } : {})
  }
  const args = {
    id,
    attempt,
    afterMs: verdict.verdict === 'retry' ? verdict.afterMs : '',
    bucket: verdict.bucket,
    coolMs: verdict.coolMs,
    code: outcome.code,
    optOut: verdict.bucket === 'marketing' ? optOutNote('whatsapp', outcome.code) : '',
    reason: verdict.reason ?? '',
    wamid,
    history: JSON.stringify(history)
  }
  const call = async (more: { payload?: string, resultSuffix?: string }): Promise<Replies['bounce']> =>
    await deps.store.run('bounce', { sender, digest: digestOf(id) }, { ...args, ...more })
  let reply = await call({})
  // A script builds no JSON: where the record is gone, or has no result yet, it returns what the rest is made of.
  if (reply.status === 'needs_payload') reply = await call({ payload: payloadOfResult(reply.result) })
  else if (reply.status === 'needs_suffix') {
    const { payload } = parseRecord(reply.record)
    reply = await call({ resultSuffix: resultTail(payload, { providerMessageId: wamid }, deps.settlement.callbacksEnabled) })
  }
  if (reply.status === 'needs_payload' || reply.status === 'needs_suffix') return 'early'
  if ((reply.status === 'retry' || reply.status === 'failed') && reply.stopped) { deps.events.emit('sender.stopped', { sender, code: outcome.code, error: outcome.error }) }
  return reply.status
}

/** What a failure shows of a sent message whose content is gone. */
function payloadOfResult (text: string): string {
  const result = parseResult(text)
  const recipient = result?.recipient ?? ''
  return writePayload(recipient, {
    to: recipient.slice(1),
    type: 'text',
    message: '',
    keySource: 'none',
    caller: result?.caller ?? '',
    ...(result?.metadata === undefined ? {} : { metadata: result.metadata })
  })
}
