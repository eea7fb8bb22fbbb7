import type { Static } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import type { Caller, Role } from '../../callers.js'
import type { Explain } from '../../failure/failure.js'
import type { Api, ServedSenders } from '../api.js'
import { chooseSenders } from '../api.js'
import { findPage, type FindDeps as SearchDeps } from '../find-page.js'
import { formatted } from '../formats.js'
import { describeMessage } from '../message-view.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { problems } from '../problem-responses.js'
import { queuedMessage, sentMessage } from '../samples.js'
import { defaulted, notCounted, optionalSender, recipientText, ref } from '../schemas/common.js'
import { criteria as filters } from '../schemas/filter.js'
import { MessagesSchema, states } from '../schemas/message.js'

const anyState = Object.keys(states).join('|')
const criteria = {
  id: Type.Optional(Type.String({
    pattern: '^[A-Za-z0-9_-]{1,64}\\.[A-Za-z0-9_-]{22}\\.[0-9a-f]{8,14}$', description: 'Its id, as each response has it'
  })),
  recipient: Type.Optional(recipientText('recipient', 'The recipient: a number, a business-scoped user id, or `group:<id>`')),
  idempotencyKey: Type.Optional(Type.String({ minLength: 1, maxLength: 300, description: 'Its idempotency key' })),
  providerMessageId: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'WhatsApp\'s id of the message' })),
  tag: Type.Optional(Type.String({ pattern: '^[^:]{1,128}:.{1,512}$', description: 'An entry of the metadata as `key:value`' })),
  campaign: filters.campaign,
  caller: filters.caller,
  template: filters.template,
  state: Type.Optional(Type.String({
    pattern: `^(${anyState})(,(${anyState}))*$`,
    maxLength: 128,
    description: `Its state, or several, separated by commas: ${Object.keys(states).map(name => `\`${name}\``).join(', ')}`
  })),
  errorCode: Type.Optional(Type.String({
    pattern: '^[A-Za-z0-9_/-]{1,64}$', description: 'Code of its last attempt that failed, or with which WhatsApp reported it as failed'
  })),
  acceptedFrom: filters.acceptedFrom,
  acceptedUntil: filters.acceptedUntil
}
const limit = defaulted(Type.Integer({ minimum: 1, maximum: 100, default: 20, description: 'Maximum number of messages' }))

const query = {
  ...criteria,
  sender: optionalSender('Phone number id of the sender; default: all senders'),
  cursor: Type.Optional(Type.String({ maxLength: 300, ...formatted('messages-cursor'), description: '`nextCursor` of the previous page' })),
  limit
}
const FindMessagesSchema = Type.Object(query, { additionalProperties: false })
const FindAllMessagesSchema = Type.Object(query, { $id: 'FindMessages', additionalProperties: false, description: 'What to search for' })

const response = {
  200: json('The messages found, newest first', ref(MessagesSchema), {
    examples: { found: { messages: [queuedMessage, sentMessage], nextCursor: null } }
  }),
  ...problems('INVALID_REQUEST', 'SENDER_UNKNOWN', 'INVALID_RECIPIENT', 'RECIPIENT_IS_USER_ID')
}

const findMessages = {
  operationId: 'findMessages',
  tags: ['Messages'],
  summary: 'Finds messages, newest first',
  description: 'A message has to match all criteria that are given. Without any the newest messages are returned. ' +
    'A `send` key finds its own messages only. Newest first, in the same millisecond too, and complete: go on with `nextCursor` until it is null. ' +
    'One request reads a limited part of the index, so a page may have fewer messages than the limit, and even none, before that. ' +
    'Messages are found for `FIND_WITHIN_MS` after they were accepted. Behind them come older messages that FAILED, for `FAILURE_RETENTION_MS`: ' +
    'those that failed last first.',
  querystring: FindMessagesSchema,
  response,
  'x-requests': {
    latest: { summary: 'The newest messages' },
    recipient: { summary: 'All for a recipient', query: { recipient: '+15550104711', limit: '10' } },
    key: { summary: 'By its idempotency key', query: { idempotencyKey: 'order-4711' } },
    tag: { summary: 'By an entry of its metadata', query: { tag: 'order:4711' } },
    template: { summary: 'Messages of a template that wait', query: { template: 'order_ready', state: 'queued,scheduled,retrying' } },
    failed: { summary: 'Failed messages of a campaign', query: { campaign: 'spring-sale', state: 'failed,expired' } }
  }
}

const findAllMessages = {
  operationId: 'findAllMessages',
  tags: ['Messages'],
  summary: 'Finds messages, with the criteria in the body',
  description: 'As GET /messages. Keeps phone numbers out of URLs, which proxies log.',
  body: FindAllMessagesSchema,
  response,
  'x-requests': {
    recipient: { summary: 'All for a recipient', body: { recipient: '+1 555 010 4711', limit: 10 } },
    tag: { summary: 'By an entry of its metadata', body: { tag: 'order:4711' } }
  }
}

/** Searching for messages. */
export interface FindDeps extends SearchDeps {
  senders: ServedSenders
  explain: Explain
  sandbox: boolean
}

export function findRoutes (api: Api, deps: FindDeps): void {
  addSchemas(api, FindAllMessagesSchema, MessagesSchema)

  const roles = { roles: ['send', 'read', 'admin'] } satisfies { roles: Role[] }
  api.get('/messages', { schema: findMessages, config: roles }, async ({ query, caller }) => await search(deps, query, caller))
  api.post('/messages/find', { schema: findAllMessages, config: roles }, async ({ body, caller }) => await search(deps, body, caller))
}

async function search (deps: FindDeps, query: Static<typeof FindMessagesSchema>, caller: Caller): Promise<Static<typeof MessagesSchema>> {
  const { messages, nextCursor, unavailable } = await findPage(deps, chooseSenders(deps.senders, query.sender), query, caller)
  return {
    messages: messages.map(({ sender, view }) => describeMessage(sender, view, deps, query.idempotencyKey)), nextCursor, ...notCounted(unavailable)
  }
}
