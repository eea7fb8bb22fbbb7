import { canonicalName, maskRecipient } from '../../recipient.js'
import { clearRateLimit } from '../../throttle/clear.js'
import { inspectRecipient } from '../../throttle/inspect.js'
import { act } from '../act.js'
import type { Api, ApiRoom } from '../api.js'
import { chooseSender } from '../api.js'
import * as docs from '../docs/operators.js'
import { FindRateLimitSchema, RateLimitQuerySchema, RecipientParamsSchema } from '../schemas/rate-limit.js'

const schema = { params: RecipientParamsSchema, querystring: RateLimitQuerySchema }

/** One recipient's rule, its next slot and what binds; and an operator's exemption from it. */
export function rateLimitRoutes (api: Api, room: ApiRoom): void {
  api.get('/rate-limits/:recipient', { schema, config: { roles: ['send', 'read', 'admin'], operation: docs.getRateLimit } }, async request => {
    const sender = chooseSender(room, request.query.sender)
    const view = await inspectRecipient(room.store, sender, canonicalName(request.params.recipient), request.query.priority)
    return { recipient: request.params.recipient, sender, ...view }
  })

  // The same, and no telephone number stands in an address that a proxy may log.
  api.post('/rate-limits/find', { schema: { body: FindRateLimitSchema }, config: { roles: ['send', 'read', 'admin'], operation: docs.findRateLimit } }, async request => {
    const { recipient, priority } = request.body
    const sender = chooseSender(room, request.body.sender)
    return { recipient, sender, ...await inspectRecipient(room.store, sender, canonicalName(recipient), priority) }
  })

  api.delete('/rate-limits/:recipient', { schema, config: { roles: ['admin'], operation: docs.clearRateLimit } }, async request => {
    const sender = chooseSender(room, request.query.sender)
    const recipient = canonicalName(request.params.recipient)
    const { had, attention } = await clearRateLimit(room.store, sender, recipient)
    await act(room, { by: request.caller.name, act: 'clear', sender, subject: maskRecipient(recipient) })
    await room.wakes.attend(sender, attention)
    return { recipient: request.params.recipient, sender, cleared: had }
  })
}
