import { dropUnwanted } from '../../drain/cancel.js'
import { canonicalName, maskRecipient, nameOf } from '../../recipient.js'
import { payloadOf } from '../../settlement/inspect.js'
import { listOptOuts, resumeMarketing, stopMarketing } from '../../throttle/opt-outs.js'
import { audit } from '../audit.js'
import type { Api, ApiDeps } from '../api.js'
import { chooseSender } from '../api.js'
import * as docs from '../docs/opt-outs.js'
import { ListOptOutsSchema, OptOutQuerySchema, StopMarketingSchema } from '../schemas/opt-out.js'
import { RecipientParamsSchema } from '../schemas/rate-limit.js'

/** Who wants no marketing from whom. */
export function optOutRoutes (api: Api, deps: ApiDeps): void {
  const one = { params: RecipientParamsSchema, querystring: OptOutQuerySchema }

  api.get('/opt-outs', { schema: { querystring: ListOptOutsSchema }, config: { roles: ['read', 'admin'], operation: docs.listOptOuts } }, async request => {
    const sender = chooseSender(deps, request.query.sender)
    const { optOuts, cursor } = await listOptOuts(deps.store, sender, request.query.cursor, request.query.limit)
    return {
      optOuts: optOuts.map(({ recipient, since, by, reason }) => ({ recipient: nameOf(recipient), sender, since: new Date(since).toISOString(), by, reason })),
      nextCursor: cursor
    }
  })

  api.put('/opt-outs/:recipient', { schema: { ...one, body: StopMarketingSchema }, config: { roles: ['send', 'admin'], operation: docs.stopMarketing } }, async request => {
    const sender = chooseSender(deps, request.query.sender)
    const recipient = canonicalName(request.params.recipient)
    const { name } = request.caller
    const { wasOut, since, waiting } = await stopMarketing(deps.store, sender, recipient, { by: name, reason: request.body.reason })
    const dropped = await dropUnwanted(deps, sender, waiting, async id => await payloadOf(deps.store, sender, id))
    await audit(deps, { by: name, action: 'opt-out', sender, subject: maskRecipient(recipient), detail: `${dropped} dropped` })
    return { recipient: nameOf(recipient), sender, since: new Date(since).toISOString(), wasOut, dropped }
  })

  api.delete('/opt-outs/:recipient', { schema: one, config: { roles: ['admin'], operation: docs.resumeMarketing } }, async request => {
    const sender = chooseSender(deps, request.query.sender)
    const recipient = canonicalName(request.params.recipient)
    const wasOut = await resumeMarketing(deps.store, sender, recipient)
    await audit(deps, { by: request.caller.name, action: 'opt-in', sender, subject: maskRecipient(recipient) })
    return { recipient: nameOf(recipient), sender, wasOut }
  })
}
