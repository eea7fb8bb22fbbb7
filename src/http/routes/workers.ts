import { Type } from '@sinclair/typebox'
import type { RetryWorkerStatus } from '../../failure/retry-worker.js'
import { retryWorkerStatus, startRetries, stopRetries } from '../../failure/retry-worker.js'
import type { Api } from '../api.js'
import type { AuditDeps } from './audit.js'
import { audit } from './audit.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { sampleTime } from '../samples.js'
import { count, flag, ref, refOrNull, textOrNull, timestampOrNull } from '../schemas/common.js'
import { RetryCountsSchema } from '../schemas/failure.js'

export const RetryWorkerStatusSchema = Type.Object({
  isRunning: flag('It is not stopped, and at least one node is alive to run it'),
  intervalMs: count('How often it looks for due failures'),
  lastRunAt: timestampOrNull('When it last ran'),
  lastResult: refOrNull(RetryCountsSchema, 'The counts of its last run'),
  nextRunAt: timestampOrNull('When it runs next; null while it does not run'),
  stoppedBy: textOrNull('The API key that stopped it')
}, { $id: 'RetryWorkerStatus', description: 'The retry worker of all nodes' })

const running = {
  isRunning: true,
  intervalMs: 120_000,
  lastRunAt: sampleTime('09:30:00.000'),
  lastResult: { total: 3, succeeded: 2, failed: 1, permanentlyFailed: 0, deferred: 0 },
  nextRunAt: sampleTime('09:32:00.000'),
  stoppedBy: null
}
const status = (description: string, examples: Record<string, object>) => ({ 200: json(description, ref(RetryWorkerStatusSchema), { examples }) })

const getRetryWorker = {
  operationId: 'getRetryWorker',
  tags: ['Retry worker'],
  summary: 'Returns whether the retry worker runs, and the result of its last run',
  response: status('The retry worker of all nodes', { running })
}
const stopRetryWorker = {
  operationId: 'stopRetryWorker',
  tags: ['Retry worker'],
  summary: 'Stops the retry worker on all nodes, until it is started again',
  response: status('Stopped', { stopped: { ...running, isRunning: false, nextRunAt: null, stoppedBy: 'operator' } })
}
const startRetryWorker = {
  operationId: 'startRetryWorker',
  tags: ['Retry worker'],
  summary: 'Starts the retry worker on all nodes',
  response: status('Started', { running })
}

export interface WorkerRouteDeps extends AuditDeps { retryIntervalMs: number }

export function workerRoutes (api: Api, deps: WorkerRouteDeps): void {
  addSchemas(api, RetryWorkerStatusSchema)

  const status = async (): Promise<RetryWorkerStatus> => await retryWorkerStatus(deps.store, deps.retryIntervalMs)
  api.get('/workers/retry', { schema: getRetryWorker, config: { roles: ['read', 'admin'] } }, status)

  api.post('/workers/retry/stop', { schema: stopRetryWorker, config: { roles: ['admin'] } }, async request => {
    await stopRetries(deps.store, request.caller.name)
    await audit(deps, { by: request.caller.name, action: 'stop-retries', sender: '*', subject: 'retry worker' })
    return await status()
  })

  api.post('/workers/retry/start', { schema: startRetryWorker, config: { roles: ['admin'] } }, async request => {
    await startRetries(deps.store)
    await audit(deps, { by: request.caller.name, action: 'start-retries', sender: '*', subject: 'retry worker' })
    return await status()
  })
}
