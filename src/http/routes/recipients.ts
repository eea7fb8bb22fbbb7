import { Type } from '@sinclair/typebox'
import type { ErasureDeps } from '../../erasure/erase.js'
import { eraseRecipient as erase } from '../../erasure/erase.js'
import { knownSenders } from '../../redis/known-senders.js'
import { SluiceError } from '../../errors.js'
import { canonicalName, maskRecipient } from '../../recipient.js'
import type { Api } from '../api.js'
import { audit } from './audit.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { problems } from '../problem-responses.js'
import { ID } from '../samples.js'
import { count, flag, optionalSender, RecipientParamsSchema, ref } from '../schemas/common.js'

const EraseQuerySchema = Type.Object({
  sender: optionalSender('Phone number id of a current or former sender; default: all senders')
}, { additionalProperties: false })

const ErasedSchema = Type.Object({
  complete: flag('Nothing is left; if false, repeat the request once the remaining messages have ended'),
  erased: Type.Object({
    waiting: count('Unsettled messages that were cancelled: queued, scheduled, retrying or of unknown outcome'),
    results: count('Results of settled messages'),
    failures: count('Stored failures')
  }, { description: 'What was erased' }),
  remaining: Type.Array(Type.String(), { description: 'Ids of messages in flight, which end by themselves' })
}, { $id: 'Erased', description: 'The result of an erasure' })

const nothingLeft = { complete: true, erased: { waiting: 2, results: 5, failures: 1 }, remaining: [] }
const oneLeft = { complete: false, erased: { waiting: 0, results: 5, failures: 0 }, remaining: [ID] }

const eraseRecipient = {
  operationId: 'eraseRecipient',
  tags: ['Recipients'],
  summary: 'Erases the data of a recipient, for all senders or one',
  description: 'Cancels queued, scheduled and retrying messages, and gives up those of unknown outcome. Then deletes results, failures, the ' +
    'search index and the state of the rate limit. The existence and final state of a message remain under its idempotency key for as long as ' +
    'the key is remembered, so that a repeat is not sent. They contain no recipient, content, metadata or WhatsApp id. May be repeated at any ' +
    'time; must be repeated after 202.',
  params: RecipientParamsSchema,
  querystring: EraseQuerySchema,
  response: {
    200: json('Nothing is left', ref(ErasedSchema), { examples: { all: nothingLeft } }),
    202: json('Messages in flight remain: repeat the request when they have ended', ref(ErasedSchema), { examples: { remains: oneLeft } }),
    ...problems('INVALID_REQUEST', 'INVALID_RECIPIENT', 'RECIPIENT_IS_USER_ID', 'SENDER_UNKNOWN')
  },
  'x-requests': { all: { summary: 'For all senders', params: { recipient: '+15550104711' } } }
}

/** Erasure of all data of a recipient. */
export function recipientRoutes (api: Api, deps: ErasureDeps): void {
  addSchemas(api, ErasedSchema)

  api.delete('/recipients/:recipient', { schema: eraseRecipient, config: { roles: ['admin'] } }, async (request, reply) => {
    const recipient = canonicalName(request.params.recipient)
    const { sender } = request.query
    const known = await knownSenders(deps.store)
    if (sender !== undefined && !known.includes(sender)) throw new SluiceError('SENDER_UNKNOWN', { field: 'sender' })
    const { complete, erased, remaining } = await erase(deps, sender === undefined ? known : [sender], recipient, request.caller.name)
    const detail = complete ? 'complete' : `${remaining.length} in flight`
    await audit(deps, { by: request.caller.name, action: 'erase', sender: sender ?? '*', subject: maskRecipient(recipient), detail })
    reply.status(complete ? 200 : 202)
    return { complete, erased, remaining }
  })
}
