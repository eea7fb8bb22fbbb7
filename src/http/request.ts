import type { FastifyRequest } from 'fastify'
import type { AdmissionSettings, Request } from '../admission/admit.js'
import { readHeaderKey, readKey } from '../admission/key.js'
import type { Caller } from '../callers.js'
import { laneOf, mayUseAnyLane, notPermitted } from '../callers.js'
import { invalidField, SluiceError } from '../errors.js'
import { findOtherRecipient, readRecipient } from '../recipient.js'
import type { Store } from '../redis/store.js'
import type { SenderRegistry } from '../sender-registry.js'
import { ownerOf, resolveReferences } from '../settlement/references.js'
import { senderForMessage } from './api.js'
import { CALLBACK_DATA, postCheck } from './content.js'
import type { Problem } from './field-errors.js'
import type { PostMessage } from './schemas/post-message.js'
import { invalidRequest, mergeErrors } from './validate.js'
import { isJsonObject } from '../values/json.js'
import { formatTime, parseTime } from '../values/time.js'

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

const KEY = 'idempotency-key'

/** The header `Idempotency-Key`. Throws INVALID_KEY for two of them. */
export function readKeyHeader ({ headers, raw }: FastifyRequest): string | undefined {
  const key = headers[KEY]
  if (typeof key !== 'string') return undefined
  // Node joins two of them by a comma, which one of them may contain as well.
  if (!key.includes(',') || raw.headersDistinct[KEY]?.length === 1) return key
  throw new SluiceError('INVALID_KEY', { detail: 'Idempotency-Key: the request has more than one; send one', field: 'Idempotency-Key' })
}

/** Clocks differ, and requests take time: a time this far in the past still means now, ms. */
const PAST_TOLERANCE_MS = 60_000

export interface RequestDeps { store: Store, senders: SenderRegistry, admission: Pick<AdmissionSettings, 'windowCheck'> }

/**
 * The body of a message as a request to admission. Throws INVALID_REQUEST, INVALID_RECIPIENT, RECIPIENT_IS_USER_ID or INVALID_KEY, with all
 * problems. A sender that is not served and a time in the past are a `rejection`, since a repeat of an accepted message is a duplicate all the same.
 */
export async function readPost (deps: RequestDeps, body: unknown, context: RequestContext): Promise<Request> {
  const request = postCheck.isValid(body) ? toRequest(deps, body, context) : null
  if (request === null) throw invalidRequest(findProblems(deps, body, context))
  if (typeof request.message === 'string') return request
  return await resolveReferences(deps.store, ownerOf(context.caller), request)
}

/** A checked body as a request; null if a value in it cannot be read. */
function toRequest (deps: RequestDeps, body: PostMessage, context: RequestContext): Request | null {
  if (isRejectedAsync(body, context) || findUnchecked(deps, body) !== null) return null
  const [scheduledFor, timestamp] = [body.scheduledFor, body.timestamp].map(readTime)
  const addressing = body.recipient !== undefined ? 'user' : body.group !== undefined ? 'group' : 'phone'
  // The schema requires exactly one of them.
  const address = readOrNull(() => readRecipient(body.to ?? body.recipient ?? body.group ?? '', addressing))
  if (address === null || scheduledFor === null || timestamp === null || !hasValidKey(body, context)) return null
  const { to, recipient, warnings } = address
  const { sender, rejection } = senderForMessage(deps.senders, body.sender)
  // Hot path: a literal with spread copies takes 7 µs, this one 0.1 µs.
  const request: Request = {
    sender,
    to,
    recipient,
    addressing,
    message: body.message,
    caller: context.caller.name,
    requestId: context.requestId,
    lane: body.priority ?? laneOf(context.caller),
    inline: !context.async,
    whenLimited: body.whenLimited ?? 'wait'
  }
  if (warnings !== undefined) request.warnings = warnings
  if (rejection !== undefined) request.rejection = rejection
  if (context.key !== undefined) request.headerKey = context.key
  if (context.row !== undefined) request.row = context.row
  if (body.type !== undefined) request.type = body.type
  if (body.metadata !== undefined) request.metadata = body.metadata
  if (body.idempotencyKey !== undefined) request.idempotencyKey = body.idempotencyKey
  if (timestamp !== undefined) request.timestamp = timestamp
  if (body.deduplicate !== undefined) request.deduplicate = body.deduplicate
  if (body.expiresInMs !== undefined) request.expiresInMs = body.expiresInMs
  if (body.onUnknown !== undefined) request.onUnknown = body.onUnknown
  if (body.category !== undefined) request.category = body.category
  const campaign = body.campaign ?? context.caller.limits?.defaultCampaign
  if (campaign !== undefined) {
    request.campaign = campaign
    if (body.priority === undefined && mayUseAnyLane(context.caller)) request.isLaneDefault = true
  }
  if (body.whenClosed !== undefined) request.whenClosed = body.whenClosed
  if (body.otherwise !== undefined) request.otherwise = body.otherwise
  if (scheduledFor !== undefined) {
    request.scheduledFor = scheduledFor
    if (body.whenPast !== 'send' && isPast(deps, request.sender, scheduledFor)) request.rejection ??= past(scheduledFor)
  }
  const forbidden = request.rejection ?? notPermitted(context.caller, request)
  if (forbidden !== undefined) request.rejection = forbidden
  if (typeof body.message !== 'string') {
    if (findOtherRecipient(body.message, request.to, addressing) !== null) return null
    const data = body.message[CALLBACK_DATA]
    if (typeof data === 'string' && data !== '') request.callbackData = data
  }
  return request
}

