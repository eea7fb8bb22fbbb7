import type { FastifyInstance, FastifyRequest } from 'fastify'
import { admit } from '../admission/admit.js'
import { laneOf, mayUseAnyLane, notPermitted } from '../callers.js'
import { SluiceError } from '../errors.js'
import type { PostDeps } from '../http/admission-result.js'
import { resultOf } from '../http/admission-result.js'
import type { Api } from '../http/api.js'
import { senderForMessage } from '../http/api.js'
import { addSchemas } from '../http/openapi.js'
import { prefersAsync, readKeyHeader } from '../http/request.js'
import type { Edge } from '../message.js'
import { edges } from '../message.js'
import type { Recipient } from '../recipient.js'
import { publicId } from '../redis/keys.js'
import { ownerOf, resolveReferences } from '../settlement/references.js'
import { takeSlots } from '../throttle/caller.js'
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
export function graphRoutes (scope: Api, deps: PostDeps): void {
  addSchemas(scope, ...Object.values(schemas))
  constrainPaths(scope)
  // Checked by `readBody`, with more than the schema can say.
  const validatorCompiler = () => () => true
  for (const edge of edges) {
    const config = { roles: ['send', 'admin'], checksBody: true, swaggerTransform: documentAs(edge) } as const
    scope.post('/*', { schema: operations[edge], validatorCompiler, constraints: { graph: edge }, config }, async (request, reply) => {
      const { sender, rejection } = senderForMessage(deps.senders, matchEdge(request.url)?.sender)
      const body = readBody(request.body)
      if (body.status === 'passing') {
        const forbidden = rejection ?? notPermitted(request.caller, { sender })
        if (forbidden !== undefined) throw forbidden
        const passed = await deps.provider.pass(sender, edge, JSON.stringify(body.body))
        if (passed.status !== 'responded') throw new SluiceError('PROVIDER_UNAVAILABLE', { detail: passed.code, retryAfterMs: 1000 })
        reply.statusCode = passed.httpStatus
        reply.type('application/json')
        return passed.body
      }
      const { recipient } = body
      if (recipient.warnings !== undefined) reply.header('sluice-warnings', recipient.warnings.map(({ code }) => code).join(', '))
      const pair: Pair = { sender, ...recipient, ...(rejection === undefined ? {} : { rejection }) }
      const own = await takeSlots(deps, request.caller, 1)
      if (own !== null) reply.headers({ ...own.headers })
      if (own?.error) pair.rejection ??= own.error
      const admission = await admitBody(deps, pair, edge, body, request)
      if (admission.status !== 'rejected') reply.messageId = publicId(sender, admission.id)
      const result = await resultOf(deps, sender, admission)
      // Before anything that can throw, so that the error of an earlier message names that message.
      reply.headers(headersOf(result, deps.sandbox))
      // 200 also for a waiting message: Meta has no other success, and some clients accept no other.
      return toGraph(body, result)
    })
  }
}

type Pair = ReturnType<typeof senderForMessage> & Recipient

async function admitBody (
  deps: PostDeps, pair: Pair, edge: Edge, body: Extract<Body, { status: 'message' }>, request: FastifyRequest
): ReturnType<typeof admit> {
  const { status: _, recipient: _recipient, ...message } = body
  const { caller } = request
  const key = readKeyHeader(request)
  const rejection = pair.rejection ?? notPermitted(caller, { sender: pair.sender, lane: laneOf(caller), edge })
  return await admit(deps, await resolveReferences(deps.store, ownerOf(caller), {
    ...message,
    ...pair,
    ...(rejection === undefined ? {} : { rejection }),
    edge,
    caller: caller.name,
    requestId: request.id,
    // A text posted to Meta twice arrives twice; here too, unless the caller sets a key.
    deduplicate: false,
    ...(key === undefined ? {} : { headerKey: key }),
    lane: laneOf(caller),
    ...(caller.limits?.defaultCampaign === undefined ? {} : { campaign: caller.limits.defaultCampaign, isLaneDefault: mayUseAnyLane(caller) }),
    inline: !prefersAsync(request.headers['prefer']),
    whenLimited: 'wait'
  }))
}
