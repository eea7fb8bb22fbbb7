import type { Api } from '../api.js'
import { plainText } from '../operation.js'

const example = `# HELP sluice_redis_up 1 if Redis answered this node's last reading
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
