import type { FastifyReply } from 'fastify'
import type { Admission } from '../../admission/admit.js'
import { admit } from '../../admission/admit.js'
import { digest } from '../../admission/key.js'
import { cancel } from '../../drain/cancel.js'
import { SluiceError } from '../../errors.js'
import { parseId, publicId } from '../../redis/keys.js'
import type { MessageView } from '../../settlement/inspect.js'
import { inspectMessage } from '../../settlement/inspect.js'
import { ownerOf, resolveReferences } from '../../settlement/references.js'
import { audit } from '../audit.js'
import { describe } from '../answer.js'
import type { Rules } from '../../throttle/rules.js'
import type { Api, ApiDeps } from '../api.js'
import { chooseSender } from '../api.js'
import type { Caller } from '../authenticate.js'
import { cancelMessage, getMessage, postMessage } from '../docs/messages.js'
import { toAnswer } from '../outcome.js'
import { prefersAsync, toRequest } from '../request.js'
import { MessageParamsSchema, MessageQuerySchema, PostMessageSchema } from '../schemas/message.js'

/** POST, GET and DELETE of messages: where a message enters. */
export function messageRoutes (api: Api, deps: ApiDeps): void {
  api.post('/messages', { schema: { body: PostMessageSchema }, config: { roles: ['send', 'admin'], operation: postMessage } }, async (request, reply) => {
    const key = request.headers['idempotency-key']
    const asked = toRequest(deps, request.body, {
      caller: request.caller.name, requestId: request.id, async: prefersAsync(request.headers['prefer']), ...(typeof key === 'string' ? { key } : {})
    })
    if (typeof asked.message !== 'string') asked.message = await resolveReferences(deps.store, asked.sender, ownerOf(request.caller), asked.message)
    const admission = await admit(deps, asked)
    if (admission.status !== 'refused') reply.about = publicId(asked.sender, admission.id)
    policy(reply, deps.senders.settingsOf(asked.sender)?.rules, admission)
    const { httpStatus, body, replayed } = await toAnswer(deps, asked.sender, admission)
    if (replayed === true) reply.header('idempotent-replayed', 'true')
    reply.status(httpStatus)
    return body
  })

  const one = { params: MessageParamsSchema, querystring: MessageQuerySchema }
  api.get('/messages/:id', { schema: one, config: { roles: ['send', 'read', 'admin'], operation: getMessage } }, async (request, reply) => {
    const { sender, view, key } = await find(deps, request.params.id, request.query.sender, request.caller)
    reply.about = publicId(sender, view.id)
    return describe(sender, view, deps, key)
  })

  api.delete('/messages/:id', { schema: one, config: { roles: ['send', 'admin'], operation: cancelMessage } }, async (request, reply) => {
    const { sender, view, key } = await find(deps, request.params.id, request.query.sender, request.caller)
    reply.about = publicId(sender, view.id)
    const done = view.payload === null ? 'gone' : await cancel(deps, sender, view.id, 'cancelled', request.caller.name, view.payload)
    if (done !== 'done') throw new SluiceError('NOT_CANCELLABLE', { detail: `it is ${view.state}`, extra: { messageStatus: view.state } })
    await audit(deps, { by: request.caller.name, action: 'cancel', sender, subject: publicId(sender, view.id) })
    const after = await inspectMessage(deps.store, sender, { id: view.id })
    return after === null ? await reply.status(204).send() : describe(sender, after, deps, key)
  })
}

/** By id, or by the caller's own idempotency key. A `send` key sees its own messages only, the others' do not exist for it. */
async function find (deps: ApiDeps, name: string, named: string | undefined, caller: Caller): Promise<{ sender: string, view: MessageView, key: string | null }> {
  const parts = parseId(name)
  const sender = chooseSender(deps, parts?.sender ?? named)
  const view = await inspectMessage(deps.store, sender, parts === null ? { digest: digest(sender, caller.name, name) } : { id: parts.id })
  if (view === null || (caller.role === 'send' && view.caller !== caller.name)) throw new SluiceError('NOT_FOUND', { field: 'id' })
  return { sender, view, key: parts === null ? name : null }
}

/** The pair's rule as the IETF draft "RateLimit header fields" has it; times in whole seconds. */
function policy (reply: FastifyReply, rules: Rules | undefined, admission: Admission): void {
  if (rules === undefined) return
  const { pairIntervalMs, pairBurst } = rules
  const resetMs = 'delayMs' in admission ? (admission.delayMs ?? 0) + pairIntervalMs : admission.status === 'granted' ? pairIntervalMs : 0
  reply.header('ratelimit-policy', `"pair";q=${pairBurst};w=${Math.ceil(pairBurst * pairIntervalMs / 1000)}`)
  if (resetMs > 0) reply.header('ratelimit', `"pair";r=0;t=${Math.ceil(resetMs / 1000)}`)
}
