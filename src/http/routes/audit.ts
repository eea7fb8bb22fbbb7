import { listAudit } from '../audit.js'
import type { Api, ApiDeps } from '../api.js'
import { listAudit as operation } from '../docs/operators.js'
import { AuditQuerySchema as querystring } from '../schemas/audit.js'

/** Who retried, cancelled, acknowledged, cleared, paused and changed what. */
export function auditRoutes (api: Api, deps: ApiDeps): void {
  api.get('/audit', { schema: { querystring }, config: { roles: ['admin'], operation } }, async request => ({ entries: await listAudit(deps.store, request.query.limit) }))
}
