import { Type } from '@sinclair/typebox'
import { SluiceError } from '../../errors.js'
import type { CloseDeps } from '../../drain/close.js'
import { resumeTemplate } from '../../templates/poll.js'
import { listTemplates, readsOf, type TemplateState } from '../../templates/state.js'
import type { SenderRegistry } from '../../sender-registry.js'
import { formatTime } from '../../values/time.js'
import type { Api, ServedSenders } from '../api.js'
import { chooseSender } from '../api.js'
import type { AuditDeps } from './audit.js'
import { audit } from './audit.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { problems } from '../problem-responses.js'
import { sampleTime, SENDER } from '../samples.js'
import { count, listOf, oneOf, ref, text, textOrNull, timestamp, timestampOrNull } from '../schemas/common.js'

const SenderParamsSchema = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64, description: 'Phone number id of the sender' }) })

const named = {
  name: Type.String({ minLength: 1, maxLength: 512, pattern: '^\\S+$', description: 'Name of the template' }),
  language: Type.String({ minLength: 1, maxLength: 32, pattern: '^\\S+$', description: 'Code of its language; case and `-` or `_` do not matter' })
}
const ResumeTemplateSchema = Type.Object(named, { $id: 'ResumeTemplate', additionalProperties: false, description: 'A template in one language' })

const states: Record<TemplateState, string> = {
  paused: 'WhatsApp does not send it now: its messages wait until it is approved',
  checking: 'WhatsApp did not find it: its messages wait until its status is read, at most 90 seconds',
  releasing: 'it is approved, and its waiting messages return to their queues',
  rejected: 'WhatsApp has rejected, disabled or deleted it, or does not have it: its messages fail'
}

const TemplateSchema = Type.Object({
  name: text('Name of the template'),
  language: text('Code of its language, in lower case and with `_`'),
  state: oneOf(states, 'What that means for its messages'),
  code: text('WhatsApp\'s code or status'),
  since: timestamp('When that was found'),
  until: timestampOrNull('When it ends by itself; null if only WhatsApp or an operator ends it'),
  waiting: count('Messages that wait for it')
}, { $id: 'Template', description: 'A template that WhatsApp does not send now' })

const TemplatesSchema = Type.Object({
  account: textOrNull('WhatsApp Business account of the sender; null if none is configured, and then no template is known'),
  readAt: timestampOrNull('When the statuses of all its templates were last read; null for never'),
  failedWith: textOrNull('Why the last read failed; null if it did not'),
  templates: listOf([TemplateSchema], 'Templates that are not sent now, the longest blocked first')
}, { $id: 'Templates', description: 'The templates of a sender\'s account that WhatsApp does not send now' })

const template = {
  name: 'order_ready', language: 'en_us', state: 'paused', code: '132015', since: sampleTime('09:30:00.000'), until: null, waiting: 412
}
const params = { id: SENDER }
const one = { tags: ['Senders'], params: SenderParamsSchema }

const listTemplatesOperation = {
  ...one,
  operationId: 'listTemplates',
  summary: 'Lists the templates of a sender that WhatsApp does not send now',
  description: 'With `WHATSAPP_BUSINESS_ACCOUNT_ID`, or `accountId` of the sender. Templates that are not listed are sent.',
  response: {
    200: json('The templates', ref(TemplatesSchema), {
      examples: { paused: { account: '102290129340398', readAt: sampleTime('09:31:00.000'), failedWith: null, templates: [template] } }
    }),
    ...problems('INVALID_REQUEST', 'SENDER_UNKNOWN')
  },
  'x-requests': { one: { summary: 'The default sender', params } }
}

const resumeTemplateOperation = {
  ...one,
  operationId: 'resumeTemplate',
  summary: 'Sends the waiting messages of a template',
  description: 'For when its status cannot be read. If WhatsApp still rejects them, they wait again.',
  body: ResumeTemplateSchema,
  response: {
    200: json('The templates that are not sent now', ref(TemplatesSchema), {
      examples: { resumed: { account: '102290129340398', readAt: null, failedWith: '200', templates: [] } }
    }),
    ...problems('INVALID_REQUEST', 'SENDER_UNKNOWN', 'NOT_FOUND')
  },
  'x-requests': { one: { summary: 'A template', params, body: { name: 'order_ready', language: 'en_US' } } }
}

/** Templates that WhatsApp does not send now. */
export interface TemplateRouteDeps extends AuditDeps, CloseDeps { senders: ServedSenders & Pick<SenderRegistry, 'settingsOf'> }

export function templateRoutes (api: Api, deps: TemplateRouteDeps): void {
  addSchemas(api, ResumeTemplateSchema, TemplateSchema, TemplatesSchema)

  async function list (sender: string) {
    const account = deps.senders.settingsOf(sender)?.accountId ?? null
    const [templates, reads] = await Promise.all([
      listTemplates(deps.store, sender), account === null ? null : readsOf(deps.store, account)
    ])
    return {
      account,
      readAt: reads === null || reads.readMs === 0 ? null : formatTime(reads.readMs),
      failedWith: reads === null || reads.failures === 0 ? null : reads.code,
      templates: templates.map(({ since, until, ...one }) => ({ ...one, since: formatTime(since), until: until === null ? null : formatTime(until) }))
    }
  }

  api.get('/senders/:id/templates', { schema: listTemplatesOperation, config: { roles: ['read', 'admin'] } }, async request =>
    await list(chooseSender(deps.senders, request.params.id)))

  api.post('/senders/:id/templates/resume', { schema: resumeTemplateOperation, config: { roles: ['admin'] } }, async request => {
    const sender = chooseSender(deps.senders, request.params.id)
    const { name, language } = request.body
    if (!await resumeTemplate(deps, sender, { name, language })) {
      throw new SluiceError('NOT_FOUND', { field: 'name', detail: 'nothing stops this template in this language' })
    }
    await audit(deps, { by: request.caller.name, action: 'resume-template', sender, subject: `${name} ${language}` })
    return await list(sender)
  })
}
