import { SluiceError } from '../../errors.js'
import { acknowledge, acknowledgeAll } from '../../failure/acknowledge.js'
import { listFailures } from '../../failure/list.js'
import { retryFailures, retryOne } from '../../failure/retry.js'
import { parseId } from '../../redis/keys.js'
import { audit } from '../audit.js'
import type { Api, ApiDeps } from '../api.js'
import { chooseSender } from '../api.js'
import * as docs from '../docs/failures.js'
import { AcknowledgeAllSchema, AcknowledgeSchema, FailureParamsSchema, ListFailuresSchema, RetryFailuresSchema } from '../schemas/failure.js'

/** Delivery failures: what waits for a retry, what was given up, and trying again by hand. */
export function failureRoutes (api: Api, deps: ApiDeps): void {
  api.get('/failures', { schema: { querystring: ListFailuresSchema }, config: { roles: ['read', 'admin'], operation: docs.listFailures } }, async request => {
    const { sender, ...filter } = request.query
    return await listFailures(deps, chooseSender(deps, sender), filter)
  })

  api.post('/failures/retry', { schema: { body: RetryFailuresSchema }, config: { roles: ['admin'], operation: docs.retryFailures } }, async request => {
    const { limit, force, sender } = request.body
    const named = chooseSender(deps, sender)
    const counts = await retryFailures(deps, named, { limit, force, by: request.caller.name })
    await audit(deps, { by: request.caller.name, action: 'retry', sender: named, subject: `${counts.total} failures`, ...(force ? { detail: 'forced' } : {}) })
    return counts
  })

  api.post('/failures/:id/retry', { schema: { params: FailureParamsSchema }, config: { roles: ['admin'], operation: docs.retryFailure } }, async request => {
    const { sender, id } = find(deps, request.params.id)
    const became = await retryOne(deps, sender, id, { force: true, by: request.caller.name })
    if (became === 'gone') throw new SluiceError('NOT_RETRYABLE', { detail: 'it is no failure, or it is already on its way', field: 'id' })
    await audit(deps, { by: request.caller.name, action: 'retry', sender, subject: request.params.id, detail: became })
    return { total: 1, succeeded: 0, failed: 0, permanentlyFailed: 0, deferred: 0, [became]: 1 }
  })

  api.post('/failures/:id/acknowledge', { schema: { params: FailureParamsSchema, body: AcknowledgeSchema }, config: { roles: ['admin'], operation: docs.acknowledgeFailure } }, async request => {
    const { sender, id } = find(deps, request.params.id)
    const { note } = request.body
    if (!await acknowledge(deps.store, sender, id, request.caller.name, note)) throw new SluiceError('NOT_FOUND', { detail: 'it is no failure that is pending or failed', field: 'id' })
    await audit(deps, { by: request.caller.name, action: 'acknowledge', sender, subject: request.params.id, ...(note === undefined ? {} : { detail: note }) })
    return { id: request.params.id, acknowledgedBy: request.caller.name }
  })

  api.post('/failures/acknowledge', { schema: { body: AcknowledgeAllSchema }, config: { roles: ['admin'], operation: docs.acknowledgeFailures } }, async request => {
    const { sender, note, ...filter } = request.body
    const named = chooseSender(deps, sender)
    const done = await acknowledgeAll(deps, named, filter, request.caller.name, note)
    await audit(deps, { by: request.caller.name, action: 'acknowledge', sender: named, subject: `${done.acknowledged} failures`, ...(note === undefined ? {} : { detail: note }) })
    return done
  })
}

function find (deps: ApiDeps, name: string): { sender: string, id: string } {
  const parts = parseId(name)
  if (parts === null) throw new SluiceError('NOT_FOUND', { field: 'id' })
  return { sender: chooseSender(deps, parts.sender), id: parts.id }
}
