import type { Static } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import { digest } from '../../admission/key.js'
import { SluiceError } from '../../errors.js'
import { inParallel } from '../../parallel.js'
import { canonicalName } from '../../recipient.js'
import { findTerm } from '../../redis/find-terms.js'
import { findMessages as searchIndex } from '../../settlement/find.js'
import type { Api, ApiDeps } from '../api.js'
import { chooseSender } from '../api.js'
import type { Caller } from '../authenticate.js'
import { describeMessage } from '../message-view.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { problems } from '../problem-responses.js'
import { queuedMessage, sentMessage } from '../samples.js'
import { defaulted, optionalSender, recipientText, ref, senderName } from '../schemas/common.js'
import type { Message } from '../schemas/message.js'
import { MessagesSchema } from '../schemas/message.js'

/** Senders searched at once; a search reads some seventy sorted sets of each. */
const SENDERS_AT_ONCE = 10

const criteria = {
  recipient: Type.Optional(recipientText('The recipient: a number, a business-scoped user id, or `group:<id>`')),
  idempotencyKey: Type.Optional(Type.String({ minLength: 1, maxLength: 300, description: 'Its idempotency key' })),
  providerMessageId: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'WhatsApp\'s id of the message' })),
  tag: Type.Optional(Type.String({ pattern: '^[^:]{1,128}:.{1,512}$', description: 'An entry of the metadata as `key:value`' }))
}
const limit = defaulted(Type.Integer({ minimum: 1, maximum: 100, default: 20, description: 'Maximum number of messages' }))

const FindMessagesSchema = Type.Object({ ...criteria, sender: senderName, limit }, { additionalProperties: false })
const FindAllMessagesSchema = Type.Object({
  ...criteria, sender: optionalSender('Phone number id of the sender; default: all senders'), limit
}, { $id: 'FindMessages', additionalProperties: false, description: 'What to search for' })

const response = {
  200: json('The messages found, newest first', ref(MessagesSchema), { examples: { found: { messages: [queuedMessage, sentMessage] } } }),
  ...problems('INVALID_REQUEST', 'SENDER_UNKNOWN', 'INVALID_RECIPIENT', 'RECIPIENT_IS_USER_ID')
}

const findMessages = {
  operationId: 'findMessages',
  tags: ['Messages'],
  summary: 'Finds messages by recipient, idempotency key, WhatsApp\'s id or an entry of their metadata',
  description: 'Needs at least one of `recipient`, `idempotencyKey`, `providerMessageId` and `tag`; a message has to match all that are given. ' +
    'A `send` key finds its own messages only. Messages older than `FIND_WITHIN_MS` are found by their idempotency key only.',
  querystring: FindMessagesSchema,
  response,
  'x-requests': {
    recipient: { summary: 'All for a recipient', query: { recipient: '+15550104711', limit: '10' } },
    key: { summary: 'By its idempotency key', query: { idempotencyKey: 'order-4711' } },
    tag: { summary: 'By an entry of its metadata', query: { tag: 'order:4711' } }
  }
}

const findAllMessages = {
  operationId: 'findAllMessages',
  tags: ['Messages'],
  summary: 'Finds messages of all senders, with the criteria in the body',
  description: 'As GET /messages. Keeps phone numbers out of URLs, which proxies log.',
  body: FindAllMessagesSchema,
  response,
  'x-requests': {
    recipient: { summary: 'All for a recipient', body: { recipient: '+1 555 010 4711', limit: 10 } },
    tag: { summary: 'By an entry of its metadata', body: { tag: 'order:4711' } }
  }
}

/** Searching for messages. */
export function findRoutes (api: Api, deps: ApiDeps): void {
  addSchemas(api, FindAllMessagesSchema, MessagesSchema)

  api.get('/messages', { schema: findMessages, config: { roles: ['send', 'read', 'admin'] } }, async request =>
    ({ messages: await search(deps, chooseSender(deps, request.query.sender), request.query, request.caller) }))

  api.post('/messages/find', { schema: findAllMessages, config: { roles: ['send', 'read', 'admin'] } }, async request => {
    const { sender, limit } = request.body
    const senders = sender === undefined ? deps.senders.ids() : [chooseSender(deps, sender)]
    const found = await inParallel(senders, SENDERS_AT_ONCE, async sender => await search(deps, sender, request.body, request.caller))
    return { messages: found.flat().sort((one, other) => other.createdAt.localeCompare(one.createdAt)).slice(0, limit) }
  })
}

/** The matching messages of one sender, newest first. A `send` key finds its own only. */
async function search (deps: ApiDeps, sender: string, query: Static<typeof FindMessagesSchema>, caller: Caller): Promise<Message[]> {
  const { recipient, idempotencyKey, providerMessageId, tag, limit } = query
  const isLimitedToOwn = caller.role === 'send'
  const terms = [
    ...(recipient === undefined ? [] : [findTerm('recipient', canonicalName(recipient))]),
    ...(providerMessageId === undefined ? [] : [findTerm('provider', providerMessageId)]),
    ...(tag === undefined ? [] : [findTerm('tag', tag)])
  ]
  const callers = isLimitedToOwn ? [caller.name] : deps.callers
  const digests = idempotencyKey === undefined ? [] : callers.map(name => digest(sender, name, idempotencyKey))
  if (terms.length === 0 && digests.length === 0) {
    throw new SluiceError('INVALID_REQUEST', { detail: 'give recipient, idempotencyKey, providerMessageId or tag' })
  }
  if (terms.length > 0 && deps.settings.findMs === 0) {
    throw new SluiceError('INVALID_REQUEST', { detail: 'the search index is disabled (FIND_WITHIN_MS is 0): search by idempotencyKey' })
  }
  const options = { terms, digests, limit, ...(isLimitedToOwn ? { caller: caller.name } : {}) }
  const found = await searchIndex(deps.store, sender, deps.settings.findMs, options)
  return found.map(view => describeMessage(sender, view, deps, idempotencyKey))
}
