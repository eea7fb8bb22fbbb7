import { Type } from '@sinclair/typebox'
import { inspectSender } from '../../throttle/inspect.js'
import { pauseSender, resumeSender } from '../../throttle/pause.js'
import { changeRules } from '../../throttle/rules.js'
import { act } from '../act.js'
import type { Api, ApiRoom } from '../api.js'
import { chooseSender } from '../api.js'

const params = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) })
const PauseSchema = Type.Object({
  forMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 366 * 86_400_000, description: 'How long; without it until somebody resumes' }))
}, { additionalProperties: false })

const QuotaSchema = Type.Partial(Type.Object({
  pairIntervalMs: Type.Integer({ minimum: 1, maximum: 86_400_000, description: 'Least time between two messages to one recipient' }),
  pairBurst: Type.Integer({ minimum: 1, maximum: 1000, description: 'Messages that a rested recipient may get one right after the other' }),
  perSecond: Type.Integer({ minimum: 1, maximum: 1000, description: 'Most messages in any second' }),
  maxInFlight: Type.Integer({ minimum: 1, maximum: 100_000, description: 'Sends under way at once, over all nodes' })
}), { additionalProperties: false, minProperties: 1 })

/** The sending numbers: counts, rules, and closing and opening them. */
export function senderRoutes (api: Api, room: ApiRoom): void {
  api.get('/senders', { config: { roles: ['read', 'admin'] } }, async () => ({
    senders: await Promise.all(room.senders.map(async sender => await inspectSender(room.store, sender)))
  }))

  api.post('/senders/:id/pause', { schema: { params, body: PauseSchema }, config: { roles: ['admin'] } }, async request => {
    const sender = chooseSender(room, request.params.id)
    await pauseSender(room.store, sender, request.caller.name, request.body.forMs)
    await act(room, { by: request.caller.name, act: 'pause', sender, subject: sender, ...(request.body.forMs === undefined ? {} : { detail: `${request.body.forMs} ms` }) })
    return await inspectSender(room.store, sender)
  })

  api.post('/senders/:id/resume', { schema: { params }, config: { roles: ['admin'] } }, async request => {
    const sender = chooseSender(room, request.params.id)
    const { before, attention } = await resumeSender(room.store, sender)
    await act(room, { by: request.caller.name, act: 'resume', sender, subject: sender })
    if (before !== 'open') room.events.emit('sender.opened', { sender })
    await room.wakes.attend(sender, attention)
    return await inspectSender(room.store, sender)
  })

  // What is left out stays. It governs from the next grant, on all nodes, until it is changed again or a start has new settings.
  api.put('/senders/:id/quota', { schema: { params, body: QuotaSchema }, config: { roles: ['admin'] } }, async request => {
    const sender = chooseSender(room, request.params.id)
    const version = await changeRules(room.store, sender, request.body)
    await act(room, { by: request.caller.name, act: 'quota', sender, subject: sender, detail: `version ${version}: ${JSON.stringify(request.body)}` })
    return (await inspectSender(room.store, sender)).rules
  })
}
