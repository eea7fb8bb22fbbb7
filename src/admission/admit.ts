import { elapsedNow } from '../deadlines.js'
import type { Bus, Events } from '../events.js'
import type { Addressing, WaitingFor, Category, Edge, Grant, KeySource, Lane, Payload, UnknownPolicy } from '../message.js'
import { lanes, NEVER, replacedBy } from '../message.js'
import { SluiceError } from '../errors.js'
import type { RejectionCode, Replies } from '../redis/commands.js'
import type { Store } from '../redis/store.js'
import { findTerms, indexLifeS } from '../redis/lookup-index.js'
import { admittedAt, publicId } from '../redis/keys.js'
import { writePayload } from '../redis/payload.js'
import type { Warning } from '../recipient.js'
import { releaseKey } from '../settlement/receipt.js'
import { chooseKey, digest, fingerprint } from './key.js'
import { markOf } from './mark.js'

/** A validated message request. */
export interface Request {
  sender: string
  caller: string
  /** The recipient as the provider gets it. */
  to: string
  /** The recipient in keys. */
  recipient: string
  /** What is unusual about it, for the response. */
  warnings?: Warning[]
  /** The kind of `to`; a number by default. */
  addressing?: Addressing
  /** As the caller wrote it: idempotency key and fingerprint depend on it. */
  message: string | Record<string, unknown>
  /** What is sent if it differs from `message`: with WhatsApp's ids in place of the gateway's. */
  resolved?: Record<string, unknown>
  /** Why it cannot become a new message. A repeat of an accepted request is a duplicate all the same. */
  rejection?: SluiceError
  type?: string
  metadata?: Record<string, unknown>
  headerKey?: string
  /** Number of a row of a batch: part of the header's key. */
  row?: number
  idempotencyKey?: string
  /** Makes a derived key differ. Epoch, ms. */
  timestamp?: number
  deduplicate?: boolean
  lane: Lane
  /** The lane of its campaign takes precedence, if that has one. */
  isLaneDefault?: boolean
  /** The caller waits, so a free slot may be used at once. */
  inline: boolean
  whenLimited: 'wait' | 'reject'
  expiresInMs?: number
  /** Epoch, ms. */
  scheduledFor?: number
  onUnknown?: UnknownPolicy
  /** What to do where the recipient's window is closed; `reject` by default. */
  whenClosed?: 'reject' | 'wait'
  /** Template object that is sent instead where the recipient's window is closed. */
  otherwise?: Record<string, unknown>
  category?: Category
  campaign?: string
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
  /** The WhatsApp Business account of a sender, where the statuses of its templates are read. */
  accountOf?: (sender: string) => string | null
  /** Whether WINDOW_CHECK is on. */
  windowCheck?: boolean
  /** Whether recipients of a sender are counted for the daily limit. */
  countsFor?: (sender: string) => boolean
  /** As in CallerRegistry: the name of a caller, its weight, and its limit of the backlog. */
  shareOf?: (caller: string) => string
  /** As backlogOf in CallerRegistry. */
  callerBacklogOf?: (caller: string) => number | null
}

export interface AdmissionDeps {
  store: Store
  events: Bus
  admission: AdmissionSettings
  /** As in DeliveryDeps. */
  startWithinMs: number
}

interface Facts { id: string, digest: string, recipient: string, keySource: KeySource, idempotencyKey?: string | undefined }
export type Wait = { delayMs: number | null, waitingFor: WaitingFor, position: number }
/** The caller whose messages fill its own limit of the backlog. */
interface CallerLimit { caller: string, backlog: number }
/** The result of a request. `granted` has to be sent now; `reused` and `rejected` have written nothing. */
export type Admission = Facts & (
  | { status: 'granted', grant: Grant }
  | ({ status: 'queued' | 'scheduled' } & Wait)
  | { status: 'duplicate' }
  | { status: 'reused' }
  | { status: 'rejected', code: RejectionCode, waitMs: number | null, limit?: CallerLimit }
)

/**
 * Accepts a message once, in one atomic step. A message with a known key is a duplicate. Any other one is granted if a slot is free, else
 * queued. Throws the request's `rejection` or INVALID_KEY, and UNAVAILABLE if Redis is unavailable or
 * nearly full; then repeat it with the same key. Calls of one tick reach Redis in their order: nothing is awaited before.
 */
