import type { Admission, AdmissionDeps, Request } from '../admission/admit.js'
import type { Delivery, DeliveryDeps } from '../drain/deliver.js'
import { deliver } from '../drain/deliver.js'
import { SluiceError } from '../errors.js'
import type { Explain } from '../failure/failure.js'
import type { Grant, KeySource, Outcome, State } from '../message.js'
import { within } from '../parallel.js'
import { admittedAt, publicId } from '../redis/keys.js'
import { inspectMessage } from '../settlement/inspect.js'
import { writtenId } from '../settlement/record.js'
import type { SenderRegistry } from '../sender-registry.js'
import { formatTime } from '../values/time.js'
import { describeMessage, describeWait, explainError } from './message-view.js'
import type { Accepted, Duplicate, Message, Sent } from './schemas/message.js'

/** For admitting a message, and for sending it within the request where a slot is free. */
export interface PostDeps extends AdmissionDeps, DeliveryDeps {
  senders: SenderRegistry
  explain: Explain
  /** How long a request waits for its own send, ms. */
  inlineWaitMs: number
  /** How long failures are kept, ms. */
  retentionMs: number
  sandbox: boolean
}

type Granted = Extract<Admission, { status: 'granted' }>

interface Identity { id: string, idempotencyKey: string | null, keySource: KeySource }

/** WhatsApp's response to a sent message. `waId`: its id of the recipient, if it differs from what the caller wrote. */
interface Taken { providerMessageId: string | null, waId?: string, messageStatus?: string, replaced?: true }

/** Why and for how long an accepted message waits. */
export type Waiting = Pick<Message, 'delayMs' | 'expectedAt' | 'position' | 'waitingFor' | 'nextRetryAt' | 'error'>

/** What happened to a posted message, for both HTTP surfaces to render. Failures are thrown as SluiceError. */
export type AdmissionResult = Identity & (
  | { status: 'sent', taken: Taken }
  | { status: 'accepted', state: State, waiting: Waiting }
  | { status: 'duplicate', first: Message }
)

/**
 * The result of each kind of admission. A granted message is sent here, within the caller's request, for as long as `INLINE_WAIT_MS` permits.
 * Throws what is an error to the caller.
 */
export async function resultOf (deps: PostDeps, sender: string, admission: Admission): Promise<AdmissionResult> {
  const { idempotencyKey = null, keySource } = admission
  const identity = { id: publicId(sender, admission.id), idempotencyKey, keySource }
  switch (admission.status) {
    case 'granted': return await sendInline(deps, identity, admission)
    case 'queued':
    case 'scheduled': {
      const waiting = describeWait(admittedAt(admission.id), admission.delayMs, admission.waitingFor, admission.position)
      return accepted(identity, admission.status, waiting)
    }
    case 'duplicate': {
      const view = await inspectMessage(deps.store, sender, { id: admission.id })
      // The window of the key has ended just now, so a repeat of the request is a new message.
      if (view === null) throw new SluiceError('UNAVAILABLE', { detail: 'the idempotency key expired during this request', retryAfterMs: 1000 })
      return { ...identity, status: 'duplicate', first: describeMessage(sender, view, deps) }
    }
    case 'reused': {
      const field = keySource === 'header' ? 'Idempotency-Key' : 'idempotencyKey'
      throw new SluiceError('IDEMPOTENCY_KEY_REUSED', { field, extra: { id: identity.id } })
    }
    case 'rejected': throw rejection(admission, deps.store.nowMs(sender))
    default: return admission satisfies never
  }
}

type PostResponse = { httpStatus: 200, body: Sent | Duplicate } | { httpStatus: 202, body: Accepted }

/** What the response repeats of the request: how its time was understood, and what is unusual about it. */
type Understood = Pick<Request, 'scheduledFor' | 'warnings'>

/** The rendering of POST /messages. Exactly one of `immediate`, `queued` and `duplicate` is true. */
export function toResponse (result: AdmissionResult, sandbox: boolean, { scheduledFor, warnings }: Understood = {}): PostResponse {
  const { status, id, idempotencyKey, keySource } = result
  // Hot path: one literal, extended in place.
  const posted = {
    id,
    jobId: idempotencyKey ?? id,
    idempotencyKey,
    keySource,
    immediate: status === 'sent',
    queued: status === 'accepted',
    duplicate: status === 'duplicate'
  }
  if (sandbox) Object.assign(posted, { sandbox })
  // With a key of the caller's own a repeat may name another time, which has no effect: a duplicate has the time of the first message.
  if (scheduledFor !== undefined && status !== 'duplicate') Object.assign(posted, { scheduledFor: formatTime(scheduledFor) })
  if (warnings !== undefined) Object.assign(posted, { warnings })
  switch (status) {
    case 'sent': return { httpStatus: 200, body: Object.assign(posted, { status: 'sent' as const }, result.taken) }
    case 'accepted': return { httpStatus: 202, body: Object.assign(posted, { status: result.state }, result.waiting) }
    case 'duplicate': return { httpStatus: 200, body: { ...result.first, ...posted } }
    default: return status satisfies never
  }
}

