import type { FastifyInstance } from 'fastify'
import type { Bus } from '../events.js'

/** Tells of every request that was answered, by the pattern of its route: what was asked for may hold a telephone number. */
export function tellRequests (app: FastifyInstance, events: Bus): void {
  app.addHook('onResponse', async (request, reply) => {
    events.emit('request.answered', {
      method: request.method, route: request.routeOptions.url ?? 'unknown', status: reply.statusCode, durationMs: reply.elapsedTime
    })
  })
}
