import type { Bus } from '../events.js'
import type { Addressing, BoundBy, Category, Edge, Grant, KeySource, Lane, Payload, UnknownPolicy } from '../message.js'
import { lanes } from '../message.js'
import { SluiceError } from '../errors.js'
import type { Store } from '../redis/store.js'
import { findTerms, indexLifeS } from '../redis/find-terms.js'
import { publicId } from '../redis/keys.js'
import { canonicalAddress } from '../recipient.js'
import { chooseKey, digest, fingerprint, generateIdempotencyKey } from './key.js'

/** What a caller asks for, its shape already checked. */
export interface Request {
  sender: string
  caller: string
  to: string
  /** What `to` is; a number if left out. */
  addressing?: Addressing
  message: string | Record<string, unknown>
  type?: string
  metadata?: Record<string, unknown>
  headerKey?: string
  idempotencyKey?: string
  timestamp?: string | number
  deduplicate?: boolean
  lane: Lane
  /** The caller waits, so a free slot may be used at once. */
  inline: boolean
  whenLimited: 'wait' | 'reject'
  expiresInMs?: number
  /** Epoch, ms. */
  scheduledFor?: number
  onUnknown?: UnknownPolicy
  category?: Category
  /** The message is a whole body of the Cloud API, for this edge. */
  edge?: Edge
  /** The caller's own `biz_opaque_callback_data`. */
  callbackData?: string
  /** The HTTP request that brought it, for the log. */
  requestId?: string
}

export interface AdmissionSettings {
  idempotencyTtlMs: number
  derivedTtlMs: number
  lifeMs: number
  startWithinMs: number
  lineCap: number
  backlogCap: number
  /** How long a message can be found by recipient and tag, ms; 0 for not at all. */
  findMs: number
}

interface Facts { id: string, digest: string, recipient: string, keySource: KeySource, idempotencyKey?: string }
export type Wait = { delayMs: number | null, boundBy: BoundBy, position: number }
/** What became of a request. `granted` has to be sent now; `reused` and `refused` reserved nothing. */
export type Admission = Facts & (
  | { status: 'granted', grant: Grant }
  | ({ status: 'queued', attention: '' | 'call' | 'wake' | 'later' } & Wait)
  | ({ status: 'scheduled' } & Wait)
  | { status: 'duplicate' }
  | { status: 'reused' }
  | { status: 'refused', code: 'BACKLOG_FULL' | 'RECIPIENT_LINE_FULL' | 'LIMITED' | 'EXPIRES_FIRST' | 'RECIPIENT_OPTED_OUT', waitMs: number | null }
)

/**
 * Accepts a message once, in one atomic step: a duplicate is told so, a free slot is granted, else it joins its line.
 * Throws on a bad recipient or key, UNAVAILABLE where Redis is away or nearly full (repeat with the same key).
 */
