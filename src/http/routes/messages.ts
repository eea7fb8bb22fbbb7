import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { digest } from '../../admission/key.js'
import type { Admission, Request } from '../../admission/admit.js'
import { admit } from '../../admission/admit.js'
import { cancel } from '../../drain/cancel.js'
import type { Delivery } from '../../drain/deliver.js'
import { deliver } from '../../drain/deliver.js'
import { SluiceError } from '../../errors.js'
import { admittedAt, parseId } from '../../redis/keys.js'
import type { MessageView } from '../../settlement/inspect.js'
import { inspectMessage } from '../../settlement/inspect.js'
import { describe, errorOf, head, refusal, wait } from '../answer.js'
import type { Api, ApiRoom } from '../api.js'
import { chooseSender } from '../api.js'
import type { Caller } from '../authenticate.js'
import type { PostMessage } from '../schemas/message.js'
import { MessageParamsSchema, MessageQuerySchema, PostMessageSchema } from '../schemas/message.js'

/** POST, GET and DELETE of messages: where a message enters. */
export function messageRoutes (api: Api, room: ApiRoom): void {
  api.post('/messages', { schema: { body: PostMessageSchema }, config: { roles: ['send', 'admin'] } }, async (request, reply) => {
    const asked = toRequest(room, request, request.body)
    const admission = await admit(room, asked)
    policy(reply, room, admission)
    return await answer(room, asked.sender, admission, reply)
  })

  const one = { schema: { params: MessageParamsSchema, querystring: MessageQuerySchema }, config: { roles: ['send', 'read', 'admin'] as const } }
  api.get('/messages/:id', one, async request => {
    const { sender, view } = await find(room, request.params.id, request.query.sender, request.caller)
    return describe(sender, view, room.explain, room.sandbox)
  })

  api.delete('/messages/:id', { ...one, config: { roles: ['send', 'admin'] } }, async (request, reply) => {
    const { sender, view } = await find(room, request.params.id, request.query.sender, request.caller)
    const done = view.payload === null ? 'gone' : await cancel(room, sender, view.id, 'cancelled', request.caller.name, view.payload)
    if (done !== 'done') throw new SluiceError('NOT_CANCELLABLE', { detail: `it is ${view.state}`, extra: { messageStatus: view.state } })
    const after = await inspectMessage(room.store, sender, { id: view.id })
    return after === null ? await reply.status(204).send() : describe(sender, after, room.explain, room.sandbox)
  })
}

