import Fastify, { LogController } from 'fastify'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { CallerRegistry } from './callers.js'
import { serveConsole } from './console/serve.js'
import { dashboard } from './dashboard/dashboard.js'
import type { DashboardDeps } from './dashboard/dashboard.js'
import { sendGraphError } from './graph/error.js'
import { isGraphPath } from './graph/path.js'
import { acceptQueryToken, graphRoutes } from './graph/routes.js'
import type { PostDeps } from './http/admission-result.js'
import type { Api } from './http/api.js'
import { authenticate, authenticateBrowser } from './http/authenticate.js'
import { rejectWhileClosing } from './http/graceful-shutdown.js'
import { connectionLimits, limitRequests, rejectUnreadable } from './http/limits.js'
import { shedLoad } from './http/load-shedding.js'
import { logRequest, logRequests, requestIdOf } from './http/log-requests.js'
import { serveDocs } from './http/openapi.js'
import type { SendError } from './http/problem.js'
import { parseBodies } from './http/parse-body.js'
import { handleNotFound, serveIndex, cleanUrl } from './http/paths.js'
import { handleErrors, sendProblem, toKnown } from './http/problem.js'
import { schemaController } from './http/validate.js'
import { activityRoutes } from './http/routes/activity.js'
import { auditRoutes } from './http/routes/audit.js'
import { batchRoutes } from './http/routes/batch.js'
import { checkRoutes } from './http/routes/check.js'
import { callerRoutes } from './http/routes/caller.js'
import { campaignRoutes } from './http/routes/campaigns.js'
import { codeRoutes } from './http/routes/codes.js'
import type { FailureDeps } from './http/routes/failures.js'
import { failureRoutes } from './http/routes/failures.js'
import type { FindDeps } from './http/routes/find.js'
import { findRoutes } from './http/routes/find.js'
import { jobRoutes, type JobRouteDeps } from './http/routes/jobs.js'
import { healthRoutes, metricsRoute } from './http/routes/health.js'
import { messageRoutes } from './http/routes/messages.js'
import { optOutRoutes } from './http/routes/opt-outs.js'
import { rateLimitRoutes } from './http/routes/rate-limits.js'
import { recipientRoutes } from './http/routes/recipients.js'
import { senderRoutes } from './http/routes/senders.js'
import { statsRoutes } from './http/routes/stats.js'
import { rateRoutes } from './http/routes/rates.js'
import { templateRoutes } from './http/routes/templates.js'
import type { SenderRegistry } from './sender-registry.js'
import type { WebhookDeps } from './webhooks/receive.js'
import { webhookRoutes } from './http/routes/webhooks.js'
import type { WorkerRouteDeps } from './http/routes/workers.js'
import { workerRoutes } from './http/routes/workers.js'

/** Largest request body, bytes. */
const BODY_LIMIT = 256 * 1024

/** What the routes need; each declares its part. */
export interface AppDeps extends PostDeps, FindDeps, FailureDeps, WorkerRouteDeps, WebhookDeps, DashboardDeps {
  bulkQueue: JobRouteDeps['bulkQueue']
  senders: SenderRegistry
  callers: CallerRegistry
  settlement: PostDeps['settlement']
}

export interface AppOptions { closing: AbortSignal, api: boolean, scrape: () => Promise<string>, logger: FastifyBaseLogger }

/** The HTTP application, without a port. A worker node serves health and metrics only. */
export async function createApp (deps: AppDeps, options: AppOptions): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: withoutChildren(options.logger),
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIdOf,
    bodyLimit: BODY_LIMIT,
    schemaController,
    rewriteUrl: cleanUrl,
    forceCloseConnections: 'idle',
    return503OnClosing: false, // rejectWhileClosing does, with a problem document
    // Errors of the router itself never reach the error handler.
    frameworkErrors: (error, request, reply) => {
      logRequest(request, reply, deps.events)
      sendError(reply, toKnown(error))
    },
    // A path may contain an idempotency key: 256 characters, three bytes each if percent-encoded.
    routerOptions: { maxParamLength: 768 },
    requestTimeout: connectionLimits.requestTimeoutMs,
    connectionTimeout: connectionLimits.silenceMs,
    keepAliveTimeout: connectionLimits.keepAliveMs,
    http: {
      headersTimeout: connectionLimits.headersTimeoutMs,
      connectionsCheckingInterval: connectionLimits.checkEveryMs,
      maxHeaderSize: connectionLimits.headBytes
    },
    clientErrorHandler: rejectUnreadable,
  }).withTypeProvider<TypeBoxTypeProvider>()
  limitRequests(app)
  parseBodies(app)
  handleErrors(app, deps.events, sendError)
  handleNotFound(app, sendError)
  logRequests(app, deps.events)
  rejectWhileClosing(app, options.closing)
  shedLoad(app, deps.store.behindMs)
  if (options.api) await serveDocs(app)
  serveIndex(app, { api: options.api })
  metricsRoute(app, options.scrape)
  healthRoutes(app, { store: deps.store, closing: options.closing })
  if (options.api) {
    webhookRoutes(app, deps)
    await app.register(async (api: Api) => {
      await authenticate(api, deps.callers)
      // A POST without a body counts as an empty object, so that the error names the missing field.
      api.addHook('preValidation', (request, _reply, done) => {
        request.body ??= {}
        done()
      })
      messageRoutes(api, deps)
      batchRoutes(api, deps)
      checkRoutes(api, deps)
      findRoutes(api, deps)
      campaignRoutes(api, deps)
      failureRoutes(api, deps)
      jobRoutes(api, deps)
      rateLimitRoutes(api, deps)
      recipientRoutes(api, deps)
      optOutRoutes(api, deps)
      statsRoutes(api, deps)
      activityRoutes(api, deps)
      workerRoutes(api, deps)
      senderRoutes(api, deps)
      templateRoutes(api, deps)
      rateRoutes(api, deps)
      auditRoutes(api, deps.store)
      callerRoutes(api, deps)
      codeRoutes(api, deps.explain)
    }, { prefix: '/api/v1' })
    await app.register(async pages => {
      authenticateBrowser(pages, deps.callers)
      await dashboard(pages, deps)
    }, { prefix: '/admin/queues' })
    await app.register(serveConsole, { prefix: '/console' })
    await app.register(async (surface: Api) => {
      handleErrors(surface, deps.events, sendGraphError)
      acceptQueryToken(surface)
      await authenticate(surface, deps.callers)
      graphRoutes(surface, deps)
    })
  }
  await app.ready()
  return app
}

/**
 * A logger that is its own child. Fastify makes a child logger for each request, which costs time, and requests are logged by events only.
 */
function withoutChildren (logger: FastifyBaseLogger): FastifyBaseLogger {
  const childless: FastifyBaseLogger = Object.assign(Object.create(logger) as FastifyBaseLogger, { child: () => childless })
  return childless
}

/** Clients of the Graph API cannot parse problem documents. */
const sendError: SendError = (reply, error) => isGraphPath(reply.request.url) ? sendGraphError(reply, error) : sendProblem(reply, error)
