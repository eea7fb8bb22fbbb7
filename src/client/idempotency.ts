import { randomUUID } from 'node:crypto'
import { describeInvalid, type Parsed } from '../values/invalid.js'
import { deriveKey } from '../values/key.js'
import { canonicalDigits, parsePhone } from '../values/phone.js'
import { parseTime } from '../values/time.js'
import type { Problem } from './error.js'
import type { Duplicate, PostMessage } from './types.js'

export interface KeyOptions {
  /** The Cloud API message type; by default that of the message object, `text` for a string. */
  type?: string
  /** Distinguishes messages that are otherwise equal. RFC 3339 with a time zone, or ms since the epoch. */
  timestamp?: string | number
  /** When the message is to be sent, as in `sendMessage`: for another time it is another message. */
  scheduledFor?: string | number
}

/**
 * The key that the gateway derives for a message to a number, `whatsapp:+<digits>:<16 hex>`. Equal recipient, content, type, timestamp and
 * schedule give the same key, however they are written. Throws TypeError for an invalid number or time.
 */
export function generateIdempotencyKey (phone: string, message: string | Record<string, unknown>, options: KeyOptions = {}): string {
  const { type = typeOf(message), timestamp, scheduledFor } = options
  return deriveKey({
    recipient: canonicalDigits(valueOf(parsePhone(phone, 'phone')).digits),
    isPhone: true,
    type,
    message,
    timestamp: timestamp === undefined ? undefined : valueOf(parseTime(timestamp, 'timestamp')),
    scheduledFor: scheduledFor === undefined ? undefined : valueOf(parseTime(scheduledFor, 'scheduledFor'))
  })
}

function valueOf<Value> (parsed: Parsed<Value>): Value {
  if ('value' in parsed) return parsed.value
  throw new TypeError(describeInvalid(parsed.invalid))
}

function typeOf (message: string | Record<string, unknown>): string {
  return typeof message === 'object' && typeof message['type'] === 'string' ? message['type'] : 'text'
}

/** The body of a request. `hasOwnKey`: the client created the key for this call, so no other call uses it. */
export interface KeyedMessage { body: PostMessage, hasOwnKey: boolean }

/**
 * Gives a message its key before the first try, so that a retry cannot send it twice: the caller's key, else one that the gateway
 * derives (with `deduplicate: true` or a `timestamp`), else a new one.
 */
export function withKey (body: PostMessage): KeyedMessage {
  const { deduplicate, ...rest } = body
  if (body.idempotencyKey !== undefined) return { body: rest as PostMessage, hasOwnKey: false }
  if (deduplicate === true || (body.timestamp !== undefined && deduplicate !== false)) return { body, hasOwnKey: false }
  return { body: { ...rest, idempotencyKey: `sluice:${randomUUID()}` } as PostMessage, hasOwnKey: true }
}

const sentStates = ['sent', 'delivered', 'read']
const waitingStates = ['scheduled', 'queued', 'sending', 'retrying', 'unknown']

/**
 * Converts a duplicate into the response that was lost. The gateway knows a key of this call only if an earlier try reached it and
 * the response was lost: the duplicate is the message itself. If that message failed permanently, the result is the problem that
 * the lost response had.
 */
export function asFirstResponse<Result extends object> (result: Result): Result | Problem {
  if (!isDuplicate(result)) return result
  const { id, status, error } = result
  if (status === 'failed') {
    return {
      type: 'urn:sluice:error:PROVIDER_REJECTED',
      title: 'WhatsApp rejected this message permanently',
      status: 422,
      code: 'PROVIDER_REJECTED',
      id,
      ...(error === undefined ? {} : { error })
    }
  }
  const immediate = sentStates.includes(status)
  const queued = waitingStates.includes(status)
  return { ...result, immediate, queued, duplicate: !immediate && !queued }
}

/** With `delayMs` wherever the message waits: the gateway leaves it out for an attempt under way, and for a retry. */
export function withDelay<Result extends object> (result: Result): Result {
  return 'queued' in result && result.queued === true && !('delayMs' in result) ? { ...result, delayMs: null } : result
}

function isDuplicate (result: object): result is Duplicate {
  return 'duplicate' in result && result.duplicate === true
}