export async function admit (room: { store: Store, events: Bus, settings: AdmissionSettings }, request: Request): Promise<Admission> {
  const { store, settings } = room
  const { addressing } = request
  const recipient = canonicalAddress(request.to, addressing)
  const type = request.type ?? typeOf(request.message)
  const { key, source } = chooseKey(
    { ...definedKeys(request), derive: request.deduplicate !== false },
    () => generateIdempotencyKey(request.to, request.message, type, request.timestamp, addressing))
  const payload: Payload = {
    to: request.to,
    type,
    message: request.message,
    keySource: source,
    caller: request.caller
  }
  if (addressing !== undefined && addressing !== 'phone') payload.addressing = addressing
  if (request.metadata !== undefined) payload.metadata = request.metadata
  if (key !== undefined) payload.idempotencyKey = key
  if (request.onUnknown !== undefined) payload.onUnknown = request.onUnknown
  if (request.category !== undefined) payload.category = request.category
  if (request.edge !== undefined) payload.edge = request.edge
  if (request.callbackData !== undefined) payload.callbackData = request.callbackData
  const name = digest(request.sender, request.caller, key)
  store.assertRoom()
  const askedAt = performance.now()
  const { reply, terms } = await store.granting(request.sender, async terms => ({
    terms,
    reply: await store.run('admit', { sender: request.sender, digest: name }, {
      digest: name,
      fingerprint: fingerprint(request.sender, recipient, type, request.message),
      recipient,
      lane: lanes.indexOf(request.lane) + 1,
      payload: JSON.stringify(payload),
      inline: request.inline,
      whenLimited: request.whenLimited,
      lifeMs: request.expiresInMs ?? settings.lifeMs,
      scheduledFor: request.scheduledFor ?? '',
      windowMs: source === 'derived' ? settings.derivedTtlMs : settings.idempotencyTtlMs,
      lineCap: settings.lineCap,
      backlogCap: settings.backlogCap,
      marketing: request.category === 'marketing' || request.edge === 'marketing_messages',
      terms: settings.findMs === 0 ? '' : findTerms(recipient, request.metadata),
      findS: indexLifeS(settings.findMs),
      holder: terms.holder,
      leaseMs: terms.leaseMs
    })
  }))
  const durationMs = performance.now() - askedAt
  const event = { sender: request.sender, lane: request.lane, caller: request.caller, keySource: source, ...(request.requestId === undefined ? {} : { requestId: request.requestId }), durationMs }
  if (reply[0] === 'unruled') {
    room.events.emit('sender.unruled', { sender: request.sender })
    throw new SluiceError('UNAVAILABLE', { detail: 'the rules of this sender are being written', retryAfterMs: 1000 })
  }
  if (reply[0] === 'refused') {
    const waitMs = reply[2] < 0 ? null : Math.ceil(reply[2] / 1000)
    room.events.emit('message.admitted', { ...event, id: '', outcome: 'refused', code: reply[1] })
    return { ...facts(''), status: 'refused', code: reply[1], waitMs }
  }
  const id = `${name}.${reply[1]}`
  const admission = outcome(reply)
  if (admission.status === 'scheduled') store.agenda.remind(request.sender)
  room.events.emit('message.admitted', {
    ...event,
    id: publicId(request.sender, id),
    outcome: admission.status === 'scheduled' ? 'queued' : admission.status,
    ...('boundBy' in admission ? { boundBy: admission.boundBy, delayMs: admission.delayMs } : {})
  })
  return admission

  function facts (id: string): Facts {
    return { id, digest: name, recipient, keySource: source, ...(key === undefined ? {} : { idempotencyKey: key }) }
  }

  function outcome (told: Exclude<typeof reply, ['unruled'] | [status: 'refused', ...unknown[]]>): Exclude<Admission, { status: 'refused' }> {
    switch (told[0]) {
      case 'granted': return {
        ...facts(id),
        status: 'granted',
        grant: {
          sender: request.sender, id, recipient, attempt: 1, holder: terms.holder, stops: 0, pairHits: 0, lane: request.lane, payload, askedAt, startBy: askedAt + settings.startWithinMs, lateUs: 0
        }
      }
      case 'queued': return { ...facts(id), status: 'queued', ...waitOf(told[2], told[3], told[4]), attention: told[5] }
      case 'scheduled': return { ...facts(id), status: 'scheduled', ...waitOf(told[2], 'schedule', 1) }
      case 'duplicate':
      case 'reused': return { ...facts(id), status: told[0] }
    }
  }
}

/** The promise is a floor, so it is rounded down. */
export function waitOf (waitUs: number, boundBy: BoundBy, position: number): Wait {
  return { delayMs: waitUs < 0 ? null : Math.floor(waitUs / 1000), boundBy, position }
}

function definedKeys (request: Request): { header?: string, field?: string } {
  return {
    ...(request.headerKey === undefined ? {} : { header: request.headerKey }),
    ...(request.idempotencyKey === undefined ? {} : { field: request.idempotencyKey })
  }
}

/** A Cloud API message object names its type; a text is one. */
function typeOf (message: Request['message']): string {
  const named = typeof message === 'string' ? undefined : message['type']
  return typeof named === 'string' ? named : 'text'
}
