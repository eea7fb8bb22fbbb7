import type { Request } from '../admission/admit.js'
import { SluiceError } from '../errors.js'
import type { ApiDeps } from './api.js'
import { acceptingSender } from './api.js'
import type { PostMessage } from './schemas/message.js'

/** What else than the body a request says about its message. */
export interface Manner {
  caller: string
  requestId: string
  /** The header `Idempotency-Key`. */
  key?: string
  /** Never send within the request. */
  async: boolean
}

/** Does `Prefer: respond-async` stand in these headers? */
export function prefersAsync (prefer: string | string[] | undefined): boolean {
  return /(^|[\s,;])respond-async($|[\s,;])/i.test(String(prefer ?? ''))
}

/** A checked body as a request to admission. Throws on what no schema can see. */
export function toRequest (deps: ApiDeps, body: PostMessage, manner: Manner): Request {
  const whenLimited = body.whenLimited ?? 'wait'
  if (manner.async && whenLimited === 'reject') {
    throw new SluiceError('INVALID_REQUEST', { detail: 'whenLimited "reject" asks for an immediate send, which a batch and "respond-async" forbid', field: 'whenLimited' })
  }
  const request: Request = {
    // The schema lets exactly one of them through.
    to: body.to ?? body.recipient ?? body.group ?? '',
    message: body.message,
    sender: acceptingSender(deps, body.sender),
    caller: manner.caller,
    requestId: manner.requestId,
    lane: body.priority ?? 'normal',
    inline: !manner.async,
    whenLimited
  }
  if (body.recipient !== undefined) request.addressing = 'user'
  if (body.group !== undefined) request.addressing = 'group'
  if (manner.key !== undefined) request.headerKey = manner.key
  if (body.scheduledFor !== undefined) request.scheduledFor = moment(body.scheduledFor)
  if (body.type !== undefined) request.type = body.type
  if (body.metadata !== undefined) request.metadata = body.metadata
  if (body.idempotencyKey !== undefined) request.idempotencyKey = body.idempotencyKey
  if (body.timestamp !== undefined) request.timestamp = body.timestamp
  if (body.deduplicate !== undefined) request.deduplicate = body.deduplicate
  if (body.expiresInMs !== undefined) request.expiresInMs = body.expiresInMs
  if (body.onUnknown !== undefined) request.onUnknown = body.onUnknown
  if (body.category !== undefined) request.category = body.category
  return request
}

function moment (given: string | number): number {
  const ms = typeof given === 'number' ? given : Date.parse(given)
  if (!Number.isSafeInteger(ms) || ms > 253_402_300_799_000) {
    throw new SluiceError('INVALID_REQUEST', { detail: 'it is no moment: give ISO 8601 or ms since the epoch', field: 'scheduledFor' })
  }
  return ms
}
