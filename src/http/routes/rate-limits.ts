import { Type } from '@sinclair/typebox'
import { canonicalRecipient, maskRecipient } from '../../recipient.js'
import { clearRateLimit } from '../../throttle/clear.js'
import { inspectRecipient } from '../../throttle/inspect.js'
import { act } from '../act.js'
import type { Api, ApiRoom } from '../api.js'
import { chooseSender } from '../api.js'

const schema = {
  params: Type.Object({ recipient: Type.String({ minLength: 1, maxLength: 40 }) }),
  querystring: Type.Object({
    sender: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' })),
    priority: Type.Union([Type.Literal('urgent'), Type.Literal('normal'), Type.Literal('bulk')], { default: 'normal' })
  }, { additionalProperties: false })
}

/** One recipient's rule, its next slot and what binds; and an operator's exemption from it. */
export function rateLimitRoutes (api: Api, room: ApiRoom): void {
  api.get('/rate-limits/:recipient', { schema, config: { roles: ['send', 'read', 'admin'] } }, async request => {
    const sender = chooseSender(room, request.query.sender)
    const view = await inspectRecipient(room.store, sender, canonicalRecipient(request.params.recipient), request.query.priority)
    return { recipient: request.params.recipient, sender, ...view }
  })

  api.delete('/rate-limits/:recipient', { schema, config: { roles: ['admin'] } }, async request => {
    const sender = chooseSender(room, request.query.sender)
    const recipient = canonicalRecipient(request.params.recipient)
    const { had, attention } = await clearRateLimit(room.store, sender, recipient)
    await act(room, { by: request.caller.name, act: 'clear', sender, subject: maskRecipient(recipient) })
    await room.wakes.attend(sender, attention)
    return { recipient: request.params.recipient, sender, cleared: had }
  })
}
