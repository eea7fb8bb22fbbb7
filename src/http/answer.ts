import type { Admission } from '../admission/admit.js'
import { SluiceError } from '../errors.js'
import { acknowledgedOf, attemptsOf } from '../failure/failure.js'
import type { KeySource } from '../message.js'
import { publicId } from '../redis/keys.js'
import type { MessageView } from '../settlement/inspect.js'
import type { Explain } from '../failure/failure.js'

/** The head of every 2xx of POST /messages; exactly one of the three flags is true. */
export function head (sender: string, admission: Pick<Admission, 'id' | 'idempotencyKey' | 'keySource'>, sandbox: boolean): Record<string, unknown> {
  const { id: name, idempotencyKey = null, keySource } = admission
  const id = publicId(sender, name)
  const known: Record<string, unknown> = { id, jobId: idempotencyKey ?? id, idempotencyKey, keySource, immediate: false, queued: false, duplicate: false }
  if (sandbox) known['sandbox'] = true
  return known
}

/** What a message waits for, with its moment: null where no end is known. */
export function wait (nowMs: number, delayMs: number | null, waitingFor: string | null, position: number): Record<string, unknown> {
  return { delayMs, expectedAt: delayMs === null ? null : new Date(nowMs + delayMs).toISOString(), position, waitingFor }
}

/**
 * One message as GET tells it. Its idempotency key is kept with its payload; once that is gone it is known only where the
 * message was asked for by `key`.
 */
export function describe (sender: string, view: MessageView, { explain, sandbox }: { explain: Explain, sandbox: boolean }, key: string | null = null): Record<string, unknown> {
  const keySource: KeySource | null = view.payload?.keySource ?? null
  const failing = view.history.filter(line => line.code !== undefined).at(-1)
  const seen = acknowledgedOf(view.history)
  const bad = failing !== undefined && ['retrying', 'unknown', 'failed', 'expired'].includes(view.state)
  return {
    id: publicId(sender, view.id),
    jobId: view.payload === null ? key : view.payload.idempotencyKey ?? publicId(sender, view.id),
    status: view.state,
    sender,
    to: view.payload?.to ?? null,
    message: view.payload?.message ?? null,
    type: view.payload?.type ?? null,
    metadata: view.metadata,
    ...(view.payload?.category === undefined ? {} : { category: view.payload.category }),
    ...(view.cancelledFor === null ? {} : { cancelledFor: view.cancelledFor }),
    ...(view.callbackData === null ? {} : { callbackData: view.callbackData }),
    idempotencyKey: view.payload?.idempotencyKey ?? key,
    keySource,
    createdAt: iso(view.admittedAt),
    settledAt: iso(view.settledAt),
    expiresAt: iso(view.expiresAt),
    attemptCount: view.attempts,
    providerMessageId: view.providerMessageId,
    ...(view.waId === null ? {} : { waId: view.waId }),
    deliveredAt: iso(view.deliveredAt),
    readAt: iso(view.readAt),
    ...(view.bouncedWith === null ? {} : { deliveryError: errorOf({ code: view.bouncedWith }, explain) }),
    ...(waits(view) ? wait(view.nowMs, view.delayMs, view.waitingFor, view.position) : {}),
    ...(view.state === 'retrying' || view.state === 'unknown' ? { nextRetryAt: iso(view.momentMs) } : {}),
    ...(bad ? { error: errorOf(failing, explain) } : {}),
    ...(seen === undefined ? {} : { acknowledgedAt: iso(seen.at), acknowledgedBy: seen.acknowledgedBy, ...(seen.note === undefined ? {} : { note: seen.note }) }),
    attempts: attemptsOf(view.history),
    ...(sandbox ? { sandbox: true } : {})
  }
}

export function errorOf (line: { code?: string, error?: string }, explain: Explain): Record<string, unknown> {
  const code = line.code ?? 'UNKNOWN'
  const { explanation, remedy } = explain(code)
  return { code, message: line.error ?? null, explanation, remedy }
}

function waits (view: MessageView): boolean {
  return view.state === 'queued' || view.state === 'scheduled'
}

function iso (ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}

/** When to come again where nobody knows the end of the wait: most stops are tried once a minute. */
const OPEN_END_MS = 60_000

/** A request that reserved nothing: 429, or 422 where another try ends the same. */
export function refusal ({ code, waitMs }: Extract<Admission, { status: 'refused' }>): SluiceError {
  if (code === 'RECIPIENT_OPTED_OUT') return new SluiceError(code, { field: 'to' })
  return new SluiceError(code, { retryAfterMs: waitMs ?? OPEN_END_MS, extra: { waitMs } })
}
