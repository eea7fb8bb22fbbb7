import type { Outcome, Payload } from '../message.js'
import { parseAttemptName } from '../message.js'
import type { Replies } from '../redis/commands.js'
import { digestOf, publicId, senderKey } from '../redis/keys.js'
import { writePayload } from '../redis/payload.js'
import type { Store } from '../redis/store.js'
import { decideBounce } from './decide.js'
import { namesByProviderId } from './find.js'
import { inspectMessage } from './inspect.js'
import type { HistoryEntry, Result } from './record.js'
import { spellTemplate, templateOf } from '../template-name.js'
import { reportStop, reportTemplate } from './settle.js'
import { optOutSource, parseRecord, parseResult, resultTail } from './record.js'
import type { SettlementDeps } from './settle.js'

/** A status that the provider reports of an attempt after it accepted it. */
export interface Status {
  /** The provider's id of the message. */
  wamid: string
  kind: 'sent' | 'delivered' | 'read' | 'failed'
  /** By the provider's clock, ms since the epoch; 0 if missing. */
  atMs: number
  /** `biz_opaque_callback_data`: the attempt's name (formatAttemptName), if Meta returned it. */
  opaque?: string
  /** Of a failure: the code, and Meta's error text, unredacted. */
  code?: string
  error?: string
  /** One member of a group did not receive it. */
  isPartial?: boolean
}

/** Classifies the code of a failed status by the same table as the code of a response. The error text of the result is redacted. */
export type ClassifyCode = (code: string, error: string) => ClassifiedCode
type ClassifiedCode = WithoutTimes<Extract<Outcome, { code: string }>>
type WithoutTimes<T> = T extends unknown ? Omit<T, 'startedAfterMs' | 'durationMs'> : never

export interface ReceiptDeps extends SettlementDeps { classifyCode: ClassifyCode }

/** The effect of a status on its message; `npm run docs` writes it into docs/logs.md. */
export const receipts = {
  sent: 'the message is now settled as sent',
  advanced: 'the message has a higher status: delivered or read',
  retry: 'delivery failed; a retry is scheduled',
  failed: 'delivery failed for good',
  bounced: 'a late `sent` of an attempt whose delivery has failed since; no effect',
  'failure-ignored': 'a failure of a message that was already delivered, or of which another attempt was accepted; the message stays sent',
  known: 'a repeated status, or the failure of an attempt that does not determine the message\'s state; no effect',
  double: 'another attempt was accepted, too; logged as `duplicate delivery reported by webhook`',
  gone: 'the message is no longer stored; no effect',
  partial: 'one member of a group did not receive it; no effect, since a retry would send it to the whole group again',
  'in-flight': 'the attempt\'s own response is not settled; parked',
  unknown: 'no message matches; parked'
} as const
export type Receipt = keyof typeof receipts

interface Attempt { id: string, attempt: number }

/** Messages with one provider's id that are read: there is one, unless terms collide. */
const MOST_OF_PROVIDER_ID = 5

/**
 * Applies one status to its message. A status without our name of the attempt is matched by the provider's id among the messages of the last
 * hours; with `isThorough` among all that the index holds. Throws UNAVAILABLE while Redis is unavailable; the provider then repeats it.
 */
