import type { Request } from '../admission/admit.js'
import { SluiceError } from '../errors.js'
import { refuseOtherRecipient } from '../recipient.js'
import { ownerOf, resolveReferences } from '../settlement/references.js'
import type { ApiDeps } from './api.js'
import { senderForMessage } from './api.js'
import type { Caller } from './authenticate.js'
import type { PostMessage } from './schemas/post-message.js'

/** What a request says about its message outside the body. */
export interface RequestContext {
  caller: Caller
  requestId: string
  /** The header `Idempotency-Key`. */
  key?: string
  /** In a batch: number of the row, which becomes a part of the header's key. */
  row?: number
  /** Never send within the request. */
  async: boolean
}

/** Whether the header `Prefer` contains `respond-async`. */
export function prefersAsync (prefer: string | string[] | undefined): boolean {
  return /(^|[\s,;])respond-async($|[\s,;])/i.test(String(prefer ?? ''))
}

/** A validated body as a request to admission. Throws on errors that no schema can express. */
export async function toRequest (deps: ApiDeps, body: PostMessage, context: RequestContext): Promise<Request> {
  const whenLimited = body.whenLimited ?? 'wait'
  if (context.async && whenLimited === 'reject') {
    const detail = 'whenLimited "reject" needs an immediate send, which a batch and "respond-async" exclude'
    throw new SluiceError('INVALID_REQUEST', { detail, field: 'whenLimited' })
  }
  const request: Request = {
    // The schema requires exactly one of them.
    to: body.to ?? body.recipient ?? body.group ?? '',
    message: body.message,
    ...senderForMessage(deps, body.sender),
    caller: context.caller.name,
    requestId: context.requestId,
    lane: body.priority ?? 'normal',
    inline: !context.async,
    whenLimited
  }
  if (body.recipient !== undefined) request.addressing = 'user'
  if (body.group !== undefined) request.addressing = 'group'
  if (context.key !== undefined) request.headerKey = context.key
  if (context.row !== undefined) request.row = context.row
  if (body.scheduledFor !== undefined) request.scheduledFor = parseTimestamp(body.scheduledFor)
  if (body.type !== undefined) request.type = body.type
  if (body.metadata !== undefined) request.metadata = body.metadata
  if (body.idempotencyKey !== undefined) request.idempotencyKey = body.idempotencyKey
  if (body.timestamp !== undefined) request.timestamp = body.timestamp
  if (body.deduplicate !== undefined) request.deduplicate = body.deduplicate
  if (body.expiresInMs !== undefined) request.expiresInMs = body.expiresInMs
  if (body.onUnknown !== undefined) request.onUnknown = body.onUnknown
  if (body.category !== undefined) request.category = body.category
  if (typeof body.message === 'string') return request
  refuseOtherRecipient(body.message, request.to, request.addressing)
  return await resolveReferences(deps.store, ownerOf(context.caller), request)
}

function parseTimestamp (value: string | number): number {
  const ms = typeof value === 'number' ? value : Date.parse(value)
  if (!Number.isSafeInteger(ms) || ms > 253_402_300_799_000) {
    throw new SluiceError('INVALID_REQUEST', { detail: 'not a timestamp: use ISO 8601 or epoch milliseconds', field: 'scheduledFor' })
  }
  return ms
}
