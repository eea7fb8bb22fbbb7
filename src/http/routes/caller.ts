import { Type } from '@sinclair/typebox'
import type { Role } from '../../callers.js'
import type { Api } from '../api.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { oneOf, ref, sandboxFlag, text } from '../schemas/common.js'

const roles: Record<Role, string> = { send: 'posts, and reads and cancels its own messages', read: 'reads everything', admin: 'may do everything' }

const CallerSchema = Type.Object({
  name: text('The name of the key'),
  role: oneOf(roles, 'What the key permits'),
  sandbox: sandboxFlag
}, { $id: 'Caller', description: 'The API key of the caller' })

const getCaller = {
  operationId: 'getCaller',
  tags: ['Keys'],
  summary: 'Returns name and role of the caller\'s API key',
  description: 'Without API keys every caller is `anonymous`, an admin.',
  response: { 200: json('The caller', ref(CallerSchema), { examples: { operator: { name: 'operator', role: 'admin' } } }) },
  'x-requests': { own: { summary: 'My own key' } }
}

/** Lets a user interface offer only what the key permits. */
export function callerRoutes (api: Api, { sandbox }: { sandbox: boolean }): void {
  addSchemas(api, CallerSchema)

  api.get('/caller', { schema: getCaller, config: { roles: ['send', 'read', 'admin'] } }, async ({ caller }) =>
    ({ name: caller.name, role: caller.role, ...(sandbox ? { sandbox: true } : {}) }))
}