export async function admit (
  deps: AdmissionDeps,
  request: Request
): Promise<Admission> {
  const { store, admission: settings } = deps
  const { sender, caller, recipient } = request
  const type = request.type ?? typeOf(request.message)
  const { key, source } = chooseKey(request, recipient, type)
  const payload = payloadOf(request, type, source, key)
  const keyDigest = digest(sender, caller, key)
  const print = fingerprint(sender, recipient, type, request.otherwise === undefined ? request.message : [request.message, request.otherwise])
  const askedAt = elapsedNow()
  if (request.rejection !== undefined) {
    const first = key === undefined ? null : await findFirst(store, sender, keyDigest, print)
    if (first === null) throw request.rejection
    const admission: Admission = { ...first, digest: keyDigest, recipient, keySource: source, idempotencyKey: key }
    deps.events.emit('message.admitted', eventOf(request, request.lane, admission, elapsedNow() - askedAt))
    return admission
  }
  store.assertCapacity()
  let holder = ''
  let isCertain = (_redisMs: number): boolean => false
  const call = (): Promise<Replies['admit']> => store.granting(sender, (terms, isCertainHere) => {
    holder = terms.holder
    isCertain = isCertainHere
    return store.run('admit', { sender, digest: keyDigest }, {
      digest: keyDigest,
      fingerprint: print,
      recipient,
      lane: lanes.indexOf(request.lane) + 1,
      laneDefault: request.isLaneDefault === true,
      payload: writePayload(recipient, payload),
      inline: request.inline,
      whenLimited: request.whenLimited,
      lifeMs: request.expiresInMs ?? settings.lifeMs,
      scheduledFor: request.scheduledFor ?? '',
      windowMs: source === 'derived' ? settings.derivedTtlMs : settings.idempotencyTtlMs,
      queueCap: settings.queueCap,
      backlogCap: settings.backlogCap,
      marketing: request.category === 'marketing' || request.edge === 'marketing_messages',
      template: markOf(settings, request, type),
      caller: settings.shareOf?.(caller) ?? '',
      terms: settings.findMs === 0 ? '' : findTerms(recipient, request.metadata, request.campaign),
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
  const id = reply.status === 'rejected' ? '' : `${keyDigest}.${reply.generation}`
  const facts = { id, digest: keyDigest, recipient, keySource: source, idempotencyKey: key }
  const isReplaced = reply.status === 'granted' && reply.replaced === true
  const lane = 'lane' in reply ? lanes[reply.lane - 1] ?? request.lane : request.lane
  const admission = toAdmission(reply, facts, () => ({
    sender,
    id,
    recipient,
    attempt: 1,
    holder,
    stops: 0,
    pairHits: 0,
    spared: 0,
    lane,
    payload: isReplaced ? replacedBy(payload) : payload,
    askedAt,
    startBy: isCertain(admittedAt(id)) ? askedAt + deps.startWithinMs : NEVER,
    lateUs: 0,
    ...(isReplaced ? { isReplaced } : {})
  }))
  if (admission.status === 'rejected' && admission.code === 'CALLER_BACKLOG_FULL') {
    admission.limit = { caller, backlog: settings.callerBacklogOf?.(caller) ?? 0 }
  }
  if (admission.status === 'scheduled') store.recoverySchedule.markDue(sender)
  deps.events.emit('message.admitted', eventOf(request, lane, admission, elapsedNow() - askedAt))
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
  await store.confirmReplicas(sender)
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
  if (request.campaign !== undefined) payload.campaign = request.campaign
  if (request.edge !== undefined) payload.edge = request.edge
  if (request.otherwise !== undefined) payload.otherwise = request.otherwise
  if (request.callbackData !== undefined) payload.callbackData = request.callbackData
  return payload
}

/** What `toAdmission` fills in. */
type Draft = Facts & Partial<Wait> & {
  status?: Admission['status']
  grant?: Grant
  code?: Extract<Admission, { status: 'rejected' }>['code']
  waitMs?: number | null
}

/** Hot path: adds fields to `facts`, in 70 ns. A copy of them by spread takes 2.4 µs, and `Object.assign` twice as long. */
function toAdmission (reply: Exclude<Replies['admit'], { status: 'no_rules' | 'lapsed' }>, facts: Facts, grantOf: () => Grant): Admission {
  const admission: Draft = facts
  admission.status = reply.status
  if (reply.status === 'granted') {
    admission.grant = grantOf()
  } else if (reply.status === 'queued' || reply.status === 'scheduled') {
    admission.delayMs = delayMsOf(reply.waitUs)
    admission.waitingFor = reply.status === 'scheduled' ? 'schedule' : reply.waitingFor
    admission.position = reply.status === 'scheduled' ? 1 : reply.position
  } else if (reply.status === 'rejected') {
    admission.code = reply.code
    admission.waitMs = reply.waitUs < 0 ? null : Math.ceil(reply.waitUs / 1000)
  }
  return admission as Admission
}

/** `lane`: that of the message; of one that was not accepted that of the request. */
function eventOf (request: Request, lane: Lane, admission: Admission, durationMs: number): Events['message.admitted'][0] {
  const { status, id, keySource } = admission
  const event: Events['message.admitted'][0] = {
    sender: request.sender,
    id: id === '' ? '' : publicId(request.sender, id),
    lane,
    outcome: status === 'scheduled' ? 'queued' : status,
    caller: request.caller,
    keySource,
    durationMs
  }
  if (request.requestId !== undefined) event.requestId = request.requestId
  if (status === 'rejected') event.code = admission.code
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
