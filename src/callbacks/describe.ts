import type { Explain } from '../failure/failure.js'
import { publicId } from '../redis/keys.js'
import type { Result, HistoryEntry } from '../settlement/record.js'
import { parseResult } from '../settlement/record.js'
import { formatTime } from '../values/time.js'

export interface Callback {
  /** Equal in every attempt, so that receivers recognize a repeat. */
  id: string
  type: string
  /** ms since the epoch. */
  atMs: number
  body: string
}

/** Prefix of subjects that are relayed webhook changes and not messages. */
const RELAYED = 'in:'

/** The callback of an outbox event, whose text is `<ms> <result>[<tab><history entry>]`, or `<ms> <type> <JSON>` if it is relayed. */
export function describeEvent (sender: string, subject: string, event: string, explain: Explain): Callback {
  const space = event.indexOf(' ')
  const atMs = Number(event.slice(0, space))
  const rest = event.slice(space + 1)
  return subject.startsWith(RELAYED) ? describeRelayed(sender, subject, atMs, rest) : describeChange(sender, subject, atMs, rest, explain)
}

/** Concatenated as text, so that no byte of the relayed change is altered. */
function describeRelayed (sender: string, subject: string, atMs: number, rest: string): Callback {
  const space = rest.indexOf(' ')
  const type = rest.slice(0, space)
  const head = JSON.stringify({ type, timestamp: formatTime(atMs) }).slice(0, -1)
  const body = `${head},"data":{"sender":${JSON.stringify(sender)},${rest.slice(space + 2)}}`
  return { id: `in_${subject.slice(RELAYED.length)}`, type, atMs, body }
}

function describeChange (sender: string, subject: string, atMs: number, rest: string, explain: Explain): Callback {
  const [text = '', entryText = '{}'] = rest.split('\t')
  const result = parseResult(text)
  const status = result?.state ?? 'unknown'
  const entry = JSON.parse(entryText) as Partial<HistoryEntry>
  const data = {
    id: publicId(sender, subject),
    ...(result === null ? {} : fieldsOf(result)),
    jobId: result?.idempotencyKey ?? publicId(sender, subject),
    idempotencyKey: result?.idempotencyKey ?? null,
    sender,
    status,
    ...(status === 'failed' || status === 'expired' ? { error: errorOf(entry, explain) } : {})
  }
  const type = `message.${status}`
  // A message cannot reach the same state twice within a millisecond.
  const body = JSON.stringify({ type, timestamp: formatTime(atMs), data })
  return { id: `${subject.replace('.', '_')}_${status}_${atMs.toString(36)}`, type, atMs, body }
}

function fieldsOf (result: Result): Record<string, unknown> {
  return {
    to: toOf(result.recipient),
    attemptCount: result.attempts,
    providerMessageId: result.providerMessageId,
    metadata: result.metadata ?? null,
    ...(result.campaign === undefined ? {} : { campaign: result.campaign }),
    ...(result.cancelledFor === undefined ? {} : { cancelledFor: result.cancelledFor }),
    ...(result.callbackData === undefined ? {} : { callbackData: result.callbackData }),
    ...(result.waId === undefined ? {} : { waId: result.waId }),
    createdAt: formatTime(result.admittedAt),
    settledAt: formatTime(result.settledAt),
    ...(result.deliveredAt === undefined ? {} : { deliveredAt: formatTime(result.deliveredAt) }),
    ...(result.readAt === undefined ? {} : { readAt: formatTime(result.readAt) })
  }
}

/** The canonical recipient as callers write it; null if it was erased. */
function toOf (recipient: string): string | null {
  if (recipient === '') return null
  return recipient.startsWith('p') ? `+${recipient.slice(1)}` : recipient.slice(1)
}

/** A message may end without a code: its last attempt stayed unknown, or it had none. */
function errorOf (entry: Partial<HistoryEntry>, explain: Explain): Record<string, unknown> {
  const { explanation = null, remedy = null } = entry.code === undefined ? {} : explain(entry.code)
  return { code: entry.code ?? null, message: entry.error ?? entry.note ?? null, reason: entry.reason ?? null, explanation, remedy }
}
