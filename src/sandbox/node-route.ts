import type { IncomingMessage, ServerResponse } from 'node:http'
import { applyFault, checkAccess, withoutCode, type Decision } from './decide.js'
import { sendReply } from './http.js'
import { healthOf } from './health.js'
import { tokenOf } from './messages-route.js'
import { errorReply } from './responses.js'
import type { State } from './state.js'

type NodeReply = Pick<Decision, 'reply' | 'delayMs'>

const PATH = /^\/(?:v\d+(?:\.\d+)?\/)?([A-Za-z0-9_-]+)$/
const STANDARD_PER_SECOND = 80
const DEFAULT_FIELDS = ['verified_name', 'display_phone_number', 'quality_rating']

/** The phone number id of `/{version?}/{phone-number-id}`; null for any other path. */
export function matchNodePath (path: string): string | null {
  return PATH.exec(path)?.[1] ?? null
}

/** Handles `GET` of a phone number's node. It leaves no record: those are of messages. */
export function handleNode (state: State, sender: string, request: IncomingMessage, response: ServerResponse): void {
  const fields = new URLSearchParams((request.url ?? '').split('?', 2)[1]).get('fields') ?? ''
  const { reply, delayMs } = decide(state, sender, tokenOf(request), fields.split(',').filter(name => name !== ''))
  sendReply(response, reply, state.settings.latencyMs + delayMs)
}

function decide (state: State, sender: string, token: string | null, fields: string[]): NodeReply {
  const denied = checkAccess(state, { sender, token })
  if (denied !== null) return { reply: denied.reply, delayMs: 0 }
  const fault = state.faults.takeOfNode(sender)
  const serve = (): Decision => ({ ...withoutCode('acknowledged'), reply: describe(sender, fields, state.settings) })
  return fault === null ? serve() : applyFault(fault, serve)
}

/** The fields of a number that has no problem. One unknown field fails the whole request. */
function describe (sender: string, fields: string[], settings: State['settings']): Decision['reply'] {
  const { throughputLevel, throughputPerSecond, isOnBizApp, messagingLimit } = settings
  const all: Record<string, unknown> = {
    id: sender,
    display_phone_number: `+1 555-${sender.replace(/\D/g, '').slice(-7).padStart(7, '0')}`,
    verified_name: 'Sandbox',
    quality_rating: 'GREEN',
    status: 'CONNECTED',
    name_status: 'APPROVED',
    code_verification_status: 'VERIFIED',
    account_mode: 'SANDBOX',
    platform_type: 'CLOUD_API',
    throughput: { level: throughputLevel ?? ((throughputPerSecond ?? Infinity) > STANDARD_PER_SECOND ? 'HIGH' : 'STANDARD') },
    is_on_biz_app: isOnBizApp,
    whatsapp_business_manager_messaging_limit: messagingLimit,
    health_status: healthOf(sender, settings)
  }
  const unknown = fields.find(name => !Object.hasOwn(all, name))
  if (unknown !== undefined) return errorReply(100, { details: `Tried accessing nonexisting field (${unknown})` })
  const names = new Set([...fields.length === 0 ? DEFAULT_FIELDS : fields, 'id'])
  return { kind: 'json', httpStatus: 200, body: Object.fromEntries([...names].map(name => [name, all[name]])) }
}
