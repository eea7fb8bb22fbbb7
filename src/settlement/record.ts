import type { Grant, Lane, Payload, State } from '../message.js'
import { lanes, replacedBy } from '../message.js'
import { SluiceError } from '../errors.js'
import type { ClaimedGrant } from '../redis/commands.js'
import { readPayload } from '../redis/payload.js'
import { templateOf } from '../template-name.js'

/** One entry of a message's history: an attempt that did not end as sent, or an action of an operator or recovery. */
export interface HistoryEntry {
  /** When it was written, ms since the epoch by Redis's clock. */
  at: number
  attempt?: number
  outcome?: string
  code?: string
  error?: string
  durationMs?: number
  /** Why it is FAILED; in the last entry only. */
  reason?: 'rejected' | 'exhausted' | 'expired' | 'unknown' | 'cancelled'
  /** A retry earlier than this many ms after `at` fails again. */
  retryNotBeforeMs?: number
  /** The provider's id of this attempt; the message's result may have that of another attempt. */
  providerMessageId?: string
  acknowledgedBy?: string
  /** Who moved it, and to which lane, time or end of its life, ms. */
  movedBy?: string
  lane?: Lane
  scheduledFor?: number
  expiresAt?: number
  note?: string
}

/** The record of an unsettled message or a failure; include/record.lua writes it. */
export interface StoredMessage {
  recipient: string
  lane: Lane
  attempts: number
  stops: number
  /** Consecutive attempts that met WhatsApp's pair limit. */
  pairHits: number
  /** Attempts of unknown outcome that an outage explains. */
  spared: number
  expiresAt: number
  payload: Payload
  history: HistoryEntry[]
}

/** A message that a drain run or a retry was granted, as the script returned it. */
export function readGrant (
  sender: string,
  { id, recipient, attempt, stops, pairHits, lane, body, lateUs, replaced = false }: ClaimedGrant,
  start: Pick<Grant, 'askedAt' | 'startBy' | 'holder'>
): Grant {
  return {
    sender,
    id,
    recipient,
    attempt,
    stops,
    pairHits,
    spared: countSpared(body),
    lateUs,
    lane: lanes[lane - 1] ?? 'normal',
    payload: replaced ? replacedBy(parsePayload(recipient, body)) : parsePayload(recipient, body),
    ...start,
    ...(replaced ? { isReplaced: true } : {})
  }
}

/** Reads the text that include/record.lua writes. */
export function parseRecord (text: string): StoredMessage {
  const [header = '', payload = '', ...history] = text.split('\n')
  // The last word may be the template: only scripts read it.
  const words = header.split(' ').filter(word => !word.startsWith('@'))
  const [recipient = '', laneDigits = '', expiresAt = '0', , attempts = '0', stops = '0', marks = ''] = words
  if (payload === '') throw new SluiceError('INTERNAL', { detail: 'a record has no payload' })
  return {
    recipient,
    lane: lanes[Number(laneDigits[0]) - 1] ?? 'normal',
    attempts: Number(attempts),
    stops: Number(stops),
    pairHits: Number(marks.replace('m', '')),
    spared: history.filter(entry => /^\d+:outage /.test(entry)).length,
    expiresAt: parseInt(expiresAt, 16),
    payload: readPayload(recipient, payload),
    history: history.map(parseEntry)
  }
}

