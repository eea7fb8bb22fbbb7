import { Type } from '@sinclair/typebox'
import { inspectSender } from '../../throttle/inspect.js'
import { pauseSender, resumeSender } from '../../throttle/pause.js'
import type { Api, ApiRoom } from '../api.js'
import { chooseSender } from '../api.js'

const params = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) })
const PauseSchema = Type.Object({
  forMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 366 * 86_400_000, description: 'How long; without it until somebody resumes' }))
}, { additionalProperties: false })

/** The sending numbers: counts, rules, and closing and opening them. */
export function senderRoutes (api: Api, room: ApiRoom): void {
  api.get('/senders', { config: { roles: ['read', 'admin'] } }, async () => ({
    senders: await Promise.all(room.senders.map(async sender => await inspectSender(room.store, sender)))
  }))

  api.post('/senders/:id/pause', { schema: { params, body: PauseSchema }, config: { roles: ['admin'] } }, async request => {
    const sender = chooseSender(room, request.params.id)
    await pauseSender(room.store, sender, request.caller.name, request.body.forMs)
    return await inspectSender(room.store, sender)
  })

  api.post('/senders/:id/resume', { schema: { params }, config: { roles: ['admin'] } }, async request => {
    const sender = chooseSender(room, request.params.id)
    const { before, attention } = await resumeSender(room.store, sender)
    if (before !== 'open') room.events.emit('sender.opened', { sender })
    await room.wakes.attend(sender, attention)
    return await inspectSender(room.store, sender)
  })
}
