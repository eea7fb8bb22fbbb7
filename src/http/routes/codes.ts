import type { Api, ApiDeps } from '../api.js'
import { getCode as operation } from '../docs/caller.js'
import { CodeParamsSchema as params } from '../schemas/caller.js'

/** What an error code means and what to do about it, by the policy in force. */
export function codeRoutes (api: Api, { explain }: ApiDeps): void {
  api.get('/codes/:code', { schema: { params }, config: { roles: ['send', 'read', 'admin'], operation } }, async ({ params: { code } }) => ({ code, ...explain(code) }))
}
