import { Type } from '@sinclair/typebox'
import type { FastifyContextConfig, FastifyReply } from 'fastify'
import type { Admission } from '../../admission/admit.js'
import { admit } from '../../admission/admit.js'
import { cancelledBy, closeMessage } from '../../drain/close.js'
import { SluiceError } from '../../errors.js'
import { publicId } from '../../redis/keys.js'
import { inspectMessage } from '../../settlement/inspect.js'
import type { CallerHeaders } from '../../throttle/caller.js'
import { takeSlots } from '../../throttle/caller.js'
import type { Rules } from '../../throttle/sender.js'
import type { PostDeps } from '../admission-result.js'
import { resultOf, toResponse } from '../admission-result.js'
import type { Api } from '../api.js'
import { findMessage, MessageParamsSchema } from '../find-message.js'
import { audit } from './audit.js'
import { describeMessage } from '../message-view.js'
import { moveRoutes } from './move.js'
import { addSchemas } from '../openapi.js'
import type { RequestExample } from '../operation.js'
import { json, optionalHeaders } from '../operation.js'
import { problems } from '../problem-responses.js'
import { prefersAsync, readKeyHeader, readPost } from '../request.js'
import { sampleTime, deliveryError, OTHER_ID, posted, postedWithoutKey, queuedMessage, SENDER, sentMessage, wait, WAMID } from '../samples.js'
import { either, ref, SenderQuerySchema } from '../schemas/common.js'
import {
  AcceptedSchema, AttemptSchema, DeliveryErrorSchema, DuplicateSchema, MessageSchema, MovedSchema, SentSchema, WarningSchema
} from '../schemas/message.js'
import { PostMessageSchema } from '../schemas/post-message.js'

const order = { to: '+1 555 010 4711', message: 'Your order has left', idempotencyKey: 'order-4711', metadata: { order: 4711 } }
const template = { type: 'template', template: { name: 'hello_world', language: { code: 'en_US' } } }
const postRequests: Record<string, RequestExample> = {
  text: { summary: 'A text', body: order },
  repeat: { summary: 'The same again: a duplicate', body: order },
  next: { summary: 'Another one to the same recipient: it waits', body: { to: '+1 555 010 4711', message: 'It comes tomorrow', priority: 'urgent' } },
  template: {
    summary: 'A template in the bulk lane',
    body: { to: '+1 555 010 4712', message: template, type: 'template', priority: 'bulk', expiresInMs: 3_600_000 }
  },
  scheduled: {
    summary: 'At a given time',
    headers: { 'Idempotency-Key': 'reminder-4711' },
    body: { to: '+1 555 010 4713', message: 'See you tomorrow', scheduledFor: '2099-01-31T09:30:00Z', expiresInMs: 2_592_000_000 }
  },
  later: {
    summary: 'Not within the request',
    headers: { Prefer: 'respond-async' },
    body: { to: '+1 555 010 4714', message: 'Not urgent', deduplicate: false }
  },
  rejected: { summary: 'Now or not at all', body: { to: '+1 555 010 4711', message: 'Only if you are free', whenLimited: 'reject' } },
  user: { summary: 'To a business-scoped user id', body: { recipient: 'US.13491208655302741918', message: 'Hello' } },
  undeliverable: { summary: 'A number of the sandbox that WhatsApp rejects permanently', body: { to: '+1 556 0 131026', message: 'Hello' } }
}

const scheduled = {
  ...posted,
  status: 'scheduled',
  queued: true,
  scheduledFor: sampleTime('09:30:00.000'),
  delayMs: 86_400_000,
  expectedAt: sampleTime('09:30:00.000'),
  position: 1,
  waitingFor: 'schedule'
}

const postMessage = {
  operationId: 'postMessage',
  tags: ['Messages'],
  summary: 'Accepts a message: sends it at once, or queues it and returns how long it waits',
  description: 'Exactly one of `immediate`, `queued` and `duplicate` is true in every 2xx response. After a 2xx the message ends as sent, failed, ' +
    'cancelled or expired, and `GET /messages/{id}` returns which and why. After a time-out or a 5xx, repeat the request with the same ' +
    'idempotency key: the repeat cannot send the message twice.',
  'x-headers': optionalHeaders('Idempotency-Key', 'Prefer'),
  body: PostMessageSchema,
  response: {
    200: json('Sent within the request, or a duplicate, of which nothing is sent', either(SentSchema, DuplicateSchema), {
      headers: ['Idempotent-Replayed', 'RateLimit', 'RateLimit-Policy'],
      examples: {
        sent: { ...posted, status: 'sent', immediate: true, providerMessageId: WAMID },
        duplicate: { ...sentMessage, ...posted, duplicate: true }
      }
    }),
    202: json('Accepted; it waits', ref(AcceptedSchema), {
      headers: ['RateLimit', 'RateLimit-Policy'],
      examples: {
        queued: { ...postedWithoutKey, status: 'queued', queued: true, ...wait },
        scheduled,
        retrying: { ...posted, status: 'retrying', queued: true, error: deliveryError, nextRetryAt: sampleTime('09:31:00.412') }
      }
    }),
    ...problems(
      'INVALID_REQUEST', 'INVALID_RECIPIENT', 'RECIPIENT_IS_USER_ID', 'INVALID_KEY', 'SCHEDULED_IN_PAST', 'FORBIDDEN', 'NOT_PERMITTED',
      'SENDER_UNKNOWN', 'NOT_SENT_YET', 'IDEMPOTENCY_KEY_REUSED', 'RECIPIENT_OPTED_OUT', 'PROVIDER_REJECTED', 'LIMITED',
      'CALLER_RATE_LIMITED', 'RECIPIENT_QUEUE_FULL', 'BACKLOG_FULL', 'CALLER_BACKLOG_FULL', 'WOULD_EXPIRE')
  },
  'x-requests': postRequests
}

