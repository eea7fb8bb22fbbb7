import { retryWorkerStatus, startRetries, stopRetries } from '../../failure/retry-worker.js'
import type { Api, ApiRoom } from '../api.js'

/** The retry worker of all nodes: its state, and stopping and starting it until told otherwise. */
export function workerRoutes (api: Api, room: ApiRoom): void {
  api.get('/workers/retry', { config: { roles: ['read', 'admin'] } }, async () => await retryWorkerStatus(room))

  api.post('/workers/retry/stop', { config: { roles: ['admin'] } }, async request => {
    await stopRetries(room, request.caller.name)
    return await retryWorkerStatus(room)
  })

  api.post('/workers/retry/start', { config: { roles: ['admin'] } }, async () => {
    await startRetries(room)
    return await retryWorkerStatus(room)
  })
}