/** All problems of a body that cannot be accepted: each value is read whose field has the right form, whatever is wrong with the others. */
function findProblems (deps: RequestDeps, body: unknown, context: RequestContext): Problem[] {
  if (Array.isArray(body)) return [{ field: '', detail: 'must be an object, not a list', hint: 'a list goes to /messages/batch' }]
  const problems = postCheck.findAll(body)
  const ofWhole = problems.filter(({ field }) => field === '')
  // That a recipient is missing as well says nothing of what is wrong.
  if (ofWhole.length > 0) return ofWhole
  const values = isJsonObject(body) ? findValueProblems(deps, body, context) : []
  const key = context.key
  const header = key === undefined ? [] : problemsOf(() => readHeaderKey(key))
  return mergeErrors(problems, values, header)
}

function findValueProblems (deps: RequestDeps, body: Partial<Record<keyof PostMessage, unknown>>, context: RequestContext): Problem[] {
  const { message, scheduledFor, sender: name } = body
  const problems: Problem[] = []
  if (isRejectedAsync(body, context)) {
    problems.push({ field: 'whenLimited', detail: 'needs an immediate send, which a batch and "respond-async" exclude', value: 'reject' })
  }
  const unchecked = findUnchecked(deps, body)
  if (unchecked !== null) problems.push(unchecked)
  const { sender, rejection } = senderForMessage(deps.senders, typeof name === 'string' ? name : undefined)
  if (rejection !== undefined) problems.push({ code: rejection.code, field: 'sender', detail: 'is not configured here' })
  const scheduledMs = typeof scheduledFor === 'string' || typeof scheduledFor === 'number' ? readTime(scheduledFor) : undefined
  if (typeof scheduledMs === 'number' && body.whenPast !== 'send' && rejection === undefined && isPast(deps, sender, scheduledMs)) {
    problems.push(...past(scheduledMs).facts.errors ?? [])
  }
  const addressing = body.recipient !== undefined ? 'user' : body.group !== undefined ? 'group' : 'phone'
  const to = body.recipient ?? body.group ?? body.to
  const other = isJsonObject(message) && typeof to === 'string' ? findOtherRecipient(message, to, addressing) : null
  if (other !== null) problems.push(other)
  return problems
}

/** A field about windows where they are not checked: it would be without effect. */
function findUnchecked ({ admission }: RequestDeps, body: { whenClosed?: unknown, otherwise?: unknown }): Problem | null {
  if (admission.windowCheck === true) return null
  const field = body.otherwise !== undefined ? 'otherwise' : body.whenClosed === 'wait' ? 'whenClosed' : null
  return field === null ? null : { field, detail: 'needs WINDOW_CHECK, which is off on this gateway' }
}

function isRejectedAsync ({ whenLimited }: { whenLimited?: unknown }, { async }: RequestContext): boolean {
  return async && whenLimited === 'reject'
}

/** The key in force; a header's takes precedence. */
function hasValidKey ({ idempotencyKey }: PostMessage, { key }: RequestContext): boolean {
  if (key !== undefined) return readOrNull(() => readHeaderKey(key)) !== null
  return idempotencyKey === undefined || readOrNull(() => readKey(idempotencyKey)) !== null
}

/** A time in ms since the epoch; null for one that is not valid. */
function readTime (value: string | number | undefined): number | null | undefined {
  if (value === undefined) return undefined
  const parsed = parseTime(value, '')
  return 'value' in parsed ? parsed.value : null
}

/** What a reader of values returns; null where it throws. */
function readOrNull<Value> (read: () => Value): Value | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof SluiceError) return null
    throw error
  }
}

function problemsOf (read: () => unknown): Problem[] {
  try {
    read()
    return []
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    return (error.facts.errors ?? []).map(problem => ({ code: error.code, ...problem }))
  }
}

function isPast ({ store }: RequestDeps, sender: string, ms: number): boolean {
  return ms < store.nowMs(sender) - PAST_TOLERANCE_MS
}

function past (ms: number): SluiceError {
  const detail = `${formatTime(ms)} is more than a minute in the past; correct it, or set "whenPast": "send" to send at once`
  return invalidField('SCHEDULED_IN_PAST', { field: 'scheduledFor', detail })
}
