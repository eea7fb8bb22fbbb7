import { inspectSender, inspectSenders } from '../../throttle/inspect.js'
import { pauseSender, resumeSender } from '../../throttle/pause.js'
import { changeRules } from '../../throttle/rules.js'
import { act } from '../act.js'
import type { Api, ApiRoom } from '../api.js'
import { chooseSender } from '../api.js'
import * as docs from '../docs/operators.js'
import { PauseSchema, QuotaSchema, SenderParamsSchema as params } from '../schemas/sender.js'

/** The sending numbers: counts, rules, and closing and opening them. */
export function senderRoutes (api: Api, room: ApiRoom): void {
  api.get('/senders', { config: { roles: ['read', 'admin'], operation: docs.listSenders } }, async () => ({
    senders: await inspectSenders(room.store, room.senders)
  }))

  api.post('/senders/:id/pause', { schema: { params, body: PauseSchema }, config: { roles: ['admin'], operation: docs.pauseSender } }, async request => {
    const sender = chooseSender(room, request.params.id)
    await pauseSender(room.store, sender, request.caller.name, request.body.forMs)
    await act(room, { by: request.caller.name, act: 'pause', sender, subject: sender, ...(request.body.forMs === undefined ? {} : { detail: `${request.body.forMs} ms` }) })
    return await inspectSender(room.store, sender)
  })

  api.post('/senders/:id/resume', { schema: { params }, config: { roles: ['admin'], operation: docs.resumeSender } }, async request => {
    const sender = chooseSender(room, request.params.id)
    const { before, attention } = await resumeSender(room.store, sender)
    await act(room, { by: request.caller.name, act: 'resume', sender, subject: sender })
    if (before !== 'open') room.events.emit('sender.opened', { sender })
    await room.wakes.attend(sender, attention)
    return await inspectSender(room.store, sender)
  })

  // What is left out stays. It governs from the next grant, on all nodes, until it is changed again or a start has new settings.
  api.put('/senders/:id/quota', { schema: { params, body: QuotaSchema }, config: { roles: ['admin'], operation: docs.changeQuota } }, async request => {
    const sender = chooseSender(room, request.params.id)
    const version = await changeRules(room.store, sender, request.body)
    await act(room, { by: request.caller.name, act: 'quota', sender, subject: sender, detail: `version ${version}: ${JSON.stringify(request.body)}` })
    return (await inspectSender(room.store, sender)).rules
  })
}
