import { Type } from '@sinclair/typebox'
import type { Bus, Events } from '../../events.js'
import { AUDIT_CAP, globalKey } from '../../redis/keys.js'
import type { Store } from '../../redis/store.js'
import { formatTime } from '../../values/time.js'
import type { Api } from '../api.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { problems } from '../problem-responses.js'
import { sampleTime, ID, SENDER } from '../samples.js'
import { defaulted, listOf, oneOf, ref, text, timestamp } from '../schemas/common.js'

const AuditQuerySchema = Type.Object({
  limit: defaulted(Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'Maximum number of entries' }))
}, { additionalProperties: false })

const actions: Record<AuditEntry['action'], string> = {
  cancel: 'cancelled a message',
  move: 'moved a message to another lane, time or end of its life',
  retry: 'retried failures',
  acknowledge: 'acknowledged failures',
  clear: 'reset the rate limit of a recipient',
  erase: 'erased the data of a recipient',
  pause: 'paused a sender',
  resume: 'resumed a sender',
  quota: 'changed the rules of a sender',
  'opt-out': 'recorded that a recipient opted out of marketing',
  'set-rate': 'set or removed the rate of a template or a category',
  'resume-template': 'sent the waiting messages of a template',
  'opt-in': 'recorded that a recipient opted in to marketing again',
  'stop-retries': 'stopped the retry worker',
  'start-retries': 'started the retry worker',
  'create-campaign': 'created a campaign',
  'plan-campaign': 'changed the plan of a campaign',
  'pause-campaign': 'paused a campaign',
  'resume-campaign': 'resumed a campaign',
  'cancel-campaign': 'cancelled a campaign',
  'retry-campaign': 'retried the FAILED messages of a campaign',
  'bulk-cancel': 'cancelled the messages that match a filter',
  'bulk-retry': 'retried the failures that match a filter',
  'bulk-move': 'moved the messages that match a filter',
  'bulk-acknowledge': 'acknowledged the failures that match a filter',
  'stop-job': 'stopped a bulk job'
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

const entry = { at: sampleTime('09:30:00.000'), by: 'operator', action: 'retry', sender: SENDER, subject: ID, detail: 'succeeded' }

const getAudit = {
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

export function auditRoutes (api: Api, store: Store): void {
  addSchemas(api, AuditEntrySchema, AuditSchema)

  api.get('/audit', { schema: getAudit, config: { roles: ['admin'] } }, async request =>
    ({ entries: await listAudit(store, request.query.limit) }))
}

export interface AuditDeps { store: Store, events: Bus }

export type AuditEntry = Events['operator.action'][0]

/** Records an operator's action: as an event for the log, and in a capped stream for `GET /audit`. */
export async function audit ({ store, events }: AuditDeps, entry: AuditEntry): Promise<void> {
  events.emit('operator.action', entry)
  const { redis, prefix } = store
  const fields = Object.entries(entry).flatMap(([name, value]) => [name, String(value)])
  try {
    await redis.xadd(globalKey(prefix, 'audit'), 'MAXLEN', '~', AUDIT_CAP, '*', ...fields)
  } catch (error) {
    // The action itself is done, and the log has it.
    events.emit('unexpected-error', { location: 'audit', error })
  }
}

/** The latest entries, newest first. */
export async function listAudit (store: Store, limit: number): Promise<Array<AuditEntry & { at: string }>> {
  const entries = await store.redis.xrevrange(globalKey(store.prefix, 'audit'), '+', '-', 'COUNT', limit)
  return entries.map(([id, fields]) => {
    const pairs = Array.from({ length: fields.length / 2 }, (_, i) => [fields[2 * i], fields[2 * i + 1]])
    return { at: formatTime(Number(id.split('-')[0])), ...Object.fromEntries(pairs) as AuditEntry }
  })
}
