import type { WaitingFor } from '../message.js'
import type { Explain } from '../failure/failure.js'
import { acknowledgedOf, attemptsOf, movesOf } from '../failure/failure.js'
import { nameOf } from '../recipient.js'
import { publicId } from '../redis/keys.js'
import type { MessageView } from '../settlement/inspect.js'
import type { DeliveryError, Message } from './schemas/message.js'
import { formatTime, formatTimeOrNull } from '../values/time.js'

/** The fields of a message that waits; null where no end of the wait is known. */
export interface WaitFields { delayMs: number | null, expectedAt: string | null, position: number, waitingFor: WaitingFor | null }

export function describeWait (nowMs: number, delayMs: number | null, waitingFor: WaitingFor | null, position: number): WaitFields {
  return { delayMs, expectedAt: delayMs === null ? null : formatTime(nowMs + delayMs), position, waitingFor }
}

/**
 * One message as GET returns it. Its idempotency key is stored with its payload; once the payload is deleted, the key is known only if the
 * message was requested by `key`.
 */
export function describeMessage (
  sender: string, view: MessageView, { explain, sandbox }: { explain: Explain, sandbox: boolean }, key: string | null = null
): Message {
  const { payload } = view
  const id = publicId(sender, view.id)
  const failing = view.history.filter(entry => entry.code !== undefined).at(-1)
  const acknowledged = acknowledgedOf(view.history)
  const message: Message = {
    id,
    jobId: payload === null ? key : payload.idempotencyKey ?? id,
    status: view.state,
    sender,
    to: payload?.to ?? null,
    recipient: view.recipient === '' ? null : nameOf(view.recipient),
    caller: view.caller,
    message: payload?.message ?? null,
    type: payload?.type ?? null,
    metadata: view.metadata,
    idempotencyKey: payload?.idempotencyKey ?? key,
    keySource: payload?.keySource ?? null,
    createdAt: formatTime(view.admittedAt),
    settledAt: formatTimeOrNull(view.settledAt),
    expiresAt: formatTimeOrNull(view.expiresAt),
    attemptCount: view.attempts,
    providerMessageId: view.providerMessageId,
    deliveredAt: formatTimeOrNull(view.deliveredAt),
    readAt: formatTimeOrNull(view.readAt),
    attempts: attemptsOf(view.history)
  }
  if (view.lane !== null) message.priority = view.lane
  if (payload?.category !== undefined) message.category = payload.category
  if (view.campaign !== null) message.campaign = view.campaign
  if (view.template !== null) message.template = view.template
  if (view.cancelledFor !== null) message.cancelledFor = view.cancelledFor
  if (view.isReplaced) message.replaced = true
  if (view.callbackData !== null) message.callbackData = view.callbackData
  if (view.waId !== null) message.waId = view.waId
  if (view.bouncedWith !== null) message.deliveryError = explainError({ code: view.bouncedWith }, explain)
  if (view.state === 'queued' || view.state === 'scheduled') {
    Object.assign(message, describeWait(view.nowMs, view.delayMs, view.waitingFor, view.position))
  }
  if (view.state === 'scheduled') message.scheduledFor = formatTime(view.momentMs ?? view.nowMs)
  if (view.state === 'retrying' || view.state === 'unknown') message.nextRetryAt = formatTimeOrNull(view.momentMs)
  if (failing !== undefined && ['retrying', 'unknown', 'failed', 'expired'].includes(view.state)) message.error = explainError(failing, explain)
  if (acknowledged !== undefined) {
    message.acknowledgedAt = formatTime(acknowledged.at)
    if (acknowledged.acknowledgedBy !== undefined) message.acknowledgedBy = acknowledged.acknowledgedBy
    if (acknowledged.note !== undefined) message.note = acknowledged.note
  }
  const moves = movesOf(view.history)
  if (moves.length > 0) message.moves = moves
  if (sandbox) message.sandbox = true
  return message
}

export function explainError ({ code = 'UNKNOWN', error }: { code?: string, error?: string }, explain: Explain): DeliveryError {
  const { explanation, remedy } = explain(code)
  return { code, message: error ?? null, explanation, remedy }
}
