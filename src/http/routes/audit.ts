import { Type } from '@sinclair/typebox'
import { listActs } from '../act.js'
import type { Api, ApiRoom } from '../api.js'

const querystring = Type.Object({ limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }) }, { additionalProperties: false })

/** Who retried, cancelled, acknowledged, cleared, paused and changed what. */
export function auditRoutes (api: Api, room: ApiRoom): void {
  api.get('/audit', { schema: { querystring }, config: { roles: ['admin'] } }, async request => ({ acts: await listActs(room.store, request.query.limit) }))
}
