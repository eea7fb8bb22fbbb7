import { elapsedNow } from '../elapsed.js'
import type { Bus, Events } from '../events.js'
import type { Addressing, WaitingFor, Category, Edge, Grant, KeySource, Lane, Payload, UnknownPolicy } from '../message.js'
import { lanes, NEVER } from '../message.js'
import { SluiceError } from '../errors.js'
import type { Replies } from '../redis/commands.js'
import type { Store } from '../redis/store.js'
import { findTerms, indexLifeS } from '../redis/find-terms.js'
import { admittedAt, publicId } from '../redis/keys.js'
import { writePayload } from '../redis/payload.js'
import { canonicalAddress } from '../recipient.js'
import { releaseKey } from '../settlement/release-key.js'
import { chooseKey, digest, fingerprint, generateIdempotencyKey } from './key.js'

/** A validated message request. */
export interface Request {
  sender: string
  caller: string
  to: string
  /** The kind of `to`; a number by default. */
  addressing?: Addressing
  /** As the caller wrote it: idempotency key and fingerprint depend on it. */
  message: string | Record<string, unknown>
  /** What is sent if it differs from `message`: with WhatsApp's ids in place of the gateway's. */
  resolved?: Record<string, unknown>
  /** Why it cannot become a new message. A repeat of an accepted request is a duplicate all the same. */
  refusal?: SluiceError
  type?: string
  metadata?: Record<string, unknown>
  headerKey?: string
  /** Number of a row of a batch: part of the header's key. */
  row?: number
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
  /** If set, the message is a whole body of the Cloud API for this edge. */
  edge?: Edge
  /** The caller's own `biz_opaque_callback_data`. */
  callbackData?: string
  /** Id of the HTTP request, for the log. */
  requestId?: string
}

export interface AdmissionSettings {
  idempotencyTtlMs: number
  derivedTtlMs: number
  lifeMs: number
  queueCap: number
  backlogCap: number
  /** How long a message can be found by recipient and tag, ms; 0 keeps no index. */
  findMs: number
}

interface Facts { id: string, digest: string, recipient: string, keySource: KeySource, idempotencyKey?: string | undefined }
export type Wait = { delayMs: number | null, waitingFor: WaitingFor, position: number }
/** The result of a request. `granted` has to be sent now; `reused` and `refused` have written nothing. */
export type Admission = Facts & (
  | { status: 'granted', grant: Grant }
  | ({ status: 'queued' | 'scheduled' } & Wait)
  | { status: 'duplicate' }
  | { status: 'reused' }
  | { status: 'refused', code: 'BACKLOG_FULL' | 'RECIPIENT_QUEUE_FULL' | 'LIMITED' | 'WOULD_EXPIRE' | 'RECIPIENT_OPTED_OUT', waitMs: number | null }
)

/**
 * Accepts a message once, in one atomic step. A message with a known key is a duplicate. Any other one is granted if a slot is free, else
 * queued. Throws the request's `refusal`, INVALID_RECIPIENT, RECIPIENT_IS_USER_ID or INVALID_KEY, and UNAVAILABLE if Redis is unavailable or
 * nearly full; then repeat it with the same key. Calls of one tick reach Redis in their order: nothing is awaited before.
 */
export async function admit (
  deps: { store: Store; events: Bus; settings: AdmissionSettings; startWithinMs: number },
  request: Request
): Promise<Admission> {
  const { store, settings } = deps
  const { addressing, sender, caller } = request
  const recipient = canonicalAddress(request.to, addressing)
  const type = request.type ?? typeOf(request.message)
  const { key, source } = chooseKey(
    { header: request.headerKey, row: request.row, field: request.idempotencyKey, derive: request.deduplicate !== false },
    () => generateIdempotencyKey(request.to, request.message, type, request.timestamp, addressing))
  const payload = payloadOf(request, type, source, key)
  const keyDigest = digest(sender, caller, key)
  const print = fingerprint(sender, recipient, type, request.message)
  const askedAt = elapsedNow()
  if (request.refusal !== undefined) {
    const first = key === undefined ? null : await findFirst(store, sender, keyDigest, print)
    if (first === null) throw request.refusal
    const admission: Admission = { ...first, digest: keyDigest, recipient, keySource: source, idempotencyKey: key }
    deps.events.emit('message.admitted', eventOf(request, admission, elapsedNow() - askedAt))
    return admission
  }
  store.assertCapacity()
  let holder = ''
  let isCertain = (_redisMs: number): boolean => false
  const call = async (): Promise<Replies['admit']> => await store.granting(sender, (terms, isCertainHere) => {
    holder = terms.holder
    isCertain = isCertainHere
    return store.run('admit', { sender, digest: keyDigest }, {
      digest: keyDigest,
      fingerprint: print,
      recipient,
      lane: lanes.indexOf(request.lane) + 1,
      payload: writePayload(recipient, payload),
      inline: request.inline,
      whenLimited: request.whenLimited,
      lifeMs: request.expiresInMs ?? settings.lifeMs,
      scheduledFor: request.scheduledFor ?? '',
      windowMs: source === 'derived' ? settings.derivedTtlMs : settings.idempotencyTtlMs,
      queueCap: settings.queueCap,
      backlogCap: settings.backlogCap,
      marketing: request.category === 'marketing' || request.edge === 'marketing_messages',
      terms: settings.findMs === 0 ? '' : findTerms(recipient, request.metadata),
      findS: indexLifeS(settings.findMs),
      holder,
      leaseMs: terms.leaseMs
    })
  })
  let reply = await call()
  while (reply.status === 'lapsed') {
    await releaseKey(store, sender, keyDigest, reply.result)
    reply = await call()
  }
  if (reply.status === 'no_rules') {
    deps.events.emit('sender.no-rules', { sender })
    throw new SluiceError('UNAVAILABLE', { detail: 'the rules of this sender are being written', retryAfterMs: 1000 })
  }
  const id = reply.status === 'refused' ? '' : `${keyDigest}.${reply.generation}`
  const facts = { id, digest: keyDigest, recipient, keySource: source, idempotencyKey: key }
  const admission = toAdmission(reply, facts, () => ({
    sender,
    id,
    recipient,
    attempt: 1,
    holder,
    stops: 0,
    pairHits: 0,
    lane: request.lane,
    payload,
    askedAt,
    startBy: isCertain(admittedAt(id)) ? askedAt + deps.startWithinMs : NEVER,
    lateUs: 0
  }))
  if (admission.status === 'scheduled') store.recoverySchedule.markDue(sender)
  deps.events.emit('message.admitted', eventOf(request, admission, elapsedNow() - askedAt))
  return admission
}

