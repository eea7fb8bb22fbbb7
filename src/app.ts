import Fastify, { LogController } from 'fastify'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { ApiKey } from './config.js'
import { serveConsole } from './console/serve.js'
import { dashboard } from './dashboard/dashboard.js'
import type { DashboardDeps } from './dashboard/dashboard.js'
import { sendGraphError } from './graph/error.js'
import { isGraphPath } from './graph/path.js'
import { graphRoutes, takeQueryToken } from './graph/routes.js'
import type { Api, ApiDeps } from './http/api.js'
import { authenticate } from './http/authenticate.js'
import { authenticateBrowser } from './http/authenticate-browser.js'
import { turnAway } from './http/closing.js'
import { takeEmptyBodies } from './http/empty-body.js'
import { requestIdOf, tellEnd, logRequests } from './http/log-requests.js'
import { serveDocs } from './http/docs/openapi.js'
import { connectionLimits, limitConnections, refuseUnreadable } from './http/limits.js'
import type { SendError } from './http/problem.js'
import { handleErrors, handleNotFound, sendProblem, toKnown } from './http/problem.js'
import { shed } from './http/shed.js'
import { compile } from './http/validate.js'
import type { WebhookDeps } from './webhooks/receive.js'
import { auditRoutes } from './http/routes/audit.js'
import { batchRoutes } from './http/routes/batch.js'
import { callerRoutes } from './http/routes/caller.js'
import { codeRoutes } from './http/routes/codes.js'
import { failureRoutes } from './http/routes/failures.js'
import { findRoutes } from './http/routes/find.js'
import { healthRoutes } from './http/routes/health.js'
import { metricsRoute } from './http/routes/metrics.js'
import { messageRoutes } from './http/routes/messages.js'
import { optOutRoutes } from './http/routes/opt-outs.js'
import { rateLimitRoutes } from './http/routes/rate-limits.js'
import { recipientRoutes } from './http/routes/recipients.js'
import { senderRoutes } from './http/routes/senders.js'
import { statsRoutes } from './http/routes/stats.js'
import { webhookRoutes } from './http/routes/webhooks.js'
import { workerRoutes } from './http/routes/workers.js'

/** Largest request body, bytes. */
const BODY_LIMIT = 256 * 1024

export interface AppOptions { keys: ApiKey[], closing: AbortSignal, api: boolean, scrape: () => Promise<string>, logger: FastifyBaseLogger }

/** The HTTP application, without a port. A worker node serves its health and its metrics only. */
export async function createApp (deps: ApiDeps & DashboardDeps & WebhookDeps, options: AppOptions): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: childless(options.logger),
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIdOf,
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: 'idle',
    return503OnClosing: false, // turnAway does, with a problem document
    // What the router itself refuses never reaches the error handler.
    frameworkErrors: (error, request, reply) => {
      tellEnd(request, reply, deps.events)
      sendError(reply, toKnown(error))
    },
    // An idempotency key may stand in a path: 256 characters, each of them three bytes where it is escaped.
    routerOptions: { maxParamLength: 768 },
    requestTimeout: connectionLimits.requestTimeoutMs,
    connectionTimeout: connectionLimits.silenceMs,
    keepAliveTimeout: connectionLimits.keepAliveMs,
    http: { headersTimeout: connectionLimits.headersTimeoutMs, connectionsCheckingInterval: connectionLimits.checkEveryMs, maxHeaderSize: connectionLimits.headBytes },
    clientErrorHandler: refuseUnreadable,
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.setValidatorCompiler(({ schema, httpPart }) => compile(schema, httpPart))
  limitConnections(app)
  takeEmptyBodies(app)
  handleErrors(app, deps.events, sendError)
  handleNotFound(app, sendError)
  logRequests(app, deps.events)
  turnAway(app, options.closing)
  shed(app, deps.store.behindMs)
  if (options.api) await serveDocs(app)
  metricsRoute(app, options.scrape)
  healthRoutes(app, { store: deps.store, closing: options.closing })
  if (options.api) {
    webhookRoutes(app, deps)
    await app.register(async (api: Api) => {
      await authenticate(api, options.keys)
      // A post without a body is one with nothing in it, so that what is missing is named.
      api.addHook('preValidation', (request, _reply, done) => {
        request.body ??= {}
        done()
      })
      messageRoutes(api, deps)
      batchRoutes(api, deps)
      findRoutes(api, deps)
      failureRoutes(api, deps)
      rateLimitRoutes(api, deps)
      recipientRoutes(api, deps)
      optOutRoutes(api, deps)
      statsRoutes(api, deps)
      workerRoutes(api, deps)
      senderRoutes(api, deps)
      auditRoutes(api, deps)
      callerRoutes(api, deps)
      codeRoutes(api, deps)
    }, { prefix: '/api/v1' })
    await app.register(async pages => {
      authenticateBrowser(pages, options.keys)
      await dashboard(pages, deps)
    }, { prefix: '/admin/queues' })
    await app.register(serveConsole, { prefix: '/console' })
    await app.register(async (surface: Api) => {
      handleErrors(surface, deps.events, sendGraphError)
      takeQueryToken(surface)
      await authenticate(surface, options.keys)
      graphRoutes(surface, deps)
    })
  }
  await app.ready()
  return app
}

/** Nothing is logged by request but what the events tell, so a logger for each would be made for nothing; the framework checks one of another factory each time. */
function childless (logger: FastifyBaseLogger): FastifyBaseLogger {
  const one: FastifyBaseLogger = Object.assign(Object.create(logger) as FastifyBaseLogger, { child: () => one })
  return one
}

/** Clients of the Graph API read no problem documents. */
const sendError: SendError = (reply, error) => isGraphPath(reply.request.url) ? sendGraphError(reply, error) : sendProblem(reply, error)
