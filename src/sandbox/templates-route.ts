import type { IncomingMessage, ServerResponse } from 'node:http'
import { applyFault, checkAccess, withoutCode, type Decision } from './decide.js'
import { sendReply } from './http.js'
import { tokenOf } from './messages-route.js'
import { errorReply } from './responses.js'
import type { State } from './state.js'
import type { Template } from './templates.js'

/** The account of `/{version?}/{account}/message_templates`; null for any other path. */
export function matchTemplatesPath (path: string): string | null {
  return /^\/(?:v\d+(?:\.\d+)?\/)?(\d+)\/message_templates$/.exec(path)?.[1] ?? null
}

/** Handles `GET` of an account's templates. */
export function handleTemplates (state: State, account: string, request: IncomingMessage, response: ServerResponse): void {
  const query = new URLSearchParams((request.url ?? '').split('?', 2)[1])
  const denied = checkAccess({ ...state, settings: { ...state.settings, phoneNumberIds: null } }, { sender: account, token: tokenOf(request) })
  const serve = (): Decision => ({ ...withoutCode('acknowledged'), reply: page(state.templates.list(), query) })
  const fault = state.faults.takeOfNode(account)
  const { reply, delayMs } = denied !== null ? { ...denied, delayMs: 0 } : fault === null ? serve() : applyFault(fault, serve)
  sendReply(response, reply, state.settings.latencyMs + delayMs)
}

/** A page in Meta's form. A cursor is the position of the next template. */
function page (all: Template[], query: URLSearchParams): Decision['reply'] {
  const listed = all.filter(({ missing }) => !missing)
  const after = Buffer.from(query.get('after') ?? '', 'base64url').toString()
  const from = after === '' ? 0 : Number(after)
  const limit = Number(query.get('limit') ?? 25)
  if (!Number.isInteger(from) || from > listed.length) return errorReply(131059, { details: 'The cursor is no longer valid' })
  if (!Number.isInteger(limit) || limit < 1) return errorReply(100, { details: 'Param limit must be a positive integer' })
  const fields = (query.get('fields') ?? 'name,language,status,category').split(',')
  const data = listed.slice(from, from + limit).map((template, i) => {
    const node: Record<string, unknown> = {
      id: String(1000 + from + i), name: template.name, language: template.language, status: template.status, category: 'UTILITY'
    }
    return Object.fromEntries(Object.entries(node).filter(([name]) => name === 'id' || fields.includes(name)))
  })
  const cursor = (at: number): string => Buffer.from(String(at)).toString('base64url')
  const isLast = from + limit >= listed.length
  const paging = {
    cursors: { before: cursor(from), after: cursor(from + data.length) }, ...(isLast ? {} : { next: 'https://graph.facebook.com/next' })
  }
  return { kind: 'json', httpStatus: 200, body: { data, ...(data.length === 0 ? {} : { paging }) } }
}
