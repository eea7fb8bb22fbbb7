import { digest } from '../../admission/key.js'
import { canonicalName } from '../../recipient.js'
import { SluiceError } from '../../errors.js'
import { findTerm } from '../../redis/find-terms.js'
import { findMessages } from '../../settlement/find.js'
import { describe } from '../answer.js'
import type { Api, ApiRoom } from '../api.js'
import { chooseSender } from '../api.js'
import { findMessages as operation } from '../docs/messages.js'
import { FindMessagesSchema } from '../schemas/message.js'

/** Finding messages by whom they are for, what they are called, and what they are about. */
export function findRoutes (api: Api, room: ApiRoom): void {
  api.get('/messages', { schema: { querystring: FindMessagesSchema }, config: { roles: ['send', 'read', 'admin'], operation } }, async request => {
    const { recipient, idempotencyKey, providerMessageId, tag, limit } = request.query
    const sender = chooseSender(room, request.query.sender)
    const own = request.caller.role === 'send'
    const terms = [
      ...(recipient === undefined ? [] : [findTerm('recipient', canonicalName(recipient))]),
      ...(providerMessageId === undefined ? [] : [findTerm('provider', providerMessageId)]),
      ...(tag === undefined ? [] : [findTerm('tag', tag)])
    ]
    const callers = own ? [request.caller.name] : room.callers
    const digests = idempotencyKey === undefined ? [] : callers.map(caller => digest(sender, caller, idempotencyKey))
    if (terms.length === 0 && digests.length === 0) {
      throw new SluiceError('INVALID_REQUEST', { detail: 'give recipient, idempotencyKey, providerMessageId or tag' })
    }
    if (terms.length > 0 && room.settings.findMs === 0) {
      throw new SluiceError('INVALID_REQUEST', { detail: 'this gateway keeps no index (FIND_WITHIN_MS is 0): only idempotencyKey can be looked up' })
    }
    const found = await findMessages(room.store, sender, room.settings.findMs, { terms, digests, limit, ...(own ? { caller: request.caller.name } : {}) })
    return { messages: found.map(view => describe(sender, view, room, idempotencyKey)) }
  })
}
