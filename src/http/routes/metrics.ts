import type { FastifyInstance } from 'fastify'
import { getMetrics } from '../docs/metrics.js'

/** The metrics of this node and of the whole system as text, for Prometheus. `scrape` never fails. */
export function metricsRoute (app: FastifyInstance, scrape: () => Promise<string>): void {
  app.get('/metrics', { config: { operation: getMetrics } }, async (_, reply) => {
    reply.type('text/plain; version=0.0.4; charset=utf-8')
    return await scrape()
  })
}
