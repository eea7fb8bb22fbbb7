import type { WaitingFor, Lane, Payload, State } from '../message.js'
import { admittedAt, digestOf, senderKey } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import { templateOf } from '../template-name.js'
import type { HistoryEntry } from './record.js'
import { parseRecord, parseResult } from './record.js'

/** Everything that Redis has of one message, in any state. Times are ms since the epoch by Redis's clock. */
export interface MessageView {
  id: string
  state: State
  /** Canonical; '' once it was erased. */
  recipient: string
  /** Null once the message is settled, unless it is kept as a failure. */
  lane: Lane | null
  nowMs: number
  caller: string
  campaign: string | null
  /** Name of its template. */
  template: string | null
  admittedAt: number
  settledAt: number | null
  attempts: number
  providerMessageId: string | null
  /** By the provider's clock; null if no webhook has reported it. */
  deliveredAt: number | null
  readAt: number | null
  /** Code of a failure that was reported after the delivery. */
  bouncedWith: string | null
  /** Null once the message is settled, unless it is kept as a failure. */
  payload: Payload | null
  metadata: Record<string, unknown> | null
  /** WhatsApp's id of the recipient, if it differs from the one that the caller wrote. */
  waId: string | null
  /** The caller's own `biz_opaque_callback_data`. */
  callbackData: string | null
  /** Reason of a cancellation that no caller requested. */
  cancelledFor: string | null
  /** The caller's other template was sent in its place. */
  isReplaced: boolean
  history: HistoryEntry[]
  /** When it is due: next retry, scheduled time, or end of the hold of an unknown outcome. */
  momentMs: number | null
  delayMs: number | null
  waitingFor: WaitingFor | null
  position: number
  expiresAt: number | null
}

/** Looks a message up by its id, or by the digest of its idempotency key. Null if Redis has nothing of it. */
export async function inspectMessage (store: Store, sender: string, name: { id: string } | { digest: string }): Promise<MessageView | null> {
  const digest = 'id' in name ? digestOf(name.id) : name.digest
  const reply = await store.run('inspect-message', { sender, digest }, { id: 'id' in name ? name.id : '' })
  if (reply.status === 'gone') return null
  const { state, id, nowMs, momentMs, waitUs, waitingFor, position } = reply
  const result = reply.result === '' ? null : parseResult(reply.result)
  const stored = reply.record === '' ? null : parseRecord(reply.record)
  const waits = state === 'queued' || state === 'scheduled' || state === 'retrying' || state === 'unknown'
  return {
    id,
    state,
    recipient: stored?.recipient ?? result?.recipient ?? '',
    lane: stored?.lane ?? null,
    nowMs,
    caller: stored?.payload.caller ?? result?.caller ?? '',
    campaign: stored?.payload.campaign ?? result?.campaign ?? null,
    template: (stored === null ? null : templateOf(stored.payload.type, stored.payload.message)?.name) ?? result?.template ?? null,
    admittedAt: admittedAt(id),
    settledAt: result?.settledAt ?? (stored !== null && !waits && state !== 'sending' ? momentMs : null),
    attempts: stored?.attempts ?? result?.attempts ?? 0,
    providerMessageId: result === null ? acceptedId(state, stored?.history ?? []) : result.providerMessageId,
    deliveredAt: result?.deliveredAt ?? null,
    readAt: result?.readAt ?? null,
    bouncedWith: result?.bouncedWith ?? null,
    payload: stored?.payload ?? null,
    metadata: stored?.payload.metadata ?? result?.metadata ?? null,
    waId: result?.waId ?? null,
    callbackData: stored?.payload.callbackData ?? result?.callbackData ?? null,
    cancelledFor: result?.cancelledFor ?? null,
    isReplaced: result?.isReplaced ?? false,
    history: stored?.history ?? [],
    momentMs: momentMs === 0 ? null : momentMs,
    delayMs: !waits || waitUs < 0 ? null : Math.floor(waitUs / 1000),
    waitingFor: waitingFor === '' ? null : waitingFor,
    position,
    expiresAt: waits || state === 'sending' ? stored?.expiresAt ?? null : null
  }
}

/** WhatsApp's id of a sent message whose result is no longer stored. */
function acceptedId (state: State, history: HistoryEntry[]): string | null {
  if (state !== 'sent' && state !== 'delivered') return null
  return history.findLast(({ outcome, providerMessageId }) => outcome === 'sent' && providerMessageId !== undefined)?.providerMessageId ?? null
}

/** The payload of an unsettled message; null once it is settled. */
export async function payloadOf (store: Store, sender: string, id: string): Promise<Payload | null> {
  const text = await store.redis.hget(senderKey(store.prefix, sender, 'backlog'), id)
  return text === null ? null : parseRecord(text).payload
}
