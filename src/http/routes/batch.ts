import type { Static } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyContextConfig } from 'fastify'
import type { Request } from '../../admission/admit.js'
import { admit } from '../../admission/admit.js'
import type { SluiceError } from '../../errors.js'
import type { PostDeps } from '../admission-result.js'
import { resultOf, toResponse } from '../admission-result.js'
import type { Api } from '../api.js'
import { addSchemas } from '../openapi.js'
import { json, optionalHeaders } from '../operation.js'
import { problem, toKnown } from '../problem.js'
import { problems } from '../problem-responses.js'
import { readKeyHeader, readPost } from '../request.js'
import { postedWithoutKey, wait } from '../samples.js'
import type { CallerHeaders, CallerSlots } from '../../throttle/caller.js'
import { takeSlots } from '../../throttle/caller.js'
import { listOf, ref } from '../schemas/common.js'
import { AcceptedRowSchema, DuplicateRowSchema } from '../schemas/message.js'
import { ProblemRowSchema } from '../schemas/problem.js'
import { isJsonObject } from '../../values/json.js'

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
const BatchResponseSchema = Type.Object({
  results: listOf([AcceptedRowSchema, DuplicateRowSchema, ProblemRowSchema], 'One result for each message, in the same order')
}, { $id: 'BatchResponse', description: 'The result of each message of a batch' })

type Row = Static<typeof BatchResponseSchema>['results'][number]

const accepted = { httpStatus: 202, ...postedWithoutKey, status: 'queued', queued: true, ...wait }
const invalid = {
  httpStatus: 400,
  type: 'urn:sluice:error:INVALID_RECIPIENT',
  title: 'Invalid recipient: use the country code and the number, 7 to 15 digits; + - ( ) and spaces are allowed',
  status: 400,
  code: 'INVALID_RECIPIENT',
  field: 'to'
}

const postBatch = {
  operationId: 'postBatch',
  tags: ['Messages'],
  summary: 'Accepts up to 1,000 messages and returns one result each, in the same order',
  description: 'Never sends within the request, and is not atomic as a whole. Messages are accepted in the order of the rows. Each result is ' +
    'the response of POST /messages with `Prefer: respond-async`, with its status as `httpStatus`. After a row that is rejected for now ' +
    '(UNAVAILABLE, CALLER_RATE_LIMITED, RECIPIENT_QUEUE_FULL, BACKLOG_FULL, CALLER_BACKLOG_FULL), later rows to the same recipient may be ' +
    'rejected with it, so that none overtakes it.',
  'x-headers': optionalHeaders('Idempotency-Key'),
  body: BatchSchema,
  response: {
    207: json('One result for each row', ref(BatchResponseSchema), {
      headers: ['RateLimit', 'RateLimit-Policy'],
      examples: { mixed: { results: [accepted, invalid] } }
    }),
    ...problems('INVALID_REQUEST', 'INVALID_KEY')
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

/** Many messages in one request. With a header `Idempotency-Key`, row n without a key of its own gets `<header>#<n>`. */
export function batchRoutes (api: Api, deps: PostDeps): void {
  addSchemas(api, BatchSchema, AcceptedRowSchema, DuplicateRowSchema, ProblemRowSchema, BatchResponseSchema)

  const config = { roles: ['send', 'admin'], checksBody: true } satisfies FastifyContextConfig
  api.post('/messages/batch', { schema: postBatch, bodyLimit: BODY_LIMIT, config }, async (request, reply) => {
    const messages = Array.isArray(request.body) ? request.body : request.body.messages
    const key = readKeyHeader(request)
    const results: Row[] = []
    const rejected: RejectedPairs = new Map()
    let headers: CallerHeaders | undefined
    for (let from = 0; from < messages.length; from += CHUNK) {
      const rows = messages.slice(from, from + CHUNK)
      const posts = await Promise.all(rows.map(async (message, i) => await valueOrError(toPost(message, from + i))))
      limit(posts, await takeSlots(deps, request.caller, posts.filter(post => !('error' in post)).length))
      // All in one tick and in order: a reference takes a look-up, and rows behind it must not pass it meanwhile.
      results.push(...await Promise.all(posts.map(async post => await admitRow(deps, post, { rejected, requestId: request.id }))))
    }
    reply.status(207)
    if (headers !== undefined) reply.headers({ ...headers })
    return { results }

    /** The caller's rate accepts the first rows, so that none overtakes another. */
    function limit (posts: Array<Request | { error: unknown }>, own: CallerSlots | null): void {
      if (own === null) return
      headers = own.headers
      if (own.error === null) return
      const valid = posts.filter((post): post is Request => !('error' in post))
      for (const post of valid.slice(own.accepted)) post.rejection ??= own.error
    }

    async function toPost (message: unknown, row: number): Promise<Request> {
      const hasOwnKey = isJsonObject(message) && message['idempotencyKey'] !== undefined
      const ofHeader = key !== undefined && !hasOwnKey ? { key, row } : {}
      return await readPost(deps, message, { caller: request.caller, requestId: request.id, async: true, ...ofHeader })
    }
  })
}

/** Pairs and lanes whose row was rejected for now, with the error. */
type RejectedPairs = Map<string, SluiceError>

/** Errors that do not last: the caller posts the row again. */
const transient = new Set<string>(['UNAVAILABLE', 'CALLER_RATE_LIMITED', 'RECIPIENT_QUEUE_FULL', 'BACKLOG_FULL', 'CALLER_BACKLOG_FULL'])

/** Never rejects. Calls `admit` before anything is awaited. */
async function admitRow (
  deps: PostDeps, post: Request | { error: unknown }, { rejected, requestId }: { rejected: RejectedPairs, requestId: string }
): Promise<Row> {
  try {
    if ('error' in post) throw post.error
    const pair = `${post.sender} ${post.lane} ${post.recipient}`
    const earlier = rejected.get(pair)
    if (earlier !== undefined) throw earlier
    if (post.rejection !== undefined) remember(post.rejection)
    try {
      const admission = await admit(deps, post)
      const { httpStatus, body: result } = toResponse(await resultOf(deps, post.sender, admission), deps.sandbox, post)
      return Object.assign(result, { httpStatus })
    } catch (error) {
      remember(toKnown(error))
      throw error
    }

    /** Posted again, it would come behind the rows after it: they are rejected with it. */
    function remember (error: SluiceError): void {
      if (transient.has(error.code)) rejected.set(pair, error)
    }
  } catch (error) {
    const known = toKnown(error)
    if (known.status === 500) deps.events.emit('unexpected-error', { location: 'a row of a batch', error })
    const { retryAfterMs } = known.facts
    return { httpStatus: known.status, ...problem(known, requestId), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
  }
}

async function valueOrError<Value> (promise: Promise<Value>): Promise<Value | { error: unknown }> {
  try {
    return await promise
  } catch (error) {
    return { error }
  }
}
