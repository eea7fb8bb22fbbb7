import { canonicalName, maskRecipient } from '../../recipient.js'
import { clearRateLimit } from '../../throttle/clear.js'
import { inspectRecipient } from '../../throttle/inspect.js'
import { audit } from '../audit.js'
import type { Api, ApiDeps } from '../api.js'
import { chooseSender } from '../api.js'
import * as docs from '../docs/operators.js'
import { FindRateLimitSchema, RateLimitQuerySchema, RecipientParamsSchema } from '../schemas/rate-limit.js'

const schema = { params: RecipientParamsSchema, querystring: RateLimitQuerySchema }

/** One recipient's rule, its next slot and what binds; and an operator's exemption from it. */
export function rateLimitRoutes (api: Api, deps: ApiDeps): void {
  api.get('/rate-limits/:recipient', { schema, config: { roles: ['send', 'read', 'admin'], operation: docs.getRateLimit } }, async request => {
    const sender = chooseSender(deps, request.query.sender)
    const view = await inspectRecipient(deps.store, sender, canonicalName(request.params.recipient), request.query.priority)
    return { recipient: request.params.recipient, sender, ...view }
  })

  // The same, and no telephone number stands in an address that a proxy may log.
  api.post('/rate-limits/find', { schema: { body: FindRateLimitSchema }, config: { roles: ['send', 'read', 'admin'], operation: docs.findRateLimit } }, async request => {
    const { recipient, priority } = request.body
    const sender = chooseSender(deps, request.body.sender)
    return { recipient, sender, ...await inspectRecipient(deps.store, sender, canonicalName(recipient), priority) }
  })

  api.delete('/rate-limits/:recipient', { schema, config: { roles: ['admin'], operation: docs.clearRateLimit } }, async request => {
    const sender = chooseSender(deps, request.query.sender)
    const recipient = canonicalName(request.params.recipient)
    const had = await clearRateLimit(deps.store, sender, recipient)
    await audit(deps, { by: request.caller.name, action: 'clear', sender, subject: maskRecipient(recipient) })
    return { recipient: request.params.recipient, sender, cleared: had }
  })
}
