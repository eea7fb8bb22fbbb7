import type { Static } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import { admit } from '../../admission/admit.js'
import { resultOf, toResponse } from '../admission-result.js'
import type { Api, ApiDeps } from '../api.js'
import { addSchemas } from '../openapi.js'
import { json, optionalHeaders } from '../operation.js'
import { problem, toKnown } from '../problem.js'
import { problems } from '../problem-responses.js'
import { toRequest } from '../request.js'
import { postedWithoutKey, wait } from '../samples.js'
import { listOf, ref } from '../schemas/common.js'
import { AcceptedRowSchema, DuplicateRowSchema } from '../schemas/message.js'
import { PostMessageSchema } from '../schemas/post-message.js'
import { ProblemRowSchema } from '../schemas/problem.js'
import { createCheck } from '../validate.js'

/** Largest body of a batch, bytes. */
const BODY_LIMIT = 16 * 1024 * 1024
/** Rows admitted at once: enough to keep the Redis connection busy, few enough to stay within its time-out. */
const CHUNK = 100
/** Rows of one batch. */
const MAX_ROWS = 1000

const rows = Type.Array(Type.Unknown(), {
  minItems: 1, maxItems: MAX_ROWS, description: 'The messages, each as in POST /messages; an invalid one does not affect the others'
})
const BatchSchema = Type.Union([rows, Type.Object({ messages: rows }, { additionalProperties: false })], {
  $id: 'Batch', description: 'An array of messages, or an object that contains it'
})
const BatchAnswersSchema = Type.Object({
  results: listOf([AcceptedRowSchema, DuplicateRowSchema, ProblemRowSchema], 'One result for each message, in the same order')
}, { $id: 'BatchAnswers', description: 'The result of each message of a batch' })

type Row = Static<typeof BatchAnswersSchema>['results'][number]

const accepted = { httpStatus: 202, ...postedWithoutKey, status: 'queued', queued: true, ...wait }
const invalid = {
  httpStatus: 400,
  type: 'urn:sluice:error:INVALID_RECIPIENT',
  title: 'A recipient is 7 to 15 digits, with or without + - ( ) and spaces',
  status: 400,
  code: 'INVALID_RECIPIENT',
  field: 'to'
}

const postBatch = {
  operationId: 'postBatch',
  tags: ['Messages'],
  summary: 'Accepts up to 1,000 messages and returns one result each, in the same order',
  description: 'Never sends within the request, and is not atomic as a whole. Each result is the response of POST /messages with ' +
    '`Prefer: respond-async`, with its status as `httpStatus`.',
  'x-headers': optionalHeaders('Idempotency-Key'),
  body: BatchSchema,
  response: {
    207: json('One result for each row', ref(BatchAnswersSchema), { examples: { mixed: { results: [accepted, invalid] } } }),
    ...problems('INVALID_REQUEST')
  },
  'x-requests': {
    list: { summary: 'A list', body: [{ to: '+1 555 010 4721', message: 'Hello' }, { to: '+1 555 010 4722', message: 'Hello', priority: 'bulk' }] },
    object: {
      summary: 'An object, with an idempotency key for all; its second row is not valid',
      headers: { 'Idempotency-Key': 'campaign-7' },
      body: { messages: [{ to: '+1 555 010 4723', message: 'Hello' }, { to: '12', message: 'Hello' }] }
    }
  }
}

const check = createCheck(PostMessageSchema)

/** Many messages in one request. With a header `Idempotency-Key`, row n without a key of its own gets `<header>#<n>`. */
export function batchRoutes (api: Api, deps: ApiDeps): void {
  addSchemas(api, BatchSchema, AcceptedRowSchema, DuplicateRowSchema, ProblemRowSchema, BatchAnswersSchema)

  api.post('/messages/batch', { schema: postBatch, bodyLimit: BODY_LIMIT, config: { roles: ['send', 'admin'] } }, async (request, reply) => {
    const messages = Array.isArray(request.body) ? request.body : request.body.messages
    const key = request.headers['idempotency-key']
    const results: Row[] = []
    for (let from = 0; from < messages.length; from += CHUNK) {
      results.push(...await Promise.all(messages.slice(from, from + CHUNK).map(async (message, i) => await admitRow(message, from + i))))
    }
    reply.status(207)
    return { results }

    async function admitRow (message: unknown, index: number): Promise<Row> {
      try {
        const body = check(message)
        const rowKey = typeof key === 'string' && body.idempotencyKey === undefined ? { key: `${key}#${index}` } : {}
        const post = await toRequest(deps, body, { caller: request.caller, requestId: request.id, async: true, ...rowKey })
        const admission = await admit(deps, post)
        const { httpStatus, body: result } = toResponse(await resultOf(deps, post.sender, admission), deps.sandbox)
        return Object.assign(result, { httpStatus })
      } catch (error) {
        const known = toKnown(error)
        if (known.status === 500) deps.events.emit('unexpected-error', { location: 'a row of a batch', error })
        const { retryAfterMs } = known.facts
        return { httpStatus: known.status, ...problem(known), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
      }
    }
  })
}
