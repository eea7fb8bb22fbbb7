import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { SluiceError } from '../errors.js'

/**
 * A closing node takes nothing new in, and every connection ends with its last answer: one that a caller keeps alive would
 * hold up the end for the whole grace. Health answers for itself, and the last counts are still to be had.
 */
export function turnAway (app: FastifyInstance, closing: AbortSignal): void {
  app.addHook('onRequest', (request, _reply, done) => {
    done(closing.aborted && !/^\/(health\/|metrics$)/.test(request.url) ? new SluiceError('SHUTTING_DOWN', { retryAfterMs: 1000 }) : undefined)
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing.aborted) reply.header('connection', 'close')
    done()
  })
}

const LOOK_EVERY_MS = 10

/**
 * Keeps the port open until nobody is connected any more, `atMostMs` long. A connection that is cut while a request is on its
 * way, or that nobody has taken up yet when the port closes, is reset, and its caller can't know what became of the request.
 */
export async function drainConnections (app: FastifyInstance, atMostMs: number): Promise<void> {
  const until = performance.now() + atMostMs
  while (performance.now() < until && await countConnections(app) > 0) await sleep(LOOK_EVERY_MS)
}

async function countConnections (app: FastifyInstance): Promise<number> {
  return await new Promise(resolve => app.server.getConnections((error, count) => resolve(error === null ? count : 0)))
}
