import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Bus, Events } from '../events.js'

/** What nginx and others call it where the caller hangs up before the answer. */
const HUNG_UP = 499

/** The id of a request: the caller's own `X-Request-Id` where it is a short plain word, else a new one. */
export function requestIdOf ({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID()
}

/** Tells of every request how it ended. To be set before the hooks that refuse requests. */
export function logRequests (app: FastifyInstance, events: Bus): void {
  app.decorateReply('told')
  app.decorateReply('about')
  app.addHook('onRequest', (request, reply, done) => {
    tellEnd(request, reply, events)
    done()
  })
}

/**
 * Puts its id into a request's answer and tells how it ended, by the pattern of its route: what was asked for may hold a
 * telephone number.
 */
export function tellEnd (request: FastifyRequest, reply: FastifyReply, events: Bus): void {
  const askedAt = performance.now()
  reply.header('x-request-id', request.id)
  // The framework's own hooks don't hear of a caller that has sent all and hangs up before the answer.
  reply.raw.on('close', () => events.emit('request.completed', factsOf(request, reply, performance.now() - askedAt)))
}

function factsOf (request: FastifyRequest, reply: FastifyReply, durationMs: number): Events['request.completed'][0] {
  // Where nobody was let in there is no caller, whatever the type says.
  const caller = (request as Partial<FastifyRequest>).caller?.name
  const requestBytes = Number(request.headers['content-length'])
  const bytes = Number(reply.getHeader('content-length'))
  const facts: Events['request.completed'][0] = {
    requestId: request.id,
    method: request.method,
    route: request.routeOptions.url ?? 'unknown',
    status: reply.raw.writableFinished ? reply.statusCode : HUNG_UP,
    durationMs
  }
  if (reply.told !== undefined) facts.code = reply.told
  if (reply.about !== undefined) facts.id = reply.about
  if (caller !== undefined) facts.caller = caller
  if (requestBytes > 0) facts.requestBytes = requestBytes
  if (bytes >= 0) facts.bytes = bytes
  return facts
}
