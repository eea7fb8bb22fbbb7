import { retryWorkerStatus, startRetries, stopRetries } from '../../failure/retry-worker.js'
import { act } from '../act.js'
import type { Api, ApiRoom } from '../api.js'
import { getRetryWorker, startRetryWorker, stopRetryWorker } from '../docs/operators.js'

/** The retry worker of all nodes: its state, and stopping and starting it until told otherwise. */
export function workerRoutes (api: Api, room: ApiRoom): void {
  api.get('/workers/retry', { config: { roles: ['read', 'admin'], operation: getRetryWorker } }, async () => await retryWorkerStatus(room))

  api.post('/workers/retry/stop', { config: { roles: ['admin'], operation: stopRetryWorker } }, async request => {
    await stopRetries(room, request.caller.name)
    await act(room, { by: request.caller.name, act: 'stop-retries', sender: '*', subject: 'retry worker' })
    return await retryWorkerStatus(room)
  })

  api.post('/workers/retry/start', { config: { roles: ['admin'], operation: startRetryWorker } }, async request => {
    await startRetries(room)
    await act(room, { by: request.caller.name, act: 'start-retries', sender: '*', subject: 'retry worker' })
    return await retryWorkerStatus(room)
  })
}
