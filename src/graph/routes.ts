import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { admit } from '../admission/admit.js'
import { SluiceError } from '../errors.js'
import type { Api, ApiDeps } from '../http/api.js'
import { acceptingSender } from '../http/api.js'
import { marketingMessages, messages } from '../http/docs/graph.js'
import { toAnswer } from '../http/outcome.js'
import { prefersAsync } from '../http/request.js'
import { GraphMessageSchema } from '../http/schemas/graph.js'
import type { Edge } from '../message.js'
import { edges } from '../message.js'
import { publicId } from '../redis/keys.js'
import { ownerOf, resolveReferences } from '../settlement/references.js'
import { headersOf, toGraph } from './answer.js'
import type { Body } from './body.js'
import { readBody } from './body.js'
import { sendGraphError } from './error.js'
import { constrainPaths, matchEdge } from './path.js'

const operations = { messages, marketing_messages: marketingMessages }

/** The Graph API takes the token in the query too; here it is a key of the gateway. Has to come before the key is looked at. */
export function takeQueryToken (scope: FastifyInstance): void {
  scope.addHook('onRequest', async request => {
    const { access_token: token } = request.query as { access_token?: unknown }
    if (request.raw.headers.authorization === undefined && typeof token === 'string') request.raw.headers.authorization = `Bearer ${token}`
  })
}

/** `/{phone number id}/messages` and `/marketing_messages` as WhatsApp's Cloud API has them, for clients that know nothing else. */
export function graphRoutes (scope: Api, deps: ApiDeps): void {
  constrainPaths(scope)
  for (const edge of edges) {
    scope.post('/*', { schema: { body: GraphMessageSchema }, constraints: { graph: edge }, config: { roles: ['send', 'admin'], operation: operations[edge] } }, async (request, reply) => {
      const sender = acceptingSender(deps, matchEdge(request.url)?.sender)
      const body = readBody(request.body)
      if (body.status === 'passing') {
        const passed = await deps.provider.pass(sender, edge, JSON.stringify(body.body))
        if (passed.status === 'answered') return await reply.status(passed.httpStatus).type('application/json').send(passed.body)
        return sendGraphError(reply, new SluiceError('PROVIDER_UNAVAILABLE', { detail: passed.code, retryAfterMs: 1000 }))
      }
      const answer = await accept(deps, sender, edge, body, request, reply)
      // Before anything that can throw, so that an error of an earlier message says whose it is.
      reply.headers(headersOf(answer))
      // 200 also where it waits: it is all that Meta ever answers, and so all that some clients take for a success.
      return toGraph(body, answer)
    })
  }
}

async function accept (deps: ApiDeps, sender: string, edge: Edge, body: Extract<Body, { status: 'message' }>, request: FastifyRequest, reply: FastifyReply): ReturnType<typeof toAnswer> {
  const { status: _, message, ...rest } = body
  const { caller } = request
  const key = request.headers['idempotency-key']
  const admission = await admit(deps, {
    ...rest,
    sender,
    edge,
    caller: caller.name,
    requestId: request.id,
    message: await resolveReferences(deps.store, sender, ownerOf(caller), message),
    // Sent to Meta twice, a text arrives twice; so here too, unless the caller names it.
    deduplicate: false,
    ...(typeof key === 'string' ? { headerKey: key } : {}),
    lane: 'normal',
    inline: !prefersAsync(request.headers['prefer']),
    whenLimited: 'wait'
  })
  if (admission.status !== 'refused') reply.about = publicId(sender, admission.id)
  return await toAnswer(deps, sender, admission)
}
