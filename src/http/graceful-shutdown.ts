import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { SluiceError } from '../errors.js'

/**
 * Graceful shutdown, first part: a node that shuts down rejects new requests, and every connection ends with its current response, because a
 * keep-alive connection would delay the end for the whole grace period. Health and metrics still respond.
 */
export function rejectWhileClosing (app: FastifyInstance, closing: AbortSignal): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const isRejected = closing.aborted && !/^\/(health\/|metrics$)/.test(request.url)
    done(isRejected ? new SluiceError('SHUTTING_DOWN', { retryAfterMs: 1000 }) : undefined)
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing.aborted) reply.header('connection', 'close')
    done()
  })
}

const POLL_MS = 10

/**
 * Second part: keeps the port open until no connection is left, for `atMostMs`. Closing earlier would reset connections with a request in
 * flight, and those the process has not accepted yet; their callers could not know what happened to the request.
 */
export async function drainConnections (app: FastifyInstance, atMostMs: number): Promise<void> {
  const until = performance.now() + atMostMs
  while (performance.now() < until && await countConnections(app) > 0) await sleep(POLL_MS)
}

async function countConnections (app: FastifyInstance): Promise<number> {
  return await new Promise(resolve => app.server.getConnections((error, count) => resolve(error === null ? count : 0)))
}