function toRequest (room: ApiRoom, request: FastifyRequest, body: PostMessage): Request {
  const header = request.headers['idempotency-key']
  const async = /(^|[\s,;])respond-async($|[\s,;])/i.test(String(request.headers['prefer'] ?? ''))
  const whenLimited = body.whenLimited ?? 'wait'
  if (async && whenLimited === 'reject') {
    throw new SluiceError('INVALID_REQUEST', { detail: 'whenLimited "reject" asks for an immediate send, "respond-async" forbids one', field: 'whenLimited' })
  }
  const { to, message, type, metadata, idempotencyKey, timestamp, deduplicate, expiresInMs, onUnknown } = body
  return {
    sender: chooseSender(room, body.sender),
    caller: request.caller.name,
    lane: body.priority ?? 'normal',
    inline: !async,
    whenLimited,
    to,
    message,
    ...(type === undefined ? {} : { type }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(typeof header === 'string' ? { headerKey: header } : {}),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(deduplicate === undefined ? {} : { deduplicate }),
    ...(expiresInMs === undefined ? {} : { expiresInMs }),
    ...(onUnknown === undefined ? {} : { onUnknown }),
    ...(body.scheduledFor === undefined ? {} : { scheduledFor: moment(body.scheduledFor) })
  }
}

function moment (given: string | number): number {
  const ms = typeof given === 'number' ? given : Date.parse(given)
  if (!Number.isSafeInteger(ms) || ms > 253_402_300_799_000) throw new SluiceError('INVALID_REQUEST', { detail: 'it is no moment: give ISO 8601 or ms since the epoch', field: 'scheduledFor' })
  return ms
}

/** Every way an admission can end, each an arm. */
async function answer (room: ApiRoom, sender: string, admission: Admission, reply: FastifyReply): Promise<Record<string, unknown>> {
  const known = head(sender, admission, room.sandbox)
  switch (admission.status) {
    case 'granted': {
      const journey = deliver(room, admission.grant)
      const delivery = await Promise.race([journey, sleep(room.inlineWaitMs, null, { ref: false })])
      if (delivery !== null) return await delivered(room, sender, admission, delivery, reply)
      journey.catch(error => room.events.emit('fault', { where: 'deliver', error }))
      reply.status(202)
      return { ...known, status: 'sending', queued: true, delayMs: 0, expectedAt: null, position: 1, boundBy: 'line' }
    }
    case 'queued':
    case 'scheduled':
      if (admission.status === 'queued') await room.wakes.attend(sender, admission.attention)
      reply.status(202)
      return { ...known, status: admission.status, queued: true, ...wait(admittedAt(admission.id), admission.delayMs, admission.boundBy, admission.position) }
    case 'duplicate': {
      const first = await inspectMessage(room.store, sender, { id: admission.id })
      reply.header('idempotent-replayed', 'true')
      return { ...(first === null ? {} : describe(sender, first, room.explain, room.sandbox)), ...known, duplicate: true }
    }
    case 'reused': throw new SluiceError('IDEMPOTENCY_KEY_REUSED', { field: admission.keySource === 'header' ? 'Idempotency-Key' : 'idempotencyKey', extra: { id: known['id'] } })
    case 'refused': throw refusal(admission)
    default: return admission satisfies never
  }
}

async function delivered (room: ApiRoom, sender: string, admission: Admission, { outcome, settled }: Delivery, reply: FastifyReply): Promise<Record<string, unknown>> {
  const known = head(sender, admission, room.sandbox)
  const error = 'code' in outcome ? errorOf(outcome, room.explain) : undefined
  switch (settled.verdict) {
    case 'sent': return { ...known, status: 'sent', immediate: true, providerMessageId: outcome.status === 'sent' ? outcome.providerMessageId : null }
    case 'failed': throw new SluiceError('PROVIDER_REJECTED', { ...(typeof error?.['message'] === 'string' ? { detail: error['message'] } : {}), extra: { id: known['id'], error } })
    case 'retry':
    case 'unknown':
      reply.status(202)
      return {
        ...known, status: settled.verdict === 'retry' ? 'retrying' : 'unknown', queued: true, error, nextRetryAt: new Date(settled.dueAt ?? 0).toISOString()
      }
    case 'wait':
    case 'stale': {
      const view = await inspectMessage(room.store, sender, { id: admission.id })
      reply.status(202)
      return { ...known, status: view?.state ?? 'queued', queued: true, ...wait(view?.nowMs ?? 0, view?.delayMs ?? null, view?.boundBy ?? 'line', view?.position ?? 1), ...(error === undefined ? {} : { error }) }
    }
    default: return settled.verdict satisfies never
  }
}

/** By id, or by the caller's own idempotency key. A `send` key sees its own messages only, the others' do not exist for it. */
async function find (room: ApiRoom, name: string, named: string | undefined, caller: Caller): Promise<{ sender: string, view: MessageView }> {
  const parts = parseId(name)
  const sender = chooseSender(room, parts?.sender ?? named)
  const view = await inspectMessage(room.store, sender, parts === null ? { digest: digest(sender, caller.name, name) } : { id: parts.id })
  if (view === null || (caller.role === 'send' && view.caller !== caller.name)) throw new SluiceError('NOT_FOUND', { field: 'id' })
  return { sender, view }
}

/** The pair's rule as the IETF draft "RateLimit header fields" has it; times in whole seconds. */
function policy (reply: FastifyReply, room: ApiRoom, admission: Admission): void {
  const { pairIntervalMs, pairBurst } = room.rules
  const resetMs = 'delayMs' in admission ? (admission.delayMs ?? 0) + pairIntervalMs : admission.status === 'granted' ? pairIntervalMs : 0
  reply.header('ratelimit-policy', `"pair";q=${pairBurst};w=${Math.ceil(pairBurst * pairIntervalMs / 1000)}`)
  if (resetMs > 0) reply.header('ratelimit', `"pair";r=0;t=${Math.ceil(resetMs / 1000)}`)
}
