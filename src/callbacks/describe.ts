import type { Explain } from '../failure/failure.js'
import { publicId } from '../redis/keys.js'
import type { Result, HistoryEntry } from '../settlement/record.js'
import { parseResult } from '../settlement/record.js'

export interface Callback {
  /** The same for every attempt, so that receivers recognize a repeat. */
  id: string
  type: string
  /** ms since the epoch. */
  at: number
  body: string
}

/** Prefix of subjects that are relayed webhook changes and not messages. */
const RELAYED = 'in:'

/** The callback of an outbox event, whose text is `<ms> <result>[<tab><history entry>]`, or `<ms> <type> <JSON>` if it is relayed. */
export function describeEvent (sender: string, subject: string, event: string, explain: Explain): Callback {
  const space = event.indexOf(' ')
  const at = Number(event.slice(0, space))
  const rest = event.slice(space + 1)
  return subject.startsWith(RELAYED) ? describeRelayed(sender, subject, at, rest) : describeChange(sender, subject, at, rest, explain)
}

/** Concatenated as text, so that no byte of the relayed change is altered. */
function describeRelayed (sender: string, subject: string, at: number, rest: string): Callback {
  const space = rest.indexOf(' ')
  const type = rest.slice(0, space)
  const head = JSON.stringify({ type, timestamp: iso(at) }).slice(0, -1)
  return { id: `in_${subject.slice(RELAYED.length)}`, type, at, body: `${head},"data":{"sender":${JSON.stringify(sender)},${rest.slice(space + 2)}}` }
}

function describeChange (sender: string, subject: string, at: number, rest: string, explain: Explain): Callback {
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
  return { id: `${subject.replace('.', '_')}_${status}_${at.toString(36)}`, type, at, body: JSON.stringify({ type, timestamp: iso(at), data }) }
}

function fieldsOf (result: Result): Record<string, unknown> {
  return {
    to: toOf(result.recipient),
    attemptCount: result.attempts,
    providerMessageId: result.providerMessageId,
    metadata: result.metadata ?? null,
    ...(result.cancelledFor === undefined ? {} : { cancelledFor: result.cancelledFor }),
    ...(result.callbackData === undefined ? {} : { callbackData: result.callbackData }),
    ...(result.waId === undefined ? {} : { waId: result.waId }),
    createdAt: iso(result.admittedAt),
    settledAt: iso(result.settledAt),
    ...(result.deliveredAt === undefined ? {} : { deliveredAt: iso(result.deliveredAt) }),
    ...(result.readAt === undefined ? {} : { readAt: iso(result.readAt) })
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

function iso (ms: number): string {
  return new Date(ms).toISOString()
}
