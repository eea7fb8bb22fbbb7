import type { FastifyInstance } from 'fastify'
import { SluiceError } from '../errors.js'

/**
 * A closing node takes nothing new in, and every connection ends with its last answer: one that a caller keeps alive would
 * hold up the end for the whole grace. Health answers for itself.
 */
export function turnAway (app: FastifyInstance, closing: AbortSignal): void {
  app.addHook('onRequest', async request => {
    if (closing.aborted && !request.url.startsWith('/health/')) throw new SluiceError('CLOSING', { retryAfterMs: 1000 })
  })
  app.addHook('onSend', async (_, reply) => {
    if (closing.aborted) reply.header('connection', 'close')
  })
}
