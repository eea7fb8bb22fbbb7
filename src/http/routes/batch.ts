import { admit } from '../../admission/admit.js'
import { ownerOf, resolveReferences } from '../../settlement/references.js'
import type { Api, ApiDeps } from '../api.js'
import { postBatch } from '../docs/messages.js'
import { toAnswer } from '../outcome.js'
import { problem, toKnown } from '../problem.js'
import { toRequest } from '../request.js'
import { BatchSchema, PostMessageSchema } from '../schemas/message.js'
import { createCheck } from '../validate.js'

/** The bytes that the rows of a batch may have together. */
const BODY_LIMIT = 16 * 1024 * 1024
/** Rows whose scripts are under way at once: enough to fill the connection, few enough to stay within its time-out. */
const CHUNK = 100

const check = createCheck(PostMessageSchema)

/**
 * Many messages in one request, one answer each in the same order, 207. Never sent inline, and not atomic as a whole: a bad
 * row doesn't hurt the others. With a header `Idempotency-Key`, row n without a key of its own gets `<header>#<n>`.
 */
export function batchRoutes (api: Api, deps: ApiDeps): void {
  api.post('/messages/batch', { schema: { body: BatchSchema }, bodyLimit: BODY_LIMIT, config: { roles: ['send', 'admin'], operation: postBatch } }, async (request, reply) => {
    const messages = Array.isArray(request.body) ? request.body : request.body.messages
    const key = request.headers['idempotency-key']
    const results: Array<Record<string, unknown>> = []
    for (let from = 0; from < messages.length; from += CHUNK) {
      results.push(...await Promise.all(messages.slice(from, from + CHUNK).map(async (message, i) => await row(message, from + i))))
    }
    reply.status(207)
    return { results }

    async function row (message: unknown, at: number): Promise<Record<string, unknown>> {
      try {
        const body = check(message)
        const named = typeof key === 'string' && body.idempotencyKey === undefined ? { key: `${key}#${at}` } : {}
        const asked = toRequest(deps, body, { caller: request.caller.name, requestId: request.id, async: true, ...named })
        if (typeof asked.message !== 'string') asked.message = await resolveReferences(deps.store, asked.sender, ownerOf(request.caller), asked.message)
        const admission = await admit(deps, asked)
        const answer = await toAnswer(deps, asked.sender, admission)
        return Object.assign(answer.body, { httpStatus: answer.httpStatus })
      } catch (error) {
        const known = toKnown(error)
        if (known.status === 500) deps.events.emit('unexpected-error', { location: 'a row of a batch', error })
        const { retryAfterMs } = known.facts
        return { httpStatus: known.status, ...problem(known), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
      }
    }
  })
}
