import { inspectSender, inspectSenders } from '../../throttle/inspect.js'
import { pauseSender, resumeSender } from '../../throttle/pause.js'
import { changeRules } from '../../throttle/rules.js'
import { audit } from '../audit.js'
import type { Api, ApiDeps } from '../api.js'
import { chooseSender } from '../api.js'
import * as docs from '../docs/operators.js'
import { PauseSchema, QuotaSchema, SenderParamsSchema as params } from '../schemas/sender.js'

/** The sending numbers: counts, rules, and closing and opening them. */
export function senderRoutes (api: Api, deps: ApiDeps): void {
  api.get('/senders', { config: { roles: ['read', 'admin'], operation: docs.listSenders } }, async () => ({
    senders: await inspectSenders(deps.store, deps.senders.ids())
  }))

  api.post('/senders/:id/pause', { schema: { params, body: PauseSchema }, config: { roles: ['admin'], operation: docs.pauseSender } }, async request => {
    const sender = chooseSender(deps, request.params.id)
    await pauseSender(deps.store, sender, request.caller.name, request.body.forMs)
    await audit(deps, { by: request.caller.name, action: 'pause', sender, subject: sender, ...(request.body.forMs === undefined ? {} : { detail: `${request.body.forMs} ms` }) })
    return await inspectSender(deps.store, sender)
  })

  api.post('/senders/:id/resume', { schema: { params }, config: { roles: ['admin'], operation: docs.resumeSender } }, async request => {
    const sender = chooseSender(deps, request.params.id)
    const before = await resumeSender(deps.store, sender)
    await audit(deps, { by: request.caller.name, action: 'resume', sender, subject: sender })
    if (before !== 'active') deps.events.emit('sender.resumed', { sender })
    return await inspectSender(deps.store, sender)
  })

  // What is left out stays. It governs from the next grant, on all nodes, until it is changed again or a start has new settings.
  api.put('/senders/:id/quota', { schema: { params, body: QuotaSchema }, config: { roles: ['admin'], operation: docs.changeQuota } }, async request => {
    const sender = chooseSender(deps, request.params.id)
    const version = await changeRules(deps.store, sender, request.body)
    await audit(deps, { by: request.caller.name, action: 'quota', sender, subject: sender, detail: `version ${version}: ${JSON.stringify(request.body)}` })
    return (await inspectSender(deps.store, sender)).rules
  })
}
