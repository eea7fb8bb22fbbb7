import type { Static } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import { readLatest } from '../../activity/read.js'
import { digest } from '../../admission/key.js'
import type { Caller, CallerRegistry, Role } from '../../callers.js'
import { SluiceError } from '../../errors.js'
import type { Explain } from '../../failure/failure.js'
import { canonicalName } from '../../recipient.js'
import { findTerm } from '../../redis/lookup-index.js'
import type { Store } from '../../redis/store.js'
import type { Page } from '../../settlement/find.js'
import { findInSenders, findMessages as searchIndex } from '../../settlement/find.js'
import type { Api, ServedSenders } from '../api.js'
import { chooseSenders } from '../api.js'
import { describeMessage } from '../message-view.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { problems } from '../problem-responses.js'
import { queuedMessage, sentMessage } from '../samples.js'
import { defaulted, optionalSender, recipientText, ref } from '../schemas/common.js'
import { MessagesSchema } from '../schemas/message.js'

const criteria = {
  recipient: Type.Optional(recipientText('recipient', 'The recipient: a number, a business-scoped user id, or `group:<id>`')),
  idempotencyKey: Type.Optional(Type.String({ minLength: 1, maxLength: 300, description: 'Its idempotency key' })),
  providerMessageId: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'WhatsApp\'s id of the message' })),
  tag: Type.Optional(Type.String({ pattern: '^[^:]{1,128}:.{1,512}$', description: 'An entry of the metadata as `key:value`' }))
}
const limit = defaulted(Type.Integer({ minimum: 1, maximum: 100, default: 20, description: 'Maximum number of messages' }))

const query = {
  ...criteria,
  sender: optionalSender('Phone number id of the sender; default: all senders'),
  cursor: Type.Optional(Type.String({
    pattern: '^[0-9a-f]{8,14}(~|\\.[A-Za-z0-9_-]{22})$', maxLength: 60, description: '`nextCursor` of the previous page'
  })),
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
  summary: 'Finds messages by recipient, idempotency key, WhatsApp\'s id or an entry of their metadata',
  description: 'A message has to match all of `recipient`, `idempotencyKey`, `providerMessageId` and `tag` that are given. ' +
    'Without any of them the response has the newest messages, some seconds old and at most the last 200 of each sender. ' +
    'A `send` key finds its own messages only. Newest first, and complete: go on with `nextCursor` until it is null. ' +
    'One request reads a limited part of the index, so a page may have fewer messages than the limit, and even none, before that. ' +
    'Messages older than `FIND_WITHIN_MS` are found by their idempotency key only.',
  querystring: FindMessagesSchema,
  response,
  'x-requests': {
    latest: { summary: 'The newest messages' },
    recipient: { summary: 'All for a recipient', query: { recipient: '+15550104711', limit: '10' } },
    key: { summary: 'By its idempotency key', query: { idempotencyKey: 'order-4711' } },
    tag: { summary: 'By an entry of its metadata', query: { tag: 'order:4711' } }
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
export interface FindDeps {
  store: Store
  senders: ServedSenders
  /** Idempotency keys belong to a caller, so a search by key asks for each. */
  callers: CallerRegistry
  /** How long a message can be found by recipient and tag, ms; 0 keeps no index. */
  findMs: number
  explain: Explain
  sandbox: boolean
}

export function findRoutes (api: Api, deps: FindDeps): void {
  addSchemas(api, FindAllMessagesSchema, MessagesSchema)

  const roles = { roles: ['send', 'read', 'admin'] } satisfies { roles: Role[] }
  api.get('/messages', { schema: findMessages, config: roles }, async ({ query, caller }) => await search(deps, query, caller))
  api.post('/messages/find', { schema: findAllMessages, config: roles }, async ({ body, caller }) => await search(deps, body, caller))
}

/** A page of the matching messages of one sender or all, newest first. A `send` key finds its own only. */
async function search (deps: FindDeps, query: Static<typeof FindMessagesSchema>, caller: Caller): Promise<Static<typeof MessagesSchema>> {
  const { recipient, idempotencyKey, providerMessageId, tag, cursor, limit } = query
  const isLimitedToOwn = caller.role === 'send'
  const terms = [
    ...(recipient === undefined ? [] : [findTerm('recipient', canonicalName(recipient))]), ...(tag === undefined ? [] : [findTerm('tag', tag)])
  ]
  if (terms.length === 0 && providerMessageId === undefined && idempotencyKey === undefined) {
    const own = isLimitedToOwn ? { caller: caller.name } : {}
    const latest = await readLatest(deps.store, chooseSenders(deps.senders, query.sender), { limit, ...own })
    return { messages: latest.map(([sender, view]) => describeMessage(sender, view, deps)), nextCursor: null }
  }
  if ((terms.length > 0 || providerMessageId !== undefined) && deps.findMs === 0) {
    throw new SluiceError('INVALID_REQUEST', { detail: 'the search index is disabled (FIND_WITHIN_MS is 0): search by idempotencyKey' })
  }
  const callers = isLimitedToOwn ? [caller.name] : deps.callers.names()
  const find = async (sender: string, budget: number): Promise<Page> => await searchIndex(deps.store, sender, deps.findMs, {
    terms,
    digests: idempotencyKey === undefined ? [] : callers.map(name => digest(sender, name, idempotencyKey)),
    after: cursor ?? null,
    limit,
    ...(providerMessageId === undefined ? {} : { sentAs: findTerm('provider', providerMessageId) }),
    ...(isLimitedToOwn ? { caller: caller.name } : {})
  }, budget)
  const { messages, next } = await findInSenders(chooseSenders(deps.senders, query.sender), limit, find)
  return { messages: messages.map(([sender, view]) => describeMessage(sender, view, deps, idempotencyKey)), nextCursor: next }
}
