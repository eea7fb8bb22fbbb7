import type { FastifyInstance } from 'fastify'
import { SluiceError } from '../../errors.js'
import type { Store } from '../../redis/store.js'
import { getLive, getReady } from '../docs/health.js'
import { sendProblem } from '../problem.js'

/** Alive: the process answers. Ready: Redis takes what is new, too, and the node is not closing. */
export function healthRoutes (app: FastifyInstance, deps: { store: Store, closing: AbortSignal }): void {
  app.get('/health/live', { config: { operation: getLive } }, async () => ({ status: 'ok' }))
  app.get('/health/ready', { config: { operation: getReady } }, async (_, reply) => {
    if (deps.closing.aborted) return sendProblem(reply, new SluiceError('SHUTTING_DOWN', { retryAfterMs: 1000 }))
    try {
      await deps.store.probe()
      return { status: 'ok' }
    } catch (cause) {
      return sendProblem(reply, cause instanceof SluiceError ? cause : new SluiceError('UNAVAILABLE', { detail: 'Redis does not answer, or takes no writes', retryAfterMs: 1000, cause }))
    }
  })
}
