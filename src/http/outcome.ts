import type { Admission } from '../admission/admit.js'
import type { Delivery } from '../drain/deliver.js'
import { deliver } from '../drain/deliver.js'
import { SluiceError } from '../errors.js'
import type { Outcome, Payload } from '../message.js'
import { admittedAt } from '../redis/keys.js'
import { inspectMessage } from '../settlement/inspect.js'
import { writtenId } from '../settlement/record.js'
import { describe, errorOf, head, refusal, wait } from './answer.js'
import type { ApiDeps } from './api.js'

type Granted = Extract<Admission, { status: 'granted' }>

/** A 2xx of POST /messages. */
export interface Answer { httpStatus: 200 | 202, body: Record<string, unknown>, replayed?: boolean }

/**
 * Every way an admission can end, each an arm. A grant is sent here, within the caller's own request, as long as
 * `INLINE_WAIT_MS` allows. Throws what is an error to the caller.
 */
export async function toAnswer (deps: ApiDeps, sender: string, admission: Admission): Promise<Answer> {
  const known = head(sender, admission, deps.sandbox)
  switch (admission.status) {
    case 'granted': {
      const journey = deliver(deps, admission.grant)
      const delivery = await within(deps.inlineWaitMs, journey)
      if (delivery !== null) return await delivered(deps, sender, admission, delivery)
      journey.catch(error => deps.events.emit('unexpected-error', { location: 'deliver', error }))
      return accepted(known, 'sending', wait(0, null, 'turn-in-queue', 1), { delayMs: 0 })
    }
    case 'queued':
    case 'scheduled':
      return accepted(known, admission.status, wait(admittedAt(admission.id), admission.delayMs, admission.waitingFor, admission.position))
    case 'duplicate': {
      const first = await inspectMessage(deps.store, sender, { id: admission.id })
      const body = { ...(first === null ? {} : describe(sender, first, deps)), ...known, duplicate: true }
      return { httpStatus: 200, body, replayed: true }
    }
    case 'reused': throw new SluiceError('IDEMPOTENCY_KEY_REUSED', { field: admission.keySource === 'header' ? 'Idempotency-Key' : 'idempotencyKey', extra: { id: known['id'] } })
    case 'refused': throw refusal(admission)
    default: return admission satisfies never
  }
}

/** What comes of it, or null where it takes longer than so many ms. */
async function within<Value> (ms: number, journey: Promise<Value>): Promise<Value | null> {
  let timer
  const over = new Promise<null>(resolve => { timer = setTimeout(resolve, ms, null).unref() })
  try {
    return await Promise.race([journey, over])
  } finally {
    clearTimeout(timer)
  }
}

async function delivered (deps: ApiDeps, sender: string, admission: Granted, { outcome, settled }: Delivery): Promise<Answer> {
  const known = head(sender, admission, deps.sandbox)
  const error = 'code' in outcome ? errorOf(outcome, deps.explain) : undefined
  switch (settled.verdict) {
    case 'sent': return {
      httpStatus: 200,
      body: Object.assign(known, { status: 'sent', immediate: true, providerMessageId: null }, outcome.status === 'sent' ? taken(admission.grant.payload, outcome) : undefined)
    }
    case 'failed': throw new SluiceError('PROVIDER_REJECTED', { ...('error' in outcome ? { detail: outcome.error } : {}), extra: { id: known['id'], error } })
    case 'retry':
    case 'unknown':
      return accepted(known, settled.verdict === 'retry' ? 'retrying' : 'unknown', { error, nextRetryAt: new Date(settled.dueAt ?? 0).toISOString() })
    case 'wait':
    case 'stale': {
      const view = await inspectMessage(deps.store, sender, { id: admission.id })
      const waiting = view === null ? wait(0, null, 'turn-in-queue', 1) : wait(view.nowMs, view.delayMs, view.waitingFor, view.position)
      return accepted(known, view?.state ?? 'queued', waiting, error === undefined ? undefined : { error })
    }
    default: return settled.verdict satisfies never
  }
}

/** What WhatsApp said as it took a message: `waId` where the recipient's is another than the caller wrote. */
function taken (payload: Payload, { providerMessageId, recipientId, messageStatus }: Extract<Outcome, { status: 'sent' }>): Record<string, unknown> {
  const told: Record<string, unknown> = { providerMessageId }
  if (recipientId !== undefined && recipientId !== writtenId(payload)) told['waId'] = recipientId
  if (messageStatus !== undefined) told['messageStatus'] = messageStatus
  return told
}

/** Adds to the head instead of copying it: this is on every message's way. */
function accepted (known: Record<string, unknown>, status: string, ...more: Array<object | undefined>): Answer {
  return { httpStatus: 202, body: Object.assign(known, { status, queued: true }, ...more) }
}