async function sendInline (deps: PostDeps, identity: Identity, admission: Granted): Promise<AdmissionResult> {
  const sending = deliver(deps, admission.grant)
  const delivery = await within(deps.inlineWaitMs, sending)
  if (delivery !== null) return await delivered(deps, identity, admission, delivery)
  sending.catch(error => deps.events.emit('unexpected-error', { location: 'deliver', error }))
  return accepted(identity, 'sending', { ...describeWait(0, null, 'turn-in-queue', 1), delayMs: 0 })
}

async function delivered (deps: PostDeps, identity: Identity, { id, grant }: Granted, { outcome, settled }: Delivery): Promise<AdmissionResult> {
  const error = 'code' in outcome ? explainError(outcome, deps.explain) : undefined
  const reason = error === undefined ? {} : { error }
  switch (settled.status) {
    case 'sent': {
      const { id, idempotencyKey, keySource } = identity
      const taken = outcome.status === 'sent' ? takenBy(grant, outcome) : { providerMessageId: null }
      return { id, idempotencyKey, keySource, status: 'sent', taken }
    }
    case 'failed': {
      const detail = 'error' in outcome ? { detail: outcome.error } : {}
      throw new SluiceError('PROVIDER_REJECTED', { ...detail, extra: { id: identity.id, error } })
    }
    case 'retry':
    case 'unknown': {
      const nextRetryAt = formatTime(settled.dueAt ?? 0)
      return accepted(identity, settled.status === 'retry' ? 'retrying' : 'unknown', { ...reason, nextRetryAt })
    }
    case 'wait':
    case 'stale': {
      const view = await inspectMessage(deps.store, grant.sender, { id })
      const wait = view === null ? describeWait(0, null, 'turn-in-queue', 1) : describeWait(view.nowMs, view.delayMs, view.waitingFor, view.position)
      return accepted(identity, view?.state ?? 'queued', { ...wait, ...reason })
    }
    default: return settled.status satisfies never
  }
}

function takenBy ({ payload, isReplaced }: Grant, { providerMessageId, recipientId, messageStatus }: Extract<Outcome, { status: 'sent' }>): Taken {
  const taken: Taken = { providerMessageId }
  if (recipientId !== undefined && recipientId !== writtenId(payload)) taken.waId = recipientId
  if (isReplaced === true) taken.replaced = true
  if (messageStatus !== undefined) taken.messageStatus = messageStatus
  return taken
}

function accepted (identity: Identity, state: State, waiting: Waiting): AdmissionResult {
  const { id, idempotencyKey, keySource } = identity
  return { id, idempotencyKey, keySource, status: 'accepted', state, waiting }
}

/** `Retry-After` where no end of the wait is known: most stopped senders are probed once a minute. */
const UNKNOWN_END_MS = 60_000

/** A message that was not accepted: 429, or 422 if a retry would fail too. */
function rejection ({ code, waitMs, limit }: Extract<Admission, { status: 'rejected' }>, nowMs: number): SluiceError {
  if (code === 'CAMPAIGN_CANCELLED') return new SluiceError(code, { field: 'campaign' })
  if (code === 'TEMPLATE_REJECTED') return new SluiceError(code, { field: 'message' })
  if (code === 'WINDOW_CLOSED') {
    const closedAt = waitMs === null ? null : formatTime(nowMs - waitMs)
    return new SluiceError(code, { field: 'message', extra: { closedAt } })
  }
  if (code === 'RECIPIENT_OPTED_OUT') return new SluiceError(code, { field: 'to' })
  const retryAfterMs = waitMs ?? UNKNOWN_END_MS
  if (limit === undefined) return new SluiceError(code, { retryAfterMs, extra: { waitMs } })
  const { caller, backlog } = limit
  const headers = {
    'ratelimit-policy': `"backlog";q=${backlog};qu="concurrent-requests"`,
    ratelimit: `"backlog";r=0;t=${Math.max(1, Math.ceil(retryAfterMs / 1000))}`
  }
  const detail = `${caller} may have ${backlog} messages at this sender that have not ended`
  return new SluiceError(code, { detail, retryAfterMs, headers, extra: { waitMs } })
}