export async function applyStatus (deps: ReceiptDeps, sender: string, status: Status, isThorough = false): Promise<Receipt> {
  if (status.isPartial === true) return 'partial'
  const named = parseAttemptName(status.opaque ?? '') ?? await findAttempt(deps, sender, status.wamid, isThorough)
  if (named === null) return 'unknown'
  const receipt = status.kind === 'failed' ? await bounce(deps, sender, named, status) : await confirm(deps, sender, named, status)
  if (receipt !== 'in-flight') {
    deps.events.emit('receipt.applied', {
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
  const names = await namesByProviderId(deps.store, sender, wamid, isThorough ? deps.settlement.findMs : 0)
  const views = await Promise.all(names.slice(0, MOST_OF_PROVIDER_ID).map(async name => await inspectMessage(deps.store, sender, name)))
  const view = views.find(found => found?.providerMessageId === wamid)
  return view === undefined || view === null ? null : { id: view.id, attempt: view.attempts }
}

async function confirm (deps: ReceiptDeps, sender: string, { id, attempt }: Attempt, { wamid, kind, atMs }: Status): Promise<Receipt> {
  const history: Omit<HistoryEntry, 'at'> = { attempt, outcome: 'sent', providerMessageId: wamid, note: `reported by webhook: ${kind}` }
  const call = async (resultSuffix: string): Promise<Replies['receipt']> => await deps.store.run('receipt', { sender, digest: digestOf(id) }, {
    id, attempt, status: kind.slice(0, 1), atMs, wamid, resultSuffix, history: JSON.stringify(history)
  })
  const first = await call('')
  if (first.status !== 'needs_suffix') return first.status
  const second = await call(resultTail(parseRecord(first.record).payload, { providerMessageId: wamid }, deps.settlement.callbacksEnabled))
  return second.status === 'needs_suffix' ? 'in-flight' : second.status
}

async function bounce (deps: ReceiptDeps, sender: string, { id, attempt }: Attempt, { wamid, code = '', error = '' }: Status): Promise<Receipt> {
  const outcome = deps.classifyCode(code, error)
  const isStop = 'scope' in outcome || 'stopsTemplatesMs' in outcome
  const isOfTemplate = 'template' in outcome && outcome.template !== undefined
  const stored = isStop || isOfTemplate ? await storedPayload(deps.store, sender, id) : null
  const template = stored === null ? null : templateOf(stored.type, stored.message)
  const canStop = template !== null && (deps.settlement.countsFor?.(sender) === true || (deps.settlement.accountOf?.(sender) ?? null) !== null)
  const settlement = decideBounce(canStop ? outcome : { ...outcome, stopsTemplatesMs: undefined }, { attempt, sender }, deps.settlement)
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
    optOut: settlement.bucket === 'marketing' ? optOutSource('whatsapp', outcome.code) : '',
    template: template === null || !isOfTemplate ? '' : spellTemplate(template),
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
    if (result === null) return 'in-flight'
    reply = await call({ payload: payloadOfResult(result) })
  } else if (reply.status === 'needs_suffix') {
    const { payload } = parseRecord(reply.record)
    reply = await call({ resultSuffix: resultTail(payload, { providerMessageId: wamid }, deps.settlement.callbacksEnabled) })
  }
  if (reply.status === 'needs_payload' || reply.status === 'needs_suffix') return 'in-flight'
  if (stored !== null && isOfTemplate && outcome.template !== undefined) {
    reportTemplate(deps, sender, outcome.code, outcome.template, stored)
  }
  if ((reply.status === 'retry' || reply.status === 'failed') && reply.stopped) {
    const scope = 'stopsTemplatesMs' in outcome ? 'account-templates' : 'scope' in outcome ? outcome.scope : undefined
    reportStop(deps, sender, { code: outcome.code, error: outcome.error, ...(scope === undefined ? {} : { scope }) }, stored)
  }
  return reply.status
}

/** The payload of a message whose record is still stored. */
async function storedPayload ({ redis, prefix }: Store, sender: string, id: string): Promise<Payload | null> {
  const [waiting, kept] = await Promise.all(['backlog', 'failure-records'].map(async name => await redis.hget(senderKey(prefix, sender, name), id)))
  const text = waiting ?? kept ?? null
  return text === null ? null : parseRecord(text).payload
}

/**
 * Frees a key whose window is over while statuses of its message may still arrive. `text`: the compact result of that message, as admit.lua
 * returns it.
 */
export async function releaseKey (store: Store, sender: string, digest: string, text: string): Promise<void> {
  const result = parseResult(text)
  if (result === null) return
  const { attempts, providerMessageId } = result
  const history: Omit<HistoryEntry, 'at'> = {
    attempt: attempts, outcome: 'sent', ...(providerMessageId === null ? {} : { providerMessageId })
  }
  const id = `${digest}.${result.admittedAt.toString(16)}`
  await store.run('release-key', { sender, digest }, { id, payload: payloadOfResult(result), history: JSON.stringify(history) })
}

/** The payload of a record whose message was sent and no longer has its content. */
export function payloadOfResult ({ recipient, caller, campaign, metadata, callbackData, idempotencyKey }: Result): string {
  return writePayload(recipient, {
    to: recipient.startsWith('p') ? `+${recipient.slice(1)}` : recipient.slice(1),
    type: 'text',
    message: '',
    keySource: 'none',
    caller,
    ...(campaign === undefined ? {} : { campaign }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(callbackData === undefined ? {} : { callbackData }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey })
  })
}
