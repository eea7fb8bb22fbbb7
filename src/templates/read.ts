import { readTemplateName, spellTemplate } from '../template-name.js'
import { isJsonObject } from '../values/json.js'

/** One page of `GET /<account id>/message_templates`. `next`: cursor of the next page; null for the last one. */
export interface TemplatePage { statuses: Array<[template: string, status: string]>, next: string | null }

/**
 * Reads a page of Meta's list of templates. Every member may be missing: what cannot be read is left out. Null for anything but a page. A cursor is
 * read and not Meta's `paging.next`: the request with the token goes to the configured address only.
 */
export function readPage (text: string): TemplatePage | null {
  const body = parse(text)
  if (!isJsonObject(body) || !Array.isArray(body['data'])) return null
  const paging = isJsonObject(body['paging']) ? body['paging'] : {}
  const cursors = isJsonObject(paging['cursors']) ? paging['cursors'] : {}
  const after = cursors['after']
  return {
    statuses: body['data'].flatMap(readTemplate),
    next: typeof paging['next'] === 'string' && typeof after === 'string' && after !== '' ? after : null
  }
}

/** The status in capitals: one of Meta's pages spells `paused`. */
function readTemplate (entry: unknown): Array<[string, string]> {
  if (!isJsonObject(entry)) return []
  const { name, language, status } = entry
  const template = readTemplateName(name, language)
  return template === null || typeof status !== 'string' || !/^\w{1,40}$/.test(status) ? [] : [[spellTemplate(template), status.toUpperCase()]]
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
