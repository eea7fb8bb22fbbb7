import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { FastifyAdapter } from '@bull-board/fastify'
import type { Queue } from 'bullmq'
import type { FastifyInstance } from 'fastify'
import { SluiceError } from '../errors.js'
import type { Bus } from '../events.js'
import { isChange } from '../http/authenticate.js'
import { prefixOf } from '../http/paths.js'
import { sendProblem } from '../http/problem.js'
import type { MessagesQueueDeps } from './messages-queue.js'
import { createMessagesQueue } from './messages-queue.js'

export interface DashboardDeps extends MessagesQueueDeps {
  events: Bus
  sandbox: boolean
  drainQueue: Queue
  retryQueue: Queue
  housekeepingQueue: Queue
  bulkQueue: Queue
}

/** bull-board loads its font from Google. A page that shows an operator's work sends no request to another site. */
const headers = {
  'content-security-policy': [
    "default-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data:", "font-src 'self' data:", "worker-src 'self' blob:",
    "frame-ancestors 'none'"
  ].join('; '),
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store'
}

/**
 * bull-board under the prefix of this scope: the messages as a queue, and BullMQ's own four queues. It is read-only. The scope around it
 * authenticates.
 */
export async function dashboard (app: FastifyInstance, deps: DashboardDeps): Promise<void> {
  const server = new FastifyAdapter()
  createBullBoard({
    queues: [
      createMessagesQueue(deps),
      readOnly(deps.drainQueue, 'A job is a drain run: a worker sends the messages of one sender for up to 15 s. Its result is their number.'),
      readOnly(deps.retryQueue, 'A job is one run over all due failures. Its result counts their outcomes; null while the retry worker is stopped.'),
      readOnly(deps.housekeepingQueue, 'A job removes expired messages, old failures and idle rate limits. Its result counts them.'),
      readOnly(deps.bulkQueue, 'A job cancels, retries or acknowledges the messages that match a filter. Its progress counts them.')
    ],
    serverAdapter: server,
    options: {
      uiConfig: {
        boardTitle: 'Sluice',
        hideDocsLink: true,
        miscLinks: [{ text: 'Console', url: '../../console/' }],
        ...(deps.sandbox ? { environment: { label: 'Sandbox: no real messages', color: '#b45309', textColor: '#ffffff' } } : {})
      }
    }
  })
  server.setBasePath(app.prefix)
  // The gateway's own error handler responds, with a problem document: bull-board knows no 503.
  server.setErrorHandler(error => { throw error })
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headers)
    if (!isChange(request)) return
    return sendProblem(reply, new SluiceError('NOT_SUPPORTED', { detail: 'the dashboard is read-only: use the console or the API' }))
  })
  // bull-board has one base path for all requests. Behind a proxy that removes a prefix the browser needs it.
  app.addHook('onSend', async (request, reply, payload) => {
    const prefix = prefixOf(request)
    if (prefix === '' || typeof payload !== 'string' || !String(reply.getHeader('content-type')).startsWith('text/html')) return payload
    return payload.replace(`<base href="${app.prefix}/"`, `<base href="${prefix}${app.prefix}/"`)
  })
  await app.register(server.registerPlugin())
}

/** BullMQ's own queues carry the gateway's work: a job that is removed or paused by hand would stop it. */
function readOnly (queue: Queue, description: string): BullMQAdapter {
  return new BullMQAdapter(queue, { readOnlyMode: true, allowRetries: false, description })
}
