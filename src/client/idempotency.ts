import { createHash, randomUUID } from 'node:crypto'
import type { Problem } from './error.js'
import type { Duplicate, PostMessage } from './types.js'

export interface KeyOptions {
  /** The Cloud API message type; by default that of the message object, `text` for a string. */
  type?: string
  /** Distinguishes messages that are otherwise equal. */
  timestamp?: string | number
}

/**
 * The key that the gateway derives for a message to a number, `whatsapp:+<digits>:<16 hex>`. Equal digits, content, type and
 * timestamp give the same key.
 */
export function generateIdempotencyKey (phone: string, message: string | Record<string, unknown>, options: KeyOptions = {}): string {
  const { type = typeOf(message), timestamp } = options
  const digits = phone.replace(/\D/g, '')
  const parts = [digits, message, type, ...(timestamp === undefined ? [] : [timestamp])]
  return `whatsapp:+${digits}:${createHash('sha256').update(sortedJson(parts)).digest('hex').slice(0, 16)}`
}

function typeOf (message: string | Record<string, unknown>): string {
  return typeof message === 'object' && typeof message['type'] === 'string' ? message['type'] : 'text'
}

/** JSON with the keys of every object in order. */
function sortedJson (value: unknown): string {
  const isObject = (part: unknown): part is object => typeof part === 'object' && part !== null && !Array.isArray(part)
  return JSON.stringify(value, (_, part: unknown) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part)
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

function isDuplicate (result: object): result is Duplicate {
  return 'duplicate' in result && result.duplicate === true
}
