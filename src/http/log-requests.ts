import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Bus, Events } from '../events.js'

/** nginx's status for a client that closed the connection before the response. */
const CLIENT_CLOSED_REQUEST = 499

/** The id of a request: the caller's own `X-Request-Id` if it is short and plain, else a new one. */
export function requestIdOf ({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID()
}

/** Emits an event for every request that ends. Set before the hooks that reject requests. */
export function logRequests (app: FastifyInstance, events: Bus): void {
  app.decorateReply('errorCode')
  app.decorateReply('messageId')
  app.addHook('onRequest', (request, reply, done) => {
    logRequest(request, reply, events)
    done()
  })
}

/**
 * Sets the request's id on its response, and emits an event when it ends. The event names the pattern of the route, because the URL may hold
 * a phone number.
 */
export function logRequest (request: FastifyRequest, reply: FastifyReply, events: Bus): void {
  const startedAt = performance.now()
  reply.header('x-request-id', request.id)
  // Fastify's onResponse hook does not run for a client that disconnects before the response.
  reply.raw.on('close', () => events.emit('request.completed', fieldsOf(request, reply, performance.now() - startedAt)))
}

function fieldsOf (request: FastifyRequest, reply: FastifyReply, durationMs: number): Events['request.completed'][0] {
  // Without authentication there is no caller, whatever the type says.
  const caller = (request as Partial<FastifyRequest>).caller?.name
  const requestBytes = Number(request.headers['content-length'])
  const bytes = Number(reply.getHeader('content-length'))
  const fields: Events['request.completed'][0] = {
    requestId: request.id,
    method: request.method,
    route: request.routeOptions.url ?? 'unknown',
    status: reply.raw.writableFinished ? reply.statusCode : CLIENT_CLOSED_REQUEST,
    durationMs
  }
  if (reply.errorCode !== undefined) fields.code = reply.errorCode
  if (reply.messageId !== undefined) fields.id = reply.messageId
  if (caller !== undefined) fields.caller = caller
  if (requestBytes > 0) fields.requestBytes = requestBytes
  if (bytes >= 0) fields.bytes = bytes
  return fields
}
