import type { Api, ApiDeps } from '../api.js'
import { getCaller as operation } from '../docs/caller.js'

/** Whose key this is and what it may do, for programs that show a person what they may. */
export function callerRoutes (api: Api, deps: ApiDeps): void {
  api.get('/caller', { config: { roles: ['send', 'read', 'admin'], operation } }, async ({ caller }) => ({ name: caller.name, role: caller.role, ...(deps.sandbox ? { sandbox: true } : {}) }))
}
