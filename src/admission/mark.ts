import { hashTemplate, templateOf } from '../template-name.js'
import { isJsonObject } from '../values/json.js'
import type { AdmissionSettings, Request } from './admit.js'

/** What scripts look at before they send it: see lua/include/template.lua. */
export function markOf (settings: AdmissionSettings, request: Request, type: string): string {
  const mark = heldBy(settings, request, type)
  return request.campaign === undefined ? mark : `${mark}#${request.campaign}`
}

function heldBy (settings: AdmissionSettings, request: Request, type: string): string {
  const { message, otherwise, whenClosed } = request
  if (settings.windowCheck !== true || !needsWindow(request, type)) return outsideOf(settings, request, type, message)
  if (otherwise !== undefined) return `=o${outsideOf(settings, request, 'template', otherwise)}`
  return whenClosed === 'wait' ? '=w' : '=r'
}

/** The mark of what is sent outside of a window. Where its recipient counts for the daily limit it always has one. */
function outsideOf (settings: AdmissionSettings, request: Request, type: string, message: Request['message']): string {
  const hash = templateHash(settings, request.sender, type, message)
  if (hash !== '' || settings.countsFor?.(request.sender) !== true) return hash
  if (type === 'template') return '!'
  return needsWindow(request, type) ? '' : '=c'
}

function templateHash ({ accountOf }: AdmissionSettings, sender: string, type: string, message: Request['message']): string {
  if (type !== 'template' || (accountOf?.(sender) ?? null) === null) return ''
  const template = templateOf(type, message)
  return template === null ? '' : hashTemplate(template)
}

/** Types that WhatsApp surely accepts in an open window only. Of a reaction and of unknown types Meta does not say it: they pass. */
const TYPES = new Set(['text', 'image', 'video', 'audio', 'document', 'sticker', 'location', 'contacts', 'interactive'])

/**
 * Whether WhatsApp sends the message in an open window only. Templates are sent always, and so is a body with Meta's `category` (Direct Send). Groups
 * have no window.
 */
function needsWindow ({ message, edge, addressing }: Pick<Request, 'message' | 'edge' | 'addressing'>, type: string): boolean {
  if (!TYPES.has(type) || addressing === 'group' || edge === 'marketing_messages') return false
  if (typeof message === 'string') return true
  const content = isJsonObject(message[type]) ? message[type] : message
  return message['category'] === undefined && content['type'] !== 'call_permission_request'
}
