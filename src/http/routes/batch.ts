import type { Static } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import type { Request } from '../../admission/admit.js'
import { admit } from '../../admission/admit.js'
import type { SluiceError } from '../../errors.js'
import { canonicalAddress } from '../../recipient.js'
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
  description: 'Never sends within the request, and is not atomic as a whole. Messages are accepted in the order of the rows. Each result is ' +
    'the response of POST /messages with `Prefer: respond-async`, with its status as `httpStatus`. After a row that is refused for now ' +
    '(UNAVAILABLE, RECIPIENT_QUEUE_FULL, BACKLOG_FULL), later rows to the same recipient may be refused with it, so that none overtakes it.',
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
    const refused: RefusedPairs = new Map()
    for (let from = 0; from < messages.length; from += CHUNK) {
      const rows = messages.slice(from, from + CHUNK)
      const posts = await Promise.all(rows.map(async (message, i) => await valueOrError(toPost(message, from + i))))
      // All in one tick and in order: a reference takes a look-up, and rows behind it must not pass it meanwhile.
      results.push(...await Promise.all(posts.map(async post => await admitRow(deps, post, refused))))
    }
    reply.status(207)
    return { results }

    async function toPost (message: unknown, row: number): Promise<Request> {
      const body = check(message)
      const ofHeader = typeof key === 'string' && body.idempotencyKey === undefined ? { key, row } : {}
      return await toRequest(deps, body, { caller: request.caller, requestId: request.id, async: true, ...ofHeader })
    }
  })
}

/** Pairs and lanes whose row was refused for now, with the error. */
type RefusedPairs = Map<string, SluiceError>

/** Errors that do not last: the caller posts the row again. */
const transient = new Set<string>(['UNAVAILABLE', 'RECIPIENT_QUEUE_FULL', 'BACKLOG_FULL'])

/** Never rejects. Calls `admit` before anything is awaited. */
async function admitRow (deps: ApiDeps, post: Request | { error: unknown }, refused: RefusedPairs): Promise<Row> {
  try {
    if ('error' in post) throw post.error
    const pair = `${post.sender} ${post.lane} ${canonicalAddress(post.to, post.addressing)}`
    const earlier = refused.get(pair)
    if (earlier !== undefined) throw earlier
    if (post.refusal !== undefined) note(post.refusal)
    try {
      const admission = await admit(deps, post)
      const { httpStatus, body: result } = toResponse(await resultOf(deps, post.sender, admission), deps.sandbox)
      return Object.assign(result, { httpStatus })
    } catch (error) {
      note(toKnown(error))
      throw error
    }

    /** Posted again, it would come behind the rows after it: they are refused with it. */
    function note (error: SluiceError): void {
      if (transient.has(error.code)) refused.set(pair, error)
    }
  } catch (error) {
    const known = toKnown(error)
    if (known.status === 500) deps.events.emit('unexpected-error', { location: 'a row of a batch', error })
    const { retryAfterMs } = known.facts
    return { httpStatus: known.status, ...problem(known), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
  }
}

async function valueOrError<Value> (promise: Promise<Value>): Promise<Value | { error: unknown }> {
  try {
    return await promise
  } catch (error) {
    return { error }
  }
}
