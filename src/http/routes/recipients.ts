import { eraseRecipient, knownSenders } from '../../erasure/erase.js'
import { SluiceError } from '../../errors.js'
import { canonicalName, maskRecipient } from '../../recipient.js'
import { audit } from '../audit.js'
import type { Api, ApiDeps } from '../api.js'
import { eraseRecipient as operation } from '../docs/operators.js'
import { EraseQuerySchema, RecipientParamsSchema } from '../schemas/rate-limit.js'

/** What is held about a recipient, taken away. */
export function recipientRoutes (api: Api, deps: ApiDeps): void {
  const schema = { params: RecipientParamsSchema, querystring: EraseQuerySchema }
  api.delete('/recipients/:recipient', { schema, config: { roles: ['admin'], operation } }, async (request, reply) => {
    const recipient = canonicalName(request.params.recipient)
    const { sender } = request.query
    const known = await knownSenders(deps.store)
    if (sender !== undefined && !known.includes(sender)) throw new SluiceError('SENDER_UNKNOWN', { field: 'sender' })
    const { complete, erased, remaining } = await eraseRecipient(deps, sender === undefined ? known : [sender], recipient, request.caller.name)
    await audit(deps, {
      by: request.caller.name, action: 'erase', sender: sender ?? '*', subject: maskRecipient(recipient), detail: complete ? 'complete' : `${remaining.length} in flight`
    })
    reply.status(complete ? 200 : 202)
    return { complete, erased, remaining }
  })
}