/**
 * The message that was accepted with this key, as admit.lua finds it; null for none. For a request that can no longer become a message: what it
 * refers to may have changed since it was accepted.
 */
async function findFirst (
  store: Store, sender: string, digest: string, print: string
): Promise<{ status: 'duplicate' | 'reused', id: string } | null> {
  const found = await store.run('inspect-message', { sender, digest }, { id: '' })
  if (found.status === 'gone') return null
  // As with any duplicate, the replicas may not have its first message yet.
  await store.hold(sender)
  const [, , first] = found.result.split(' ', 3)
  return { status: first === print || first === '0' ? 'duplicate' : 'reused', id: found.id }
}

/** The payload to store. Fields that the caller left out stay out, to save memory. */
function payloadOf (request: Request, type: string, keySource: KeySource, key: string | undefined): Payload {
  const payload: Payload = { to: request.to, type, message: request.resolved ?? request.message, keySource, caller: request.caller }
  if (request.addressing !== undefined && request.addressing !== 'phone') payload.addressing = request.addressing
  if (request.metadata !== undefined) payload.metadata = request.metadata
  if (key !== undefined) payload.idempotencyKey = key
  if (request.onUnknown !== undefined) payload.onUnknown = request.onUnknown
  if (request.category !== undefined) payload.category = request.category
  if (request.edge !== undefined) payload.edge = request.edge
  if (request.callbackData !== undefined) payload.callbackData = request.callbackData
  return payload
}

/** Hot path: object literals, no spread. */
function toAdmission (reply: Exclude<Replies['admit'], { status: 'no_rules' | 'lapsed' }>, facts: Facts, grantOf: () => Grant): Admission {
  const { id, digest, recipient, keySource, idempotencyKey } = facts
  switch (reply.status) {
    case 'granted':
      return { id, digest, recipient, keySource, idempotencyKey, status: 'granted', grant: grantOf() }
    case 'queued':
      return {
        id,
        digest,
        recipient,
        keySource,
        idempotencyKey,
        status: 'queued',
        delayMs: delayMsOf(reply.waitUs),
        waitingFor: reply.waitingFor,
        position: reply.position
      }
    case 'scheduled':
      return {
        id,
        digest,
        recipient,
        keySource,
        idempotencyKey,
        status: 'scheduled',
        delayMs: delayMsOf(reply.waitUs),
        waitingFor: 'schedule',
        position: 1
      }
    case 'duplicate':
    case 'reused':
      return { id, digest, recipient, keySource, idempotencyKey, status: reply.status }
    case 'refused':
      return {
        id,
        digest,
        recipient,
        keySource,
        idempotencyKey,
        status: 'refused',
        code: reply.code,
        waitMs: reply.waitUs < 0 ? null : Math.ceil(reply.waitUs / 1000)
      }
  }
}

function eventOf (request: Request, admission: Admission, durationMs: number): Events['message.admitted'][0] {
  const { status, id, keySource } = admission
  const event: Events['message.admitted'][0] = {
    sender: request.sender,
    id: id === '' ? '' : publicId(request.sender, id),
    lane: request.lane,
    outcome: status === 'scheduled' ? 'queued' : status,
    caller: request.caller,
    keySource,
    durationMs
  }
  if (request.requestId !== undefined) event.requestId = request.requestId
  if (status === 'refused') event.code = admission.code
  if (status === 'queued' || status === 'scheduled') {
    event.waitingFor = admission.waitingFor
    event.delayMs = admission.delayMs
  }
  return event
}

/** A wait in ms; null if no end is known. Rounded down, since the reply promises the least wait. */
function delayMsOf (waitUs: number): number | null {
  return waitUs < 0 ? null : Math.floor(waitUs / 1000)
}

/** The type of a Cloud API message object; a string is a text. */
function typeOf (message: Request['message']): string {
  const named = typeof message === 'string' ? undefined : message['type']
  return typeof named === 'string' ? named : 'text'
}
