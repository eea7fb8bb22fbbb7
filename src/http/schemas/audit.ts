import { Type } from '@sinclair/typebox'
import type { AuditEntry } from '../audit.js'
import { listOf, moment, oneOf, text } from './common.js'

export const AuditQuerySchema = Type.Object({ limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'How many at most' }) }, { additionalProperties: false })

const actions: Record<AuditEntry['action'], string> = {
  cancel: 'took a message out',
  retry: 'retried failures',
  acknowledge: 'acknowledged failures',
  clear: 'had a recipient\'s pace forgotten',
  erase: 'erased what was held about a recipient',
  pause: 'paused a sender',
  resume: 'opened a sender',
  quota: 'changed a sender\'s rules',
  'opt-out': 'noted that a recipient wants no marketing',
  'opt-in': 'noted that a recipient wants marketing again',
  'stop-retries': 'stopped the retry worker',
  'start-retries': 'started the retry worker'
}

export const AuditEntrySchema = Type.Object({
  at: moment('When'),
  by: text('The API key'),
  action: oneOf(actions, 'What'),
  sender: text('The sender; `*` for all'),
  subject: text('What it was done to; never a recipient in full'),
  detail: Type.Optional(text('How'))
}, { $id: 'AuditEntry', description: 'One action of an operator' })

export const AuditSchema = Type.Object({ entries: listOf(AuditEntrySchema, 'Newest first') }, { $id: 'Audit', description: 'The audit trail' })
