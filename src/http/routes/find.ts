import type { Static } from '@sinclair/typebox'
import { digest } from '../../admission/key.js'
import { inParallel } from '../../parallel.js'
import { canonicalName } from '../../recipient.js'
import { SluiceError } from '../../errors.js'
import { findTerm } from '../../redis/find-terms.js'
import { findMessages } from '../../settlement/find.js'
import { describe } from '../answer.js'
import type { Api, ApiDeps } from '../api.js'
import { chooseSender } from '../api.js'
import type { Caller } from '../authenticate.js'
import * as docs from '../docs/messages.js'
import { FindAllMessagesSchema, FindMessagesSchema } from '../schemas/message.js'

/** Senders that are asked at once; a look opens some seventy sorted sets of each. */
const SENDERS_AT_ONCE = 10

/** Finding messages by whom they are for, what they are called, and what they are about. */
export function findRoutes (api: Api, deps: ApiDeps): void {
  api.get('/messages', { schema: { querystring: FindMessagesSchema }, config: { roles: ['send', 'read', 'admin'], operation: docs.findMessages } }, async request =>
    ({ messages: await look(deps, chooseSender(deps, request.query.sender), request.query, request.caller) }))

  api.post('/messages/find', { schema: { body: FindAllMessagesSchema }, config: { roles: ['send', 'read', 'admin'], operation: docs.findAllMessages } }, async request => {
    const { sender, limit } = request.body
    const senders = sender === undefined ? deps.senders.ids() : [chooseSender(deps, sender)]
    const found = await inParallel(senders, SENDERS_AT_ONCE, async sender => await look(deps, sender, request.body, request.caller))
    return { messages: found.flat().sort((one, other) => String(other['createdAt']).localeCompare(String(one['createdAt']))).slice(0, limit) }
  })
}

/** What fits with one sender, newest first. A `send` key finds its own only. */
async function look (deps: ApiDeps, sender: string, wanted: Static<typeof FindMessagesSchema>, caller: Caller): Promise<Array<Record<string, unknown>>> {
  const { recipient, idempotencyKey, providerMessageId, tag, limit } = wanted
  const own = caller.role === 'send'
  const terms = [
    ...(recipient === undefined ? [] : [findTerm('recipient', canonicalName(recipient))]),
    ...(providerMessageId === undefined ? [] : [findTerm('provider', providerMessageId)]),
    ...(tag === undefined ? [] : [findTerm('tag', tag)])
  ]
  const callers = own ? [caller.name] : deps.callers
  const digests = idempotencyKey === undefined ? [] : callers.map(name => digest(sender, name, idempotencyKey))
  if (terms.length === 0 && digests.length === 0) {
    throw new SluiceError('INVALID_REQUEST', { detail: 'give recipient, idempotencyKey, providerMessageId or tag' })
  }
  if (terms.length > 0 && deps.settings.findMs === 0) {
    throw new SluiceError('INVALID_REQUEST', { detail: 'this gateway keeps no index (FIND_WITHIN_MS is 0): only idempotencyKey can be looked up' })
  }
  const found = await findMessages(deps.store, sender, deps.settings.findMs, { terms, digests, limit, ...(own ? { caller: caller.name } : {}) })
  return found.map(view => describe(sender, view, deps, idempotencyKey))
}
