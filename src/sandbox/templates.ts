import { Type, type Static } from '@sinclair/typebox'
import { createParser } from './json.js'

const TemplateSchema = Type.Object({
  name: Type.String({ pattern: '^[a-z0-9_]{1,512}$' }),
  language: Type.String({ pattern: '^[A-Za-z_-]{2,10}$', default: 'en_US' }),
  /** As in Meta's list. A template that is not set here has none, and is accepted. */
  status: Type.Union(['APPROVED', 'PAUSED', 'DISABLED', 'REJECTED', 'PENDING', 'IN_APPEAL', 'LIMIT_EXCEEDED', 'ARCHIVED', 'PENDING_DELETION']
    .map(status => Type.Literal(status))),
  /** It does not exist: it is not listed, and rejected with 132001. */
  missing: Type.Boolean({ default: false }),
  /** Messages are accepted with `held_for_quality_assessment`. */
  held: Type.Boolean({ default: false })
}, { additionalProperties: false })

export type Template = Static<typeof TemplateSchema>

/** Reads the body of `PUT /_sandbox/templates`. */
export const parseTemplate = createParser('template', TemplateSchema)

/** The templates of the sandbox's one account, in every language. */
export interface Templates {
  set: (template: Template) => void
  /** Undefined for a template that was not set. */
  find: (name: string, language: string) => Template | undefined
  list: () => Template[]
  clear: () => void
}

export function createTemplates (): Templates {
  const templates = new Map<string, Template>()
  return {
    set (template) { templates.set(`${template.name} ${template.language}`, template) },
    find: (name, language) => templates.get(`${name} ${language}`),
    list: () => [...templates.values()],
    clear () { templates.clear() }
  }
}

/** The code with which Meta rejects a message of the template; null if it accepts it. Meta, "Error codes" and "Template pausing". */
export function codeOfTemplate (template: Template | undefined): 132001 | 132015 | 132016 | null {
  if (template === undefined) return null
  if (template.missing) return 132001
  switch (template.status) {
    case 'APPROVED': return null
    case 'PAUSED': return 132015
    case 'DISABLED': return 132016
    default: return 132001
  }
}

/** The webhook that Meta posts when the status of a template changes. It writes the language otherwise than in the list. */
export function statusUpdate (account: string, { name, language, status }: Template): unknown {
  const value = {
    event: status,
    message_template_id: 1689556908129832,
    message_template_name: name,
    message_template_language: language.replace('_', '-'),
    reason: 'NONE'
  }
  const entry = { id: account, time: Math.floor(Date.now() / 1000), changes: [{ field: 'message_template_status_update', value }] }
  return { object: 'whatsapp_business_account', entry: [entry] }
}
