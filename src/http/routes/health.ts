import { Type } from '@sinclair/typebox'
import { SluiceError } from '../../errors.js'
import type { Store } from '../../redis/store.js'
import type { Api } from '../api.js'
import { addSchemas } from '../openapi.js'
import { json, plainText } from '../operation.js'
import { problems } from '../problem-responses.js'
import { ref } from '../schemas/common.js'

const HealthSchema = Type.Object({
  status: Type.Unsafe<'ok'>({ type: 'string', const: 'ok', description: 'The node is healthy' })
}, { $id: 'Health', description: 'A healthy node' })

const healthy = (description: string) => json(description, ref(HealthSchema), { examples: { ok: { status: 'ok' } } })

const getLive = {
  operationId: 'getLive',
  tags: ['Health'],
  summary: 'Liveness: the process responds',
  response: { 200: healthy('Alive') }
}
const getReady = {
  operationId: 'getReady',
  tags: ['Health'],
  summary: 'Readiness: Redis accepts new messages, and the node is not shutting down',
  response: { 200: healthy('Ready'), ...problems('UNAVAILABLE', 'SHUTTING_DOWN') }
}

const ok = { status: 'ok' as const }

export function healthRoutes (app: Api, deps: { store: Store, closing: AbortSignal }): void {
  addSchemas(app, HealthSchema)

  app.get('/health/live', { schema: getLive }, async () => ok)

  app.get('/health/ready', { schema: getReady }, async () => {
    if (deps.closing.aborted) throw new SluiceError('SHUTTING_DOWN', { retryAfterMs: 1000 })
    try {
      await deps.store.probe()
      return ok
    } catch (cause) {
      if (cause instanceof SluiceError) throw cause
      throw new SluiceError('UNAVAILABLE', { detail: 'Redis does not respond or does not accept writes', retryAfterMs: 1000, cause })
    }
  })
}

const example = `# HELP sluice_redis_up 1 if Redis responded to this node's last reading
# TYPE sluice_redis_up gauge
sluice_redis_up 1
`

const getMetrics = {
  operationId: 'getMetrics',
  tags: ['Counts'],
  summary: 'Metrics of this node and of the whole system, for Prometheus',
  description: 'Served by every node, in each role. While Redis is unavailable, the metrics of the whole system are missing.',
  response: { 200: plainText('The text format of Prometheus, version 0.0.4', example) }
}

/** `scrape` never fails. */
export function metricsRoute (app: Api, scrape: () => Promise<string>): void {
  app.get('/metrics', { schema: getMetrics }, async (_, reply) => {
    reply.type('text/plain; version=0.0.4; charset=utf-8')
    return await scrape()
  })
}
