import { randomUUID } from 'node:crypto'
import type { Problem } from './error.js'
import type { Duplicate, PostMessage } from './types.js'

/** A message as it goes out; `isOwn` where its key was made for this call alone. */
export interface Keyed { body: PostMessage, isOwn: boolean }

/**
 * Every message has a key before its first try, so that a repeat can't send it twice: the caller's own, else one that the gateway derives
 * (with `deduplicate: true` or a `timestamp`), else a new one.
 */
export function withKey (body: PostMessage): Keyed {
  const { deduplicate, ...rest } = body
  if (body.idempotencyKey !== undefined) return { body: rest as PostMessage, isOwn: false }
  if (deduplicate === true || (body.timestamp !== undefined && deduplicate !== false)) return { body, isOwn: false }
  return { body: { ...rest, idempotencyKey: `sluice:${randomUUID()}` } as PostMessage, isOwn: true }
}

const taken = ['sent', 'delivered', 'read']
const waiting = ['scheduled', 'queued', 'sending', 'retrying', 'unknown']

/**
 * A key made for this call is known to the gateway only where an earlier try of the call got there and its answer was lost. So what
 * looks like a duplicate is the message itself, and is told as that; where it was refused meanwhile, as the problem that the lost answer was.
 */
export function asFirst<Told extends object> (told: Told): Told | Problem {
  if (!isDuplicate(told)) return told
  const { id, status, error } = told
  if (status === 'failed') {
    return { type: 'urn:sluice:error:PROVIDER_REJECTED', title: 'WhatsApp rejected this message permanently', status: 422, code: 'PROVIDER_REJECTED', id, ...(error === undefined ? {} : { error }) }
  }
  const immediate = taken.includes(status)
  const queued = waiting.includes(status)
  return { ...told, immediate, queued, duplicate: !immediate && !queued }
}

function isDuplicate (told: object): told is Duplicate {
  return 'duplicate' in told && told.duplicate === true
}
