import { notPermitted } from '../../callers.js'
import { moveMessage } from '../../drain/move.js'
import { invalidField, SluiceError } from '../../errors.js'
import { publicId } from '../../redis/keys.js'
import { inspectMessage, type MessageView } from '../../settlement/inspect.js'
import type { PostDeps } from '../admission-result.js'
import type { Api } from '../api.js'
import { findMessage, MessageParamsSchema } from '../find-message.js'
import { describeMessage } from '../message-view.js'
import { describeMove, readMove } from '../move.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { problems } from '../problem-responses.js'
import { queuedMessage } from '../samples.js'
import { ref, SenderQuerySchema } from '../schemas/common.js'
import { MessageSchema } from '../schemas/message.js'
import { MoveMessageSchema } from '../schemas/move.js'
import { audit } from './audit.js'

const params = { id: 'reminder-4711' }
const patchMessage = {
  operationId: 'moveMessage',
  tags: ['Messages'],
  summary: 'Moves a waiting message to another lane, time or end of its life',
  description: 'A `send` key moves its own messages only, to lanes that it may use. A message in flight or settled is not moved; one that has been ' +
    'attempted keeps its time, which is that of its retry. A repeat changes nothing.',
  params: MessageParamsSchema,
  querystring: SenderQuerySchema,
  body: MoveMessageSchema,
  response: {
    200: json('The message after the move', ref(MessageSchema), { examples: { moved: { ...queuedMessage, priority: 'urgent' } } }),
    ...problems('INVALID_REQUEST', 'SCHEDULED_IN_PAST', 'NOT_PERMITTED', 'NOT_FOUND', 'SENDER_UNKNOWN', 'NOT_MOVABLE')
  },
  'x-requests': {
    lane: { summary: 'To the urgent lane', params, body: { priority: 'urgent' } },
    later: { summary: 'To another time', params, body: { scheduledFor: '2099-01-31T09:30:00Z' } }
  }
}

/** Moving waiting messages; registered before their cancellation, so that the examples work in their order. */
export function moveRoutes (api: Api, deps: PostDeps): void {
  addSchemas(api, MoveMessageSchema)

  api.patch('/messages/:id', { schema: patchMessage, config: { roles: ['send', 'admin'] } }, async (request, reply) => {
    const { caller, body } = request
    const { sender, view, key } = await findMessage(deps, request.params.id, request.query.sender, caller)
    const id = publicId(sender, view.id)
    reply.messageId = id
    const move = readMove(body, view.nowMs)
    const { lane } = move
    const category = view.payload?.category
    const forbidden = lane === undefined ? undefined : notPermitted(caller, { sender, lane, ...(category === undefined ? {} : { category }) })
    if (forbidden !== undefined) throw forbidden
    const result = await moveMessage(deps.store, sender, view.id, move, caller.name)
    if (result === 'moved') await audit(deps, { by: caller.name, action: 'move', sender, subject: id, detail: describeMove(move) })
    const after = await inspectMessage(deps.store, sender, { id: view.id })
    if (result !== 'moved' && result !== 'unchanged') throw notMoved(result, after ?? view)
    if (after === null) throw new SluiceError('NOT_FOUND', { field: 'id', detail: 'the message has ended, and its result is not kept' })
    return describeMessage(sender, after, deps, key)
  })
}

function notMoved (result: 'expires' | 'retrying' | 'busy' | 'gone', { state }: MessageView): SluiceError {
  if (result === 'expires') {
    return invalidField('INVALID_REQUEST', { field: 'expiresAt', detail: 'must be later than the message may be sent: its lifetime is over then' })
  }
  const why = result === 'retrying' ? 'it has been attempted, and its retry decides its time' : `the message is ${state}`
  return new SluiceError('NOT_MOVABLE', { detail: why, extra: { messageStatus: state } })
}