const ofOne = { tags: ['Messages'], params: MessageParamsSchema, querystring: SenderQuerySchema }

const getMessage = {
  ...ofOne,
  operationId: 'getMessage',
  summary: 'Returns the state and history of a message',
  description: 'A `send` key sees its own messages only.',
  response: {
    200: json('The message', ref(MessageSchema), { examples: { sent: sentMessage, queued: queuedMessage } }),
    ...problems('INVALID_REQUEST', 'NOT_FOUND', 'SENDER_UNKNOWN')
  },
  'x-requests': {
    key: { summary: 'By your own idempotency key', params: { id: 'order-4711' } },
    keyOfSender: { summary: 'By the key, with another sender than the first', params: { id: 'order-4711' }, query: { sender: SENDER } }
  }
}

const cancelled = {
  ...sentMessage,
  id: OTHER_ID,
  jobId: null,
  idempotencyKey: null,
  status: 'cancelled',
  metadata: null,
  attemptCount: 0,
  providerMessageId: null
}

const cancelMessage = {
  ...ofOne,
  operationId: 'cancelMessage',
  summary: 'Cancels a waiting message',
  description: 'A `send` key cancels its own messages only. Later messages in the queue move up.',
  response: {
    200: json('The message after the cancellation', ref(MessageSchema), { examples: { cancelled } }),
    204: Type.Null({ description: 'Cancelled; its state is not available' }),
    ...problems('INVALID_REQUEST', 'NOT_FOUND', 'SENDER_UNKNOWN', 'NOT_CANCELLABLE')
  },
  'x-requests': { key: { summary: 'By your own idempotency key', params: { id: 'reminder-4711' } } }
}

/** Accepting, reading and cancelling messages. */
export function messageRoutes (api: Api, deps: PostDeps): void {
  addSchemas(api, PostMessageSchema, WarningSchema, SentSchema, AcceptedSchema, DuplicateSchema, MessageSchema, AttemptSchema, MovedSchema,
    DeliveryErrorSchema)

  // Checked by the handler, with more than the schema can say.
  const validatorCompiler = () => () => true
  const config = { roles: ['send', 'admin'], checksBody: true } satisfies FastifyContextConfig
  api.post('/messages', { schema: postMessage, validatorCompiler, config }, async (request, reply) => {
    const key = readKeyHeader(request)
    const post = await readPost(deps, request.body, {
      caller: request.caller, requestId: request.id, async: prefersAsync(request.headers['prefer']), ...(key === undefined ? {} : { key })
    })
    const own = await takeSlots(deps, request.caller, 1)
    if (own?.error) post.rejection ??= own.error
    const admission = await admit(deps, post)
    if (admission.status !== 'rejected') reply.messageId = publicId(post.sender, admission.id)
    setRateLimitHeaders(reply, deps.senders.settingsOf(post.sender)?.rules, admission, own?.headers)
    const { httpStatus, body } = toResponse(await resultOf(deps, post.sender, admission), deps.sandbox, post)
    if (admission.status === 'duplicate') reply.header('idempotent-replayed', 'true')
    reply.status(httpStatus)
    return body
  })

  api.get('/messages/:id', { schema: getMessage, config: { roles: ['send', 'read', 'admin'] } }, async (request, reply) => {
    const { sender, view, key } = await findMessage(deps, request.params.id, request.query.sender, request.caller)
    reply.messageId = publicId(sender, view.id)
    return describeMessage(sender, view, deps, key)
  })

  moveRoutes(api, deps)

  api.delete('/messages/:id', { schema: cancelMessage, config: { roles: ['send', 'admin'] } }, async (request, reply) => {
    const { sender, view, key } = await findMessage(deps, request.params.id, request.query.sender, request.caller)
    reply.messageId = publicId(sender, view.id)
    const result = view.payload === null ? 'gone' : await closeMessage(deps, sender, view.id, cancelledBy(request.caller.name), view.payload)
    if (result !== 'done') throw new SluiceError('NOT_CANCELLABLE', { detail: `the message is ${view.state}`, extra: { messageStatus: view.state } })
    await audit(deps, { by: request.caller.name, action: 'cancel', sender, subject: publicId(sender, view.id) })
    const after = await inspectMessage(deps.store, sender, { id: view.id })
    if (after !== null) return describeMessage(sender, after, deps, key)
    reply.status(204)
  })
}

/** The rule of the pair, and the caller's own rate, as in the IETF draft "RateLimit header fields"; times in whole seconds. */
function setRateLimitHeaders (
  reply: Pick<FastifyReply, 'header' | 'headers'>, rules: Rules | undefined, admission: Admission, own: CallerHeaders | undefined
): void {
  if (rules === undefined) {
    if (own !== undefined) reply.headers({ ...own })
    return
  }
  const { pairIntervalMs, pairBurst } = rules
  const resetMs = 'delayMs' in admission ? (admission.delayMs ?? 0) + pairIntervalMs : admission.status === 'granted' ? pairIntervalMs : 0
  const policy = `"pair";q=${pairBurst};w=${Math.ceil(pairBurst * pairIntervalMs / 1000)}`
  reply.header('ratelimit-policy', own === undefined ? policy : `${policy}, ${own['ratelimit-policy']}`)
  const pair = resetMs > 0 ? [`"pair";r=0;t=${Math.ceil(resetMs / 1000)}`] : []
  const states = [...pair, ...(own === undefined ? [] : [own.ratelimit])]
  if (states.length > 0) reply.header('ratelimit', states.join(', '))
}
