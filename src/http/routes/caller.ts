import type { Api, ApiRoom } from '../api.js'
import { getCaller as operation } from '../docs/caller.js'

/** Whose key this is and what it may do, for programs that show a person what they may. */
export function callerRoutes (api: Api, room: ApiRoom): void {
  api.get('/caller', { config: { roles: ['send', 'read', 'admin'], operation } }, async ({ caller }) => ({ name: caller.name, role: caller.role, ...(room.sandbox ? { sandbox: true } : {}) }))
}
