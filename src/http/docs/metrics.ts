import type { Operation } from './operation.js'

export const getMetrics: Operation = {
  id: 'getMetrics',
  tag: 'Counts',
  summary: 'The metrics of this node and of the whole system, for Prometheus',
  description: 'Served by every node, whatever its role. Where Redis is away the metrics of the whole system are left out.',
  open: true,
  examples: {},
  answers: { 200: { is: 'The text format of Prometheus, version 0.0.4', text: { type: 'text/plain', example: '# HELP sluice_redis_up 1 if Redis answered this node\'s last reading\n# TYPE sluice_redis_up gauge\nsluice_redis_up 1\n' } } }
}
