import type { Lane, Payload, State } from '../message.js'
import { lanes } from '../message.js'
import { SluiceError } from '../errors.js'
import { readPayload } from '../redis/payload.js'

/** One line of a message's story: an attempt that came to something else than sent, or what was done about it. */
export interface HistoryEntry {
  /** When it was written, ms since the epoch by Redis's clock. */
  at: number
  attempt?: number
  outcome?: string
  code?: string
  error?: string
  durationMs?: number
  /** Why it is FAILED; stands on the last line only. */
  reason?: 'rejected' | 'exhausted' | 'expired' | 'unknown' | 'cancelled'
  /** Another try makes no sense earlier than this many ms after `at`. */
  retryNotBeforeMs?: number
  /** The provider's id of what this attempt became, where the message's own result may name another. */
  providerMessageId?: string
  acknowledgedBy?: string
  note?: string
}

/** What Redis keeps of an unsettled message or a failure: include/record.lua writes it. */
export interface StoredMessage {
  recipient: string
  lane: Lane
  attempts: number
  stops: number
  /** How often in a row the pair's limit has met it. */
  pairHits: number
  expiresAt: number
  payload: Payload
  history: HistoryEntry[]
}

/** Reads the text that include/record.lua writes. */
export function parseRecord (text: string): StoredMessage {
  const [header = '', payload = '', ...history] = text.split('\n')
  const [recipient = '', place = '', expiresAt = '0', , attempts = '0', stops = '0', marks = ''] = header.split(' ')
  if (payload === '') throw new SluiceError('INTERNAL', { detail: 'a record has no payload' })
  return {
    recipient,
    lane: lanes[Number(place[0]) - 1] ?? 'normal',
    attempts: Number(attempts),
    stops: Number(stops),
    pairHits: Number(marks.replace('m', '')),
    expiresAt: parseInt(expiresAt, 16),
    payload: readPayload(recipient, payload),
    history: history.map(parseLine)
  }
}

/** The payload alone: first line of a record's body as a grant carries it. */
export function parsePayload (recipient: string, body: string): Payload {
  const end = body.indexOf('\n')
  return readPayload(recipient, end < 0 ? body : body.slice(0, end))
}

/** `<ms>(:<tag>)? <JSON>`; the tag is for the scripts, and says nothing that the JSON does not. */
function parseLine (line: string): HistoryEntry {
  const space = line.indexOf(' ')
  return { ...JSON.parse(line.slice(space + 1)) as Omit<HistoryEntry, 'at'>, at: parseInt(line, 10) }
}

/** The compact result that stays of a settled message until its idempotency window ends. */
export interface Result {
  state: State
  /** ms since the epoch. */
  admittedAt: number
  settledAt: number
  attempts: number
  recipient: string
  caller: string
  providerMessageId: string | null
  /** Moments by the provider's clock, ms; a failure that was told of after all that, by its code. */
  deliveredAt?: number
  readAt?: number
  bouncedWith?: string
  metadata?: Record<string, unknown>
  /** WhatsApp's id of the recipient, where it is another than the caller wrote. */
  waId?: string
  callbackData?: string
  /** Why it was cancelled, where that is not just somebody's wish. */
  cancelledFor?: string
  /** Kept only where callbacks tell it. */
  idempotencyKey?: string
}

/** What a result keeps of a message beside its head: `metadata` alone as it is, more of it as a list. */
type Extras =
  Record<string, unknown> | [metadata: Record<string, unknown> | null, waId: string | null, callbackData: string | null, idempotencyKey?: string]

const states: Record<string, State> = { s: 'sent', d: 'delivered', r: 'read', f: 'failed', c: 'cancelled', e: 'expired' }

/** Reads what lua/include/result.lua `new_result` writes; null for a message that is not settled. */
export function parseResult (text: string): Result | null {
  const [letter = '', generation = '', , settledAt = '0', attempts = '0', recipient = '', caller = '', wamid = '-', ...rest] = text.split(' ')
  const state = states[letter]
  if (state === undefined) return null
  return {
    state,
    admittedAt: parseInt(generation, 16),
    settledAt: Number(settledAt),
    attempts: parseInt(attempts, 10),
    ...parseHeard(attempts),
    // `-`: it was erased.
    recipient: recipient === '-' ? '' : recipient,
    caller,
    providerMessageId: wamid === '-' || state === 'cancelled' ? null : wamid,
    ...(wamid !== '-' && state === 'cancelled' ? { cancelledFor: wamid } : {}),
    ...(rest.length === 0 ? {} : readExtras(JSON.parse(rest.join(' ')) as Extras))
  }
}

/** `2:d<ms>:r<ms>:f<code>`: attempts, and what was heard since. */
function parseHeard (attempts: string): Pick<Result, 'deliveredAt' | 'readAt' | 'bouncedWith'> {
  const wait = Object.fromEntries(attempts.split(':').slice(1).map(mark => [mark[0], mark.slice(1)]))
  return {
    ...(wait['d'] === undefined ? {} : { deliveredAt: Number(wait['d']) }),
    ...(wait['r'] === undefined ? {} : { readAt: Number(wait['r']) }),
    ...(wait['f'] === undefined ? {} : { bouncedWith: wait['f'] })
  }
}

function readExtras (extras: Extras): Pick<Result, 'metadata' | 'waId' | 'callbackData'> {
  if (!Array.isArray(extras)) return { metadata: extras }
  const [metadata, waId, callbackData, idempotencyKey] = extras
  return {
    ...(metadata === null ? {} : { metadata }),
    ...(waId === null ? {} : { waId }),
    ...(callbackData === null ? {} : { callbackData }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey })
  }
}

/**
 * The end of a compact result that the gateway adds: `caller providerMessageId [extras]`. `sent`: what WhatsApp called
 * message and recipient, where it took it. `tells`: callbacks will name the message by its idempotency key, too. `why`: one word for
 * what a message was cancelled for, in the place of WhatsApp's id.
 */
export function resultTail (
  payload: Payload,
  sent?: { providerMessageId: string; recipientId?: string },
  callbacksEnabled = false,
  why = '-'
): string {
  const id = sent?.providerMessageId.replace(/\s/g, '') || why
  const waId = sent?.recipientId === undefined || sent.recipientId === writtenId(payload) ? null : sent.recipientId
  const { metadata, callbackData } = payload
  const key = callbacksEnabled && payload.idempotencyKey !== undefined ? [payload.idempotencyKey] as const : [] as const
  const isPlain = waId === null && callbackData === undefined && key.length === 0
  const extras: Extras | undefined = isPlain ? metadata : [metadata ?? null, waId, callbackData ?? null, ...key]
  return `${payload.caller} ${id}` + (extras === undefined ? '' : ` ${JSON.stringify(extras)}`)
}

/** WhatsApp's id of the recipient, if it is the one that the caller wrote: of a number its digits. */
export function writtenId ({ to, addressing = 'phone' }: Pick<Payload, 'to' | 'addressing'>): string {
  return addressing === 'phone' ? to.replace(/\D/g, '') : to
}

/** What is kept with an opt-out. */
export function optOutNote (by: string, reason: string): string {
  return JSON.stringify({ by, reason })
}
