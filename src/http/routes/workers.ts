import { retryWorkerStatus, startRetries, stopRetries } from '../../failure/retry-worker.js'
import { audit } from '../audit.js'
import type { Api, ApiDeps } from '../api.js'
import { getRetryWorker, startRetryWorker, stopRetryWorker } from '../docs/operators.js'

/** The retry worker of all nodes: its state, and stopping and starting it until told otherwise. */
export function workerRoutes (api: Api, deps: ApiDeps): void {
  api.get('/workers/retry', { config: { roles: ['read', 'admin'], operation: getRetryWorker } }, async () => await retryWorkerStatus(deps))

  api.post('/workers/retry/stop', { config: { roles: ['admin'], operation: stopRetryWorker } }, async request => {
    await stopRetries(deps, request.caller.name)
    await audit(deps, { by: request.caller.name, action: 'stop-retries', sender: '*', subject: 'retry worker' })
    return await retryWorkerStatus(deps)
  })

  api.post('/workers/retry/start', { config: { roles: ['admin'], operation: startRetryWorker } }, async request => {
    await startRetries(deps)
    await audit(deps, { by: request.caller.name, action: 'start-retries', sender: '*', subject: 'retry worker' })
    return await retryWorkerStatus(deps)
  })
}
