import { SluiceError } from '../../errors.js'
import { listFailures } from '../../failure/list.js'
import { retryFailures, retryOne } from '../../failure/retry.js'
import { parseId } from '../../redis/keys.js'
import type { Api, ApiRoom } from '../api.js'
import { chooseSender } from '../api.js'
import { FailureParamsSchema, ListFailuresSchema, RetryFailuresSchema } from '../schemas/failure.js'

/** Delivery failures: what waits for a retry, what was given up, and trying again by hand. */
export function failureRoutes (api: Api, room: ApiRoom): void {
  api.get('/failures', { schema: { querystring: ListFailuresSchema }, config: { roles: ['read', 'admin'] } }, async request => {
    const { sender, ...filter } = request.query
    return await listFailures(room, chooseSender(room, sender), filter)
  })

  api.post('/failures/retry', { schema: { body: RetryFailuresSchema }, config: { roles: ['admin'] } }, async request => {
    const { limit, force, sender } = request.body
    return await retryFailures(room, chooseSender(room, sender), { limit, force, by: request.caller.name })
  })

  api.post('/failures/:id/retry', { schema: { params: FailureParamsSchema }, config: { roles: ['admin'] } }, async request => {
    const parts = parseId(request.params.id)
    if (parts === null) throw new SluiceError('NOT_FOUND', { field: 'id' })
    const became = await retryOne(room, chooseSender(room, parts.sender), parts.id, true, request.caller.name)
    if (became === 'gone') throw new SluiceError('NOT_RETRYABLE', { detail: 'it is no failure, or it is already on its way', field: 'id' })
    return { total: 1, succeeded: 0, failed: 0, permanentlyFailed: 0, deferred: 0, [became]: 1 }
  })
}
