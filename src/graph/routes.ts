import type { FastifyInstance, FastifyRequest } from 'fastify'
import { admit } from '../admission/admit.js'
import { SluiceError } from '../errors.js'
import { resultOf } from '../http/admission-result.js'
import type { Api, ApiDeps } from '../http/api.js'
import { senderForMessage } from '../http/api.js'
import { addSchemas } from '../http/openapi.js'
import { prefersAsync } from '../http/request.js'
import type { Edge } from '../message.js'
import { edges } from '../message.js'
import { publicId } from '../redis/keys.js'
import { ownerOf, resolveReferences } from '../settlement/references.js'
import type { Body } from './body.js'
import { readBody } from './body.js'
import { documentAs, operations } from './operations.js'
import { constrainPaths, matchEdge } from './path.js'
import { headersOf, toGraph } from './response.js'
import * as schemas from './schemas.js'

/** The Graph API accepts the token in the query too; here it is an API key of the gateway. Has to come before authentication. */
export function acceptQueryToken (scope: FastifyInstance): void {
  scope.addHook('onRequest', async request => {
    const { access_token: token } = request.query as { access_token?: unknown }
    if (request.raw.headers.authorization === undefined && typeof token === 'string') request.raw.headers.authorization = `Bearer ${token}`
  })
}

/** `/{phone number id}/messages` and `/marketing_messages` as in WhatsApp's Cloud API, for clients written for it. */
export function graphRoutes (scope: Api, deps: ApiDeps): void {
  addSchemas(scope, ...Object.values(schemas))
  constrainPaths(scope)
  for (const edge of edges) {
    const config = { roles: ['send', 'admin'], swaggerTransform: documentAs(edge) } as const
    scope.post('/*', { schema: operations[edge], constraints: { graph: edge }, config }, async (request, reply) => {
      const { sender, refusal } = senderForMessage(deps, matchEdge(request.url)?.sender)
      const body = readBody(request.body)
      if (body.status === 'passing') {
        if (refusal !== undefined) throw refusal
        const passed = await deps.provider.pass(sender, edge, JSON.stringify(body.body))
        if (passed.status !== 'answered') throw new SluiceError('PROVIDER_UNAVAILABLE', { detail: passed.code, retryAfterMs: 1000 })
        reply.statusCode = passed.httpStatus
        reply.type('application/json')
        return passed.body
      }
      const admission = await admitBody(deps, { sender, ...(refusal === undefined ? {} : { refusal }) }, edge, body, request)
      if (admission.status !== 'refused') reply.messageId = publicId(sender, admission.id)
      const result = await resultOf(deps, sender, admission)
      // Before anything that can throw, so that the error of an earlier message names that message.
      reply.headers(headersOf(result, deps.sandbox))
      // 200 also for a waiting message: Meta has no other success, and some clients accept no other.
      return toGraph(body, result)
    })
  }
}

async function admitBody (
  deps: ApiDeps, at: ReturnType<typeof senderForMessage>, edge: Edge, body: Extract<Body, { status: 'message' }>, request: FastifyRequest
): ReturnType<typeof admit> {
  const { status: _, ...message } = body
  const { caller } = request
  const key = request.headers['idempotency-key']
  return await admit(deps, await resolveReferences(deps.store, ownerOf(caller), {
    ...message,
    ...at,
    edge,
    caller: caller.name,
    requestId: request.id,
    // A text posted to Meta twice arrives twice; here too, unless the caller sets a key.
    deduplicate: false,
    ...(typeof key === 'string' ? { headerKey: key } : {}),
    lane: 'normal',
    inline: !prefersAsync(request.headers['prefer']),
    whenLimited: 'wait'
  }))
}
