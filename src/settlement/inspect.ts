import type { WaitingFor, Lane, Payload, State } from '../message.js'
import { admittedAt, digestOf, senderKey } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import type { HistoryEntry } from './record.js'
import { parseRecord, parseResult } from './record.js'

/** What is known of one message, wherever it stands. Moments are ms since the epoch by Redis's clock. */
export interface MessageView {
  id: string
  state: State
  /** Canonical; '' where it is no longer known. */
  recipient: string
  /** Only while it is unsettled, or kept as a failure. */
  lane: Lane | null
  nowMs: number
  caller: string
  admittedAt: number
  settledAt: number | null
  attempts: number
  providerMessageId: string | null
  /** By the provider's clock; null where no webhook told. */
  deliveredAt: number | null
  readAt: number | null
  /** Code of a failure that was told of after its delivery. */
  bouncedWith: string | null
  /** Only while it is unsettled, or kept as a failure. */
  payload: Payload | null
  metadata: Record<string, unknown> | null
  /** WhatsApp's id of the recipient, where it took it for another than the caller wrote. */
  waId: string | null
  /** The caller's own `biz_opaque_callback_data`. */
  callbackData: string | null
  /** Why it was cancelled, where that is not just somebody's wish. */
  cancelledFor: string | null
  history: HistoryEntry[]
  /** Next retry, schedule, or end of an unknown outcome's hold. */
  momentMs: number | null
  delayMs: number | null
  waitingFor: WaitingFor | null
  position: number
  expiresAt: number | null
}

/** Looks a message up by its id, or by the digest of its idempotency key (then `id` is null). Null: nothing is known. */
export async function inspectMessage (store: Store, sender: string, name: { id: string } | { digest: string }): Promise<MessageView | null> {
  const digest = 'id' in name ? digestOf(name.id) : name.digest
  const reply = await store.run('inspect-message', { sender, digest }, { id: 'id' in name ? name.id : '' })
  if (reply.status === 'gone') return null
  const { state, id, nowMs, momentMs, waitUs, waitingFor, position } = reply
  const result = reply.result === '' ? null : parseResult(reply.result)
  const kept = reply.record === '' ? null : parseRecord(reply.record)
  const waits = state === 'queued' || state === 'scheduled' || state === 'retrying' || state === 'unknown'
  return {
    id,
    state,
    recipient: kept?.recipient ?? result?.recipient ?? '',
    lane: kept?.lane ?? null,
    nowMs,
    caller: kept?.payload.caller ?? result?.caller ?? '',
    admittedAt: admittedAt(id),
    settledAt: result?.settledAt ?? (kept !== null && !waits && state !== 'sending' ? momentMs : null),
    attempts: kept?.attempts ?? result?.attempts ?? 0,
    providerMessageId: result?.providerMessageId ?? null,
    deliveredAt: result?.deliveredAt ?? null,
    readAt: result?.readAt ?? null,
    bouncedWith: result?.bouncedWith ?? null,
    payload: kept?.payload ?? null,
    metadata: kept?.payload.metadata ?? result?.metadata ?? null,
    waId: result?.waId ?? null,
    callbackData: kept?.payload.callbackData ?? result?.callbackData ?? null,
    cancelledFor: result?.cancelledFor ?? null,
    history: kept?.history ?? [],
    momentMs: momentMs === 0 ? null : momentMs,
    delayMs: !waits || waitUs < 0 ? null : Math.floor(waitUs / 1000),
    waitingFor: waitingFor === '' ? null : waitingFor,
    position,
    expiresAt: waits || state === 'sending' ? kept?.expiresAt ?? null : null
  }
}

/** The payload of an unsettled message; null where it is settled meanwhile. */
export async function payloadOf (store: Store, sender: string, id: string): Promise<Payload | null> {
  const text = await store.redis.hget(senderKey(store.prefix, sender, 'backlog'), id)
  return text === null ? null : parseRecord(text).payload
}
