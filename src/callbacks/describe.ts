import type { Explain } from '../failure/failure.js'
import { publicId } from '../redis/keys.js'
import type { Result, HistoryEntry } from '../settlement/record.js'
import { parseResult } from '../settlement/record.js'

export interface Callback {
  /** The same however often it is told, so that receivers can tell a repeat. */
  id: string
  type: string
  /** ms since the epoch. */
  at: number
  body: string
}

/** Subjects that are relayed, and no messages. */
const RELAYED = 'in:'

/** What is told of an event of the outbox; its text is `<ms> <result>[<tab><story line>]`, or `<ms> <type> <JSON>` where it is relayed. */
export function describeEvent (sender: string, subject: string, event: string, explain: Explain): Callback {
  const space = event.indexOf(' ')
  const at = Number(event.slice(0, space))
  const rest = event.slice(space + 1)
  return subject.startsWith(RELAYED) ? describeRelayed(sender, subject, at, rest) : describeChange(sender, subject, at, rest, explain)
}

/** Put together as text, so that not a byte of what is relayed changes. */
function describeRelayed (sender: string, subject: string, at: number, rest: string): Callback {
  const space = rest.indexOf(' ')
  const type = rest.slice(0, space)
  const head = JSON.stringify({ type, timestamp: iso(at) }).slice(0, -1)
  return { id: `in_${subject.slice(RELAYED.length)}`, type, at, body: `${head},"data":{"sender":${JSON.stringify(sender)},${rest.slice(space + 2)}}` }
}

function describeChange (sender: string, subject: string, at: number, rest: string, explain: Explain): Callback {
  const [text = '', history = '{}'] = rest.split('\t')
  const result = parseResult(text)
  const status = result?.state ?? 'unknown'
  const line = JSON.parse(history) as Partial<HistoryEntry>
  const data = {
    id: publicId(sender, subject),
    ...(result === null ? {} : facts(result)),
    jobId: result?.idempotencyKey ?? publicId(sender, subject),
    idempotencyKey: result?.idempotencyKey ?? null,
    sender,
    status,
    ...(status === 'failed' || status === 'expired' ? { error: errorOf(line, explain) } : {})
  }
  const type = `message.${status}`
  // One message can't come to the same state twice within a millisecond.
  return { id: `${subject.replace('.', '_')}_${status}_${at.toString(36)}`, type, at, body: JSON.stringify({ type, timestamp: iso(at), data }) }
}

function facts (result: Result): Record<string, unknown> {
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

/** The canonical recipient as callers write one; null where it was erased. */
function toOf (recipient: string): string | null {
  if (recipient === '') return null
  return recipient.startsWith('p') ? `+${recipient.slice(1)}` : recipient.slice(1)
}

/** A message may end without any code: nobody heard of its last attempt, or it never had one. */
function errorOf (line: Partial<HistoryEntry>, explain: Explain): Record<string, unknown> {
  const { explanation = null, remedy = null } = line.code === undefined ? {} : explain(line.code)
  return { code: line.code ?? null, message: line.error ?? line.note ?? null, reason: line.reason ?? null, explanation, remedy }
}

function iso (ms: number): string {
  return new Date(ms).toISOString()
}