/** The campaign of a record: in its mark, the last word of its header, behind `#`; as lua/include/campaign_name.lua reads it. */
export function campaignOf (record: string): string | undefined {
  return /^[^\n]* @[^~\n#]*#([^~\n]+)/.exec(record)?.[1]
}

/** The number in the queue of a record, by which messages are in the order of acceptance; 0 for none. */
export function seqOf (record: string): number {
  return Number(/^\S+ \d(\d+) /.exec(record)?.[1] ?? 0)
}

/** The payload of a record's body: its first line. */
function parsePayload (recipient: string, body: string): Payload {
  const end = body.indexOf('\n')
  return readPayload(recipient, end < 0 ? body : body.slice(0, end))
}

/** How many attempts in a record's body an outage explains: settle.lua has tagged them. */
function countSpared (body: string): number {
  return body.includes(':outage ') ? body.match(/\n\d+:outage /g)?.length ?? 0 : 0
}

/** `<ms>(:<tag>)? <JSON>`; the tag repeats a fact of the JSON for the scripts. */
function parseEntry (text: string): HistoryEntry {
  const space = text.indexOf(' ')
  return { ...JSON.parse(text.slice(space + 1)) as Omit<HistoryEntry, 'at'>, at: parseInt(text, 10) }
}

/** The compact result that replaces a settled message until its idempotency window ends. */
export interface Result {
  state: State
  /** ms since the epoch. */
  admittedAt: number
  settledAt: number
  attempts: number
  recipient: string
  caller: string
  campaign?: string
  /** Name of its template. */
  template?: string
  providerMessageId: string | null
  /** By the provider's clock, ms since the epoch. */
  deliveredAt?: number
  readAt?: number
  /** Code of a failure that was reported after the delivery. */
  bouncedWith?: string
  metadata?: Record<string, unknown>
  /** WhatsApp's id of the recipient, if it differs from the one that the caller wrote. */
  waId?: string
  callbackData?: string
  /** Reason of a cancellation that no caller requested. */
  cancelledFor?: string
  /** Kept only if callbacks are enabled. */
  idempotencyKey?: string
  /** The caller's other template was sent in its place. */
  isReplaced?: boolean
}

/** Optional end of a result: the metadata itself if there is nothing else, otherwise a list. */
type Extras =
  Record<string, unknown> |
  [metadata: Record<string, unknown> | null, waId: string | null, callbackData: string | null, idempotencyKey?: string | null, isReplaced?: 1]

const states: Record<string, State> = { s: 'sent', d: 'delivered', r: 'read', f: 'failed', c: 'cancelled', e: 'expired' }

/** Reads what `new_result` of lua/include/result.lua writes; null for a message that is not settled. */
export function parseResult (text: string): Result | null {
  const [letter = '', generation = '', , settledAt = '0', attempts = '0', recipient = '', from = '', wamid = '-', ...rest] = text.split(' ')
  const state = states[letter]
  if (state === undefined) return null
  const admittedAt = parseInt(generation, 16)
  const [caller = '', campaign = '', ...template] = from.replace('~', '').split('@')
  return {
    state,
    admittedAt,
    // Of layout 2 it is a moment, not the time since the admission.
    settledAt: Number(settledAt) + (Number(settledAt) < 1e12 ? admittedAt : 0),
    attempts: parseInt(attempts, 10),
    ...parseReceipts(attempts),
    // `-`: it was erased.
    recipient: recipient === '-' ? '' : recipient,
    caller,
    ...(campaign === '' ? {} : { campaign }),
    ...(template.length === 0 ? {} : { template: template.join('@') }),
    providerMessageId: wamid === '-' || state === 'cancelled' ? null : wamid,
    ...(wamid !== '-' && state === 'cancelled' ? { cancelledFor: wamid } : {}),
    ...(rest.length === 0 ? {} : readExtras(JSON.parse(rest.join(' ')) as Extras))
  }
}

/** `2:d<ms>:r<ms>:f<code>`: attempts, then the receipts since. */
function parseReceipts (attempts: string): Pick<Result, 'deliveredAt' | 'readAt' | 'bouncedWith'> {
  const marks = Object.fromEntries(attempts.split(':').slice(1).map(mark => [mark[0], mark.slice(1)]))
  return {
    ...(marks['d'] === undefined ? {} : { deliveredAt: Number(marks['d']) }),
    ...(marks['r'] === undefined ? {} : { readAt: Number(marks['r']) }),
    ...(marks['f'] === undefined ? {} : { bouncedWith: marks['f'] })
  }
}

function readExtras (extras: Extras): Pick<Result, 'metadata' | 'waId' | 'callbackData' | 'idempotencyKey' | 'isReplaced'> {
  if (!Array.isArray(extras)) return { metadata: extras }
  const [metadata, waId, callbackData, idempotencyKey, isReplaced] = extras
  return {
    ...(metadata === null ? {} : { metadata }),
    ...(waId === null ? {} : { waId }),
    ...(callbackData === null ? {} : { callbackData }),
    ...(idempotencyKey === undefined || idempotencyKey === null ? {} : { idempotencyKey }),
    ...(isReplaced === undefined ? {} : { isReplaced: true })
  }
}

/**
 * The end of a compact result, as the scripts take it: `caller[@campaign[@template]] providerMessageId [extras]`; the campaign may be empty, and
 * before a counted caller they write `~`. `sent`: WhatsApp's ids of message and recipient. `callbacksEnabled`: also keeps the idempotency key, for
 * callbacks. `reason`: of a cancellation, one word in the place of WhatsApp's id.
 */
export function resultTail (
  payload: Payload,
  sent?: { providerMessageId: string; recipientId?: string; isReplaced?: boolean },
  callbacksEnabled = false,
  reason = '-'
): string {
  const id = sent?.providerMessageId.replace(/\s/g, '') || reason
  const waId = sent?.recipientId === undefined || sent.recipientId === writtenId(payload) ? null : sent.recipientId
  const { metadata, callbackData } = payload
  const key = callbacksEnabled && payload.idempotencyKey !== undefined ? payload.idempotencyKey : null
  const end = sent?.isReplaced === true ? [key, 1] as const : key === null ? [] as const : [key] as const
  const isPlain = waId === null && callbackData === undefined && end.length === 0
  const extras: Extras | undefined = isPlain ? metadata : [metadata ?? null, waId, callbackData ?? null, ...end]
  const { caller, campaign, type, message } = payload
  const template = templateOf(type, message)?.name
  const of = template === undefined ? campaign : `${campaign ?? ''}@${template}`
  const from = of === undefined ? caller : `${caller}@${of}`
  return `${from} ${id}` + (extras === undefined ? '' : ` ${JSON.stringify(extras)}`)
}

/** The id by which WhatsApp returns the recipient that the caller wrote: of a number its digits. */
export function writtenId ({ to, addressing = 'phone' }: Pick<Payload, 'to' | 'addressing'>): string {
  return addressing === 'phone' ? to.replace(/\D/g, '') : to
}

/** The JSON that is kept with an opt-out. */
export function optOutSource (by: string, reason: string): string {
  return JSON.stringify({ by, reason })
}
