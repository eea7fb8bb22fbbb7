import { Type } from '@sinclair/typebox'
import type { Api, ApiDeps } from '../api.js'
import type { AuditEntry } from '../audit.js'
import { listAudit as readAudit } from '../audit.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { problems } from '../problem-responses.js'
import { at, ID, SENDER } from '../samples.js'
import { defaulted, listOf, oneOf, ref, text, timestamp } from '../schemas/common.js'

const AuditQuerySchema = Type.Object({
  limit: defaulted(Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'Maximum number of entries' }))
}, { additionalProperties: false })

const actions: Record<AuditEntry['action'], string> = {
  cancel: 'cancelled a message',
  retry: 'retried failures',
  acknowledge: 'acknowledged failures',
  clear: 'reset the rate limit of a recipient',
  erase: 'erased the data of a recipient',
  pause: 'paused a sender',
  resume: 'resumed a sender',
  quota: 'changed the rules of a sender',
  'opt-out': 'recorded that a recipient opted out of marketing',
  'opt-in': 'recorded that a recipient opted in to marketing again',
  'stop-retries': 'stopped the retry worker',
  'start-retries': 'started the retry worker'
}

const AuditEntrySchema = Type.Object({
  at: timestamp('When it was done'),
  by: text('The API key of the operator'),
  action: oneOf(actions, 'What was done'),
  sender: text('The sender; `*` for all'),
  subject: text('What it was done to; never a recipient in full'),
  detail: Type.Optional(text('Details'))
}, { $id: 'AuditEntry', description: 'One action of an operator' })

const AuditSchema = Type.Object({ entries: listOf([AuditEntrySchema], 'Newest first') }, { $id: 'Audit', description: 'The audit trail' })

const entry = { at: at('09:30:00.000'), by: 'operator', action: 'retry', sender: SENDER, subject: ID, detail: 'succeeded' }

const listAudit = {
  operationId: 'listAudit',
  tags: ['Audit'],
  summary: 'Lists the actions of operators: retries, cancellations, pauses and other changes',
  querystring: AuditQuerySchema,
  response: {
    200: json('The audit trail, newest first', ref(AuditSchema), { examples: { one: { entries: [entry] } } }),
    ...problems('INVALID_REQUEST')
  },
  'x-requests': { latest: { summary: 'The latest ten', query: { limit: '10' } } }
}

export function auditRoutes (api: Api, deps: ApiDeps): void {
  addSchemas(api, AuditEntrySchema, AuditSchema)

  api.get('/audit', { schema: listAudit, config: { roles: ['admin'] } }, async request =>
    ({ entries: await readAudit(deps.store, request.query.limit) }))
}
