import { listActs } from '../act.js'
import type { Api, ApiRoom } from '../api.js'
import { listActs as operation } from '../docs/operators.js'
import { AuditQuerySchema as querystring } from '../schemas/audit.js'

/** Who retried, cancelled, acknowledged, cleared, paused and changed what. */
export function auditRoutes (api: Api, room: ApiRoom): void {
  api.get('/audit', { schema: { querystring }, config: { roles: ['admin'], operation } }, async request => ({ acts: await listActs(room.store, request.query.limit) }))
}
