import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { FastifyAdapter } from '@bull-board/fastify'
import type { Queue } from 'bullmq'
import type { FastifyInstance } from 'fastify'
import { toKnown } from '../http/problem.js'
import { answering } from './asking.js'
import { MessagesQueue } from './messages-queue.js'
import type { DashboardDeps } from './room.js'

/** bull-board asks a font service of others for its letters; a page that shows an operator's work asks nobody. */
const headers = {
  'content-security-policy': "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; worker-src 'self' blob:; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store'
}

/** bull-board under the prefix of this scope: the messages as a queue, and the three BullMQ queues behind them to look at. Guards nothing itself. */
export async function dashboard (app: FastifyInstance, deps: DashboardDeps): Promise<void> {
  const server = new FastifyAdapter()
  createBullBoard({
    queues: [
      new MessagesQueue(deps),
      watched(deps.drainQueue, 'A job is a shift: a worker attends one sender for up to 15 s. Its result is the number of messages it sent.'),
      watched(deps.retryQueue, 'A job is a run over all failures that are due. Its result counts what became of them; null while the worker is stopped.'),
      watched(deps.housekeepingQueue, 'A job drops messages whose life is over, old failures and idle rate limits. Its result counts them.')
    ],
    serverAdapter: server,
    options: {
      uiConfig: {
        boardTitle: 'Sluice',
        hideDocsLink: true,
        ...(deps.sandbox ? { environment: { label: 'Sandbox: nothing is really sent', color: '#b45309', textColor: '#ffffff' } } : {})
      }
    }
  })
  server.setBasePath(app.prefix)
  server.setErrorHandler(error => {
    const known = toKnown(error)
    if (known.status === 500) deps.events.emit('unexpected-error', { location: 'dashboard', error: known.facts.cause ?? error })
    return answer(known.status, known.status === 500 ? '' : known.message)
  })
  app.addHook('onRequest', async (_, reply) => { reply.headers(headers) })
  // The last hook before the handler, called by itself: the handler then runs within.
  app.addHook('preHandler', (request, _, done) => answering(request.caller.name, done))
  await app.register(server.registerPlugin())
}

/** BullMQ's own queues carry the gateway's work, so that a hand in them would only stop it. */
function watched (queue: Queue, description: string): BullMQAdapter {
  return new BullMQAdapter(queue, { readOnlyMode: true, allowRetries: false, description })
}

type Answer = ReturnType<Parameters<FastifyAdapter['setErrorHandler']>[0]>

/** A problem as bull-board's pages read it: a headline that they know, and a sentence. */
function answer (status: number, message: string): Answer {
  const detail = message === '' ? {} : { message }
  switch (status) {
    case 400:
    case 404: return { status, body: { error: { key: 'ERRORS.INVALID_REQUEST_BODY', options: { field: '' } }, ...detail } }
    case 405:
    case 409: return { status, body: { error: { key: 'ERRORS.FORBIDDEN' }, ...detail } }
    case 503: return { status: 500, body: { error: { key: 'ERRORS.REDIS_UNAVAILABLE' }, ...detail } }
    default: return { status: 500, body: { error: { key: 'ERRORS.INTERNAL_SERVER_ERROR' }, ...detail } }
  }
}
